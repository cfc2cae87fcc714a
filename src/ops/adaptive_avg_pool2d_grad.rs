//! The gradient of adaptive average-pooling: each input gathers its share from the windows that hold it.
//! `y` is the pooling's input where that is a ReLU's output, for its mask.

use super::{
    adaptive_avg_pool2d::{Dims, cases},
    masked,
};
use crate::{
    kernel::{Kernel, Launch},
    sources,
};

/// See the module.
pub struct AdaptiveAvgPool2dGrad;

impl Kernel for AdaptiveAvgPool2dGrad {
    type Dims = Dims;
    sources!("adaptive_avg_pool2d_grad" + "adaptive" + "epilogue", ["dy", "y"] -> ["dx"]);
    const CASES: &'static [Dims] = &cases(1);

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[0])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, y] = d.words();
        vec![y, if d.mask != 0 { x } else { 1 }, x]
    }

    fn iterations(d: &Dims) -> u64 {
        d.terms(true)
    }

    fn describe(d: &Dims) -> String {
        d.describe(true)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[0] * d.terms(true)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[0] as usize];
        d.for_each_output(|at, inputs, count| {
            let share = f64::from(reads[0][at]) / count;
            inputs.iter().for_each(|&i| sums[i] += share);
        });
        for (i, &sum) in sums.iter().enumerate() {
            let dx = sum as f32;
            writes[0][i] = match d.mask {
                0 => dx,
                _ => masked(reads[1][i], dx),
            };
        }
    }
}
