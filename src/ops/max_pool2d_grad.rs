//! The gradient of max-pooling: each input gathers from the windows whose maximum it was, so no
//! atomics are needed. `y` is the pooling's input where that is a ReLU's output, for its mask.

use super::{
    as_words, masked,
    max_pool2d::{Dims, WINDOW, cases},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct MaxPool2dGrad;

impl Kernel for MaxPool2dGrad {
    type Dims = Dims;
    sources!("max_pool2d_grad" + "pool" + "epilogue", ["dy", "index", "y"] -> ["dx"]);
    const CASES: &'static [Dims] = &cases(0, 1);

    const VARIANTS: &'static [Variant] = &[Variant {
        name: "window",
        wgsl: template!("shared/launch", "shared/pool", "max_pool2d_grad.window"),
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
        vec![y, y, if d.mask != 0 { x } else { 1 }, x]
    }

    fn iterations(d: &Dims) -> u64 {
        2 * d.overlap()
    }

    fn describe(d: &Dims) -> String {
        d.describe(true)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[1]
    }

    /// Every index lies inside its window.
    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        if name != "index" {
            return rng.floats(len);
        }
        let mut index = Vec::with_capacity(len);
        d.for_each_output(|_, oy, ox| {
            let [rows, cols] = d.window(oy, ox);
            let iy = rows.start + rng.below(rows.end - rows.start);
            index.push(iy * d.w + cols.start + rng.below(cols.end - cols.start));
        });
        as_words(&index).to_vec()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[0] as usize];
        let mut at = 0;
        d.for_each_output(|plane, _, _| {
            let i = plane * d.h * d.w + reads[1][at].to_bits();
            sums[i as usize] += reads[0][at] as f64;
            at += 1;
        });
        for (i, &sum) in sums.iter().enumerate() {
            let dx = sum as f32;
            writes[0][i] = if d.mask != 0 {
                masked(reads[2][i], dx)
            } else {
                dx
            };
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::max_pool2d_grad);
}
