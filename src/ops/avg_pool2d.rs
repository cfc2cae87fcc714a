//! Average-pooling as `torch.nn.AvgPool2d`, with padding inside or outside of the divisor.

use super::max_pool2d::{Dims, WINDOW, cases};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources, template,
    variant::Variant,
};

impl Dims {
    /// How many elements the window of output (`oy`, `ox`) is averaged over, as PyTorch counts:
    /// with `count_include_pad` the padding counts, but never what lies beyond it.
    pub(super) fn divisor(&self, oy: u32, ox: u32) -> u32 {
        let [rows, cols] = self.window(oy, ox);
        if self.count_include_pad == 0 {
            return (rows.end - rows.start) * (cols.end - cols.start);
        }
        let padded = |o: u32, stride: u32, k: u32, padding: u32, size: u32| {
            (o * stride + k).min(size + 2 * padding) - o * stride
        };
        padded(oy, self.stride_h, self.kh, self.padding_h, self.h)
            * padded(ox, self.stride_w, self.kw, self.padding_w, self.w)
    }
}

/// See the module.
pub struct AvgPool2d;

impl Kernel for AvgPool2d {
    type Dims = Dims;
    sources!("avg_pool2d" + "pool" + "divisor", ["x"] -> ["y"]);
    const CASES: &'static [Dims] = &cases(1, 0);

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "shared/pool", "avg_pool2d.window"),
        ..WINDOW
    }];

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[1])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        d.words().to_vec()
    }

    fn iterations(d: &Dims) -> u64 {
        d.kh as u64 * (d.kw as u64 + 1)
    }

    fn describe(d: &Dims) -> String {
        d.describe(false)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[1] * d.kh as u64 * d.kw as u64
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut at = 0;
        d.for_each_output(|plane, oy, ox| {
            let [rows, cols] = d.window(oy, ox);
            let mut sum = 0f64;
            for iy in rows {
                for ix in cols.clone() {
                    sum += reads[0][((plane * d.h + iy) * d.w + ix) as usize] as f64;
                }
            }
            writes[0][at] = (sum / d.divisor(oy, ox) as f64) as f32;
            at += 1;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::avg_pool2d);
}
