//! `torch.nn.Softmax` and `torch.nn.LogSoftmax` over the last dimension.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// `x` and `y` are `[rows, cols]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Numbers that softmax goes over.
    pub cols: u32,
    /// 1 for the logarithm.
    pub log: u32,
}

impl Dims {
    pub(super) const CASES: &'static [Dims] = &[
        case(1, 1, 0),
        case(71, 10, 0),
        case(5, 131, 1),
        case(3, 64, 1),
        case(2, 1009, 0),
    ];

    pub(super) fn describe(&self) -> String {
        let log = if self.log != 0 { ", logarithm" } else { "" };
        format!("[{}, {}]{log}", self.rows, self.cols)
    }

    pub(super) fn iterations(&self) -> u64 {
        3 * u64::from(self.cols).div_ceil(LANES) + 12
    }

    pub(super) fn words(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.cols)
    }
}

const fn case(rows: u32, cols: u32, log: u32) -> Dims {
    Dims { rows, cols, log }
}

/// Invocations that share a row: `LANES` in the WGSL.
const LANES: u64 = 64;

/// See the module.
pub struct Softmax;

impl Kernel for Softmax {
    type Dims = Dims;
    sources!("softmax", ["x"] -> ["y"]);
    const CASES: &'static [Dims] = Dims::CASES;

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.rows.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.words(); 2]
    }

    fn iterations(d: &Dims) -> u64 {
        d.iterations()
    }

    fn describe(d: &Dims) -> String {
        d.describe()
    }

    fn flops(d: &Dims) -> u64 {
        5 * d.words()
    }

    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        rng.floats(len).iter().map(|x| 5.0 * x).collect()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let rows = reads[0].chunks(cols).zip(writes[0].chunks_mut(cols));
        for (x, y) in rows.take(d.rows as usize) {
            let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max) as f64;
            let total: f64 = x.iter().map(|&v| (f64::from(v) - top).exp()).sum();
            for (y, &x) in y.iter_mut().zip(x) {
                let log = f64::from(x) - top - total.ln();
                *y = if d.log != 0 { log } else { log.exp() } as f32;
            }
        }
    }
}
