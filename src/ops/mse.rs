//! Mean squared error as `torch.nn.MSELoss`: the loss of every row and the gradient of the mean.

use super::Mat;
use crate::{
    kernel::{Kernel, Launch},
    sources,
};

/// See the module. `x`, `goal` and `dx` are `[rows, cols]`; `row` is `[rows, 2]`: the row's
/// mean squared error, and 0 (nothing is counted as right in a regression).
pub struct Mse;

impl Kernel for Mse {
    type Dims = Mat;
    sources!("mse", ["x", "goal"] -> ["row", "dx"]);
    const CASES: &'static [Mat] = super::MATS;

    fn launch(d: &Mat) -> Launch {
        Launch::Threads(d.rows.into())
    }

    fn lens(d: &Mat) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        vec![rows * cols, rows * cols, rows * 2, rows * cols]
    }

    fn iterations(d: &Mat) -> u64 {
        d.cols.into()
    }

    fn describe(d: &Mat) -> String {
        format!("[{}, {}]", d.rows, d.cols)
    }

    fn flops(d: &Mat) -> u64 {
        4 * d.rows as u64 * d.cols as u64
    }

    fn cpu(d: &Mat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let elements = (d.rows * d.cols) as f64;
        for r in 0..d.rows as usize {
            let mut sum = 0f64;
            for i in r * cols..(r + 1) * cols {
                let error = reads[0][i] as f64 - reads[1][i] as f64;
                sum += error * error;
                writes[1][i] = (2.0 * error / elements) as f32;
            }
            writes[0][2 * r] = (sum / cols as f64) as f32;
            writes[0][2 * r + 1] = 0.0;
        }
    }
}
