//! The gradient of a convolution for its weight: `dw[o,c,i,j] = Σ_{n,p} dy[n,o,p] · x[n,c,p+(i,j)]`.

use super::{
    conv2d::{Dims, cases},
    fast,
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
};

/// Invocations that share one sum: `LANES` in the WGSL.
const LANES: u64 = 64;

/// See the module.
pub struct Conv2dDw;

impl Kernel for Conv2dDw {
    type Dims = Dims;
    sources!("conv2d_dw" + "conv", ["dy", "x"] -> ["dw"]);
    const CASES: &'static [Dims] = &cases(0, 0);

    fn launch(d: &Dims) -> Launch {
        Launch::Tiles {
            rows: d.group_o().into(),
            cols: (d.group_c() * d.kh * d.kw).into(),
            batch: d.groups.into(),
        }
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, weight, y] = d.words();
        vec![y, x, weight]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.n as u64 * d.oh as u64 * d.ow as u64).div_ceil(LANES) + 6
    }

    fn describe(d: &Dims) -> String {
        let [x, weight, y] = d.shapes();
        format!("{y} ⋆ {x} -> {weight}")
    }

    fn flops(d: &Dims) -> u64 {
        d.flops()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[1] as usize];
        d.for_each_term(|x, w, y| sums[w] += reads[0][y] as f64 * reads[1][x] as f64);
        for (w, sum) in writes[0].iter_mut().zip(sums) {
            *w = sum as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::conv2d_dw);
}
