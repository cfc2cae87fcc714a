//! `y[b, j, i] = x[b, i, j]`: `torch.transpose(x, 1, 2)`, as it lies in memory.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
};

/// `x` is `[batch, rows, cols]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Matrices.
    pub batch: u32,
    /// Rows of `x`.
    pub rows: u32,
    /// Columns of `x`.
    pub cols: u32,
}

/// See the module.
pub struct Transpose;

impl Kernel for Transpose {
    type Dims = Dims;
    sources!("transpose", ["x"] -> ["y"]);
    const CASES: &'static [Dims] = &[case(1, 1, 1), case(3, 7, 23), case(2, 64, 49)];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(Self::lens(d)[0])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [batch, rows, cols] = [d.batch, d.rows, d.cols].map(u64::from);
        vec![batch * rows * cols; 2]
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}, {}]", d.batch, d.rows, d.cols)
    }

    fn flops(_: &Dims) -> u64 {
        0
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let [rows, cols] = [d.rows, d.cols].map(|n| n as usize);
        let matrices = reads[0]
            .chunks(rows * cols)
            .zip(writes[0].chunks_mut(rows * cols));
        for (x, y) in matrices.take(d.batch as usize) {
            for (i, row) in x.chunks(cols).enumerate() {
                for (j, &v) in row.iter().enumerate() {
                    y[j * rows + i] = v;
                }
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::transpose);
}

const fn case(batch: u32, rows: u32, cols: u32) -> Dims {
    Dims { batch, rows, cols }
}
