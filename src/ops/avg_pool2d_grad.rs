//! The gradient of average-pooling: each input gathers its share from the windows that hold it.
//! `y` is the pooling's input where that is a ReLU's output, for its mask.

use super::{
    masked,
    max_pool2d::{Dims, WINDOW, cases},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct AvgPool2dGrad;

impl Kernel for AvgPool2dGrad {
    type Dims = Dims;
    sources!("avg_pool2d_grad" + "pool" + "divisor" + "epilogue", ["dy", "y"] -> ["dx"]);
    const CASES: &'static [Dims] = &cases(1, 1);

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "shared/pool", "avg_pool2d_grad.window"),
        ..WINDOW
    }];

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[0])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, y] = d.words();
        vec![y, if d.mask != 0 { x } else { 1 }, x]
    }

    fn iterations(d: &Dims) -> u64 {
        2 * d.overlap()
    }

    fn describe(d: &Dims) -> String {
        d.describe(true)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[1] * d.kh as u64 * d.kw as u64
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[0] as usize];
        let mut at = 0;
        d.for_each_output(|plane, oy, ox| {
            let share = reads[0][at] as f64 / d.divisor(oy, ox) as f64;
            let [rows, cols] = d.window(oy, ox);
            for iy in rows {
                for ix in cols.clone() {
                    sums[((plane * d.h + iy) * d.w + ix) as usize] += share;
                }
            }
            at += 1;
        });
        for (i, &sum) in sums.iter().enumerate() {
            let dx = sum as f32;
            writes[0][i] = if d.mask != 0 {
                masked(reads[1][i], dx)
            } else {
                dx
            };
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::avg_pool2d_grad);
}
