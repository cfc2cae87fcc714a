//! The gradient of [`softmax`](super::softmax) out of its output.

use super::softmax::Dims;
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// See the module.
pub struct SoftmaxGrad;

impl Kernel for SoftmaxGrad {
    type Dims = Dims;
    sources!("softmax_grad", ["y", "dy"] -> ["dx"]);
    const CASES: &'static [Dims] = Dims::CASES;

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.rows.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.words(); 3]
    }

    fn iterations(d: &Dims) -> u64 {
        d.iterations()
    }

    fn describe(d: &Dims) -> String {
        d.describe()
    }

    fn flops(d: &Dims) -> u64 {
        4 * d.words()
    }

    /// Outputs are probabilities, or their logarithms.
    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let numbers = rng.floats(len).into_iter();
        match (name, d.log) {
            ("y", 0) => numbers.map(|x| x.abs() / d.cols as f32).collect(),
            ("y", _) => numbers.map(|x| -3.0 * x.abs()).collect(),
            _ => numbers.collect(),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        for r in 0..d.rows as usize {
            let row = r * cols..(r + 1) * cols;
            let weight = |y: f32| if d.log != 0 { 1.0 } else { f64::from(y) };
            let terms = row
                .clone()
                .map(|i| f64::from(reads[1][i]) * weight(reads[0][i]));
            let sum: f64 = terms.sum();
            for i in row {
                let (y, dy) = (f64::from(reads[0][i]), f64::from(reads[1][i]));
                let dx = if d.log != 0 {
                    dy - y.exp() * sum
                } else {
                    y * (dy - sum)
                };
                writes[0][i] = dx as f32;
            }
        }
    }
}
