//! Mean squared error as `torch.nn.MSELoss`: the loss of every row and the gradient of the mean.

use super::{Mat, gather::CURSOR, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// See the module. `x` and `dx` are `[rows, cols]`; `goal` holds the goals of an epoch in its order,
/// of which the batch's begin at the cursor; `row` is `[rows, 2]`: the row's mean squared error, and
/// 0 (nothing is counted as right in a regression).
pub struct Mse;

impl Kernel for Mse {
    type Dims = Mat;
    sources!("mse" + "hyper", ["hyper", "goal", "x"] -> ["row", "dx"]);
    const CASES: &'static [Mat] = super::MATS;

    fn launch(d: &Mat) -> Launch {
        Launch::Threads(d.rows.into())
    }

    fn lens(d: &Mat) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        vec![
            super::HYPER_WORDS.into(),
            rows * cols,
            rows * cols,
            rows * 2,
            rows * cols,
        ]
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

    fn sample(d: &Mat, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(CURSOR),
            "goal" => rng.floats((d.rows + CURSOR) as usize * d.cols as usize),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Mat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let goal = &reads[1][hyper(reads[0]).cursor as usize * cols..];
        let elements = (d.rows * d.cols) as f64;
        for r in 0..d.rows as usize {
            let mut sum = 0f64;
            for i in r * cols..(r + 1) * cols {
                let error = reads[2][i] as f64 - goal[i] as f64;
                sum += error * error;
                writes[1][i] = (2.0 * error / elements) as f32;
            }
            writes[0][2 * r] = (sum / cols as f64) as f32;
            writes[0][2 * r + 1] = 0.0;
        }
    }
}
