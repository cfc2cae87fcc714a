//! Average-pooling as `torch.nn.AdaptiveAvgPool2d`: output `o` of `O` is the mean of inputs from `⌊o · I / O⌋` to
//! before `⌈(o + 1) · I / O⌉`, in both directions. Windows overlap where O does not divide I.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::Epilogue;
use crate::{
    kernel::{Kernel, Launch},
    sources,
};

/// Sizes of an adaptive pooling, shared with its gradient: `x[planes,H,W]`, `y[planes,OH,OW]`. `(H + 1) · (OH + 1)`
/// and the same of widths are less than 2³¹.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch × channels.
    pub planes: u32,
    /// Input height.
    pub h: u32,
    /// Input width.
    pub w: u32,
    /// Output height.
    pub oh: u32,
    /// Output width.
    pub ow: u32,
    /// The gradient only: 1 to zero `dx` where the extra argument `y` (a ReLU's output) is <= 0.
    pub mask: u32,
}

/// Where the window of output `o` lies among `size` inputs.
pub fn window(o: u32, size: u32, outputs: u32) -> Range<u32> {
    o * size / outputs..((o + 1) * size).div_ceil(outputs)
}

impl Dims {
    /// Words of `x` and `y`.
    pub fn words(&self) -> [u64; 2] {
        let [planes, h, w] = [self.planes, self.h, self.w].map(u64::from);
        let [oh, ow] = [self.oh, self.ow].map(u64::from);
        [planes * h * w, planes * oh * ow]
    }

    /// The most elements of a window along one direction.
    fn longest(size: u32, outputs: u32) -> u64 {
        u64::from(size.div_ceil(outputs)) + 1
    }

    /// The most additions of an output; of an input on the way back, if `back`.
    pub(super) fn terms(&self, back: bool) -> u64 {
        let along = |size, outputs| match back {
            false => Dims::longest(size, outputs),
            true => Dims::longest(outputs, size),
        };
        along(self.h, self.oh) * (along(self.w, self.ow) + 1)
    }

    /// Shapes as text, backwards for a gradient.
    pub(super) fn describe(&self, gradient: bool) -> String {
        let x = format!("[{}, {}, {}]", self.planes, self.h, self.w);
        let y = format!("[{}, {}, {}]", self.planes, self.oh, self.ow);
        let mask = match self.mask {
            0 => Epilogue::NONE,
            _ => Epilogue::MASK,
        };
        let (from, to) = if gradient { (y, x) } else { (x, y) };
        format!("{from} -> {to}{mask}")
    }

    /// Calls `f(output, its inputs, how many they are)` for every output, in order.
    pub(super) fn for_each_output(&self, mut f: impl FnMut(usize, &[usize], f64)) {
        let mut at = 0;
        let mut inputs = Vec::new();
        for plane in 0..self.planes {
            for oy in 0..self.oh {
                for ox in 0..self.ow {
                    inputs.clear();
                    for iy in window(oy, self.h, self.oh) {
                        let row = (plane * self.h + iy) * self.w;
                        let cols = window(ox, self.w, self.ow);
                        inputs.extend(cols.map(|ix| (row + ix) as usize));
                    }
                    f(at, &inputs, inputs.len() as f64);
                    at += 1;
                }
            }
        }
    }
}

/// See the module.
pub struct AdaptiveAvgPool2d;

impl Kernel for AdaptiveAvgPool2d {
    type Dims = Dims;
    sources!("adaptive_avg_pool2d" + "adaptive", ["x"] -> ["y"]);
    const CASES: &'static [Dims] = &cases(0);

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[1])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        d.words().to_vec()
    }

    fn iterations(d: &Dims) -> u64 {
        d.terms(false)
    }

    fn describe(d: &Dims) -> String {
        d.describe(false)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[1] * d.terms(false)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        d.for_each_output(|at, inputs, count| {
            let sum: f64 = inputs.iter().map(|&i| f64::from(reads[0][i])).sum();
            writes[0][at] = (sum / count) as f32;
        });
    }
}

/// Windows that overlap, that do not, that are longer than the input and shorter, and one element.
pub(super) const fn cases(mask: u32) -> [Dims; 6] {
    [
        case([1, 1, 1], [1, 1], 0),
        case([6, 7, 5], [3, 2], mask),
        case([5, 4, 9], [7, 3], 0),
        case([3, 13, 11], [5, 11], mask),
        case([2, 3, 2], [8, 5], mask),
        case([3, 31, 29], [1, 7], 0),
    ]
}

const fn case([planes, h, w]: [u32; 3], [oh, ow]: [u32; 2], mask: u32) -> Dims {
    Dims {
        planes,
        h,
        w,
        oh,
        ow,
        mask,
    }
}
