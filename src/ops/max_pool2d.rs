//! Max-pooling as `torch.nn.MaxPool2d`: the first maximum of a window in row-major order wins, a
//! NaN always does (the last one, if several). Also writes where each maximum was.

use bytemuck::{Pod, Zeroable};

use super::Epilogue;
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// Geometry of a pooling, shared by max and average and their gradients: `x[planes,H,W]`,
/// `y[planes,OH,OW]`.
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
    /// Window height.
    pub kh: u32,
    /// Window width.
    pub kw: u32,
    /// Vertical stride.
    pub stride_h: u32,
    /// Horizontal stride.
    pub stride_w: u32,
    /// Rows of padding above and below.
    pub padding_h: u32,
    /// Columns of padding left and right.
    pub padding_w: u32,
    /// Average only: 1 if padding counts in the divisor.
    pub count_include_pad: u32,
    /// Gradients only: 1 to zero `dx` where the extra argument `y` (a ReLU's output) is <= 0.
    pub mask: u32,
}

impl Dims {
    /// Words of `x` and `y`.
    pub fn words(&self) -> [u64; 2] {
        let planes = self.planes as u64;
        [
            planes * self.h as u64 * self.w as u64,
            planes * self.oh as u64 * self.ow as u64,
        ]
    }

    /// Window and shapes as text, backwards for a gradient.
    pub(super) fn describe(&self, gradient: bool) -> String {
        let x = format!("[{}, {}, {}]", self.planes, self.h, self.w);
        let y = format!("[{}, {}, {}]", self.planes, self.oh, self.ow);
        let mask = if self.mask != 0 {
            Epilogue::MASK
        } else {
            Epilogue::NONE
        };
        let (from, to) = if gradient { (y, x) } else { (x, y) };
        format!("{from} -> {to} by {}×{}{mask}", self.kh, self.kw)
    }

    /// The most windows that one input element lies in.
    pub fn overlap(&self) -> u64 {
        self.kh.div_ceil(self.stride_h) as u64 * (self.kw.div_ceil(self.stride_w) as u64 + 1)
    }

    /// The window of output (`oy`, `ox`) inside the input: rows and columns.
    pub(super) fn window(&self, oy: u32, ox: u32) -> [std::ops::Range<u32>; 2] {
        let clip = |o: u32, stride: u32, k: u32, padding: u32, size: u32| {
            let start = o * stride;
            start.saturating_sub(padding)..(start + k).saturating_sub(padding).min(size)
        };
        [
            clip(oy, self.stride_h, self.kh, self.padding_h, self.h),
            clip(ox, self.stride_w, self.kw, self.padding_w, self.w),
        ]
    }

    /// Whether windows lie side by side and cover the input: each input is in one window.
    fn side_by_side(&self) -> bool {
        [self.stride_h, self.stride_w] == [self.kh, self.kw]
            && [self.oh * self.kh, self.ow * self.kw] == [self.h, self.w]
            && [self.padding_h, self.padding_w] == [0, 0]
    }

    /// Which launches are alike: windows, and sizes rounded up.
    pub(super) fn class(&self) -> String {
        let [kh, kw, sh, sw] = [self.kh, self.kw, self.stride_h, self.stride_w];
        let words = rounded(u32::try_from(self.words()[0]).unwrap_or(u32::MAX));
        format!("{kh}x{kw} by {sh}x{sw} x{words}")
    }

    /// Calls `f(plane, oy, ox)` for every output, in order.
    pub(super) fn for_each_output(&self, mut f: impl FnMut(u32, u32, u32)) {
        for plane in 0..self.planes {
            for oy in 0..self.oh {
                for ox in 0..self.ow {
                    f(plane, oy, ox);
                }
            }
        }
    }
}

/// See the module.
pub struct MaxPool2d;

impl Kernel for MaxPool2d {
    type Dims = Dims;
    sources!("max_pool2d" + "pool", ["x"] -> ["y", "index"]);
    const CASES: &'static [Dims] = &cases(0, 0);

    const VARIANTS: &'static [Variant] = &[Variant {
        name: "window",
        wgsl: template!("shared/launch", "shared/pool", "max_pool2d.window"),
        ..WINDOW
    }];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[1])
    }

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, y] = d.words();
        vec![x, y, y]
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

    /// Few distinct values, so that ties are common.
    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let coarse = |x: f32| (x * 4.0).round() / 4.0;
        rng.floats(len).into_iter().map(coarse).collect()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut at = 0;
        d.for_each_output(|plane, oy, ox| {
            let [rows, cols] = d.window(oy, ox);
            let (mut best, mut index) = (f32::NEG_INFINITY, rows.start * d.w + cols.start);
            for iy in rows {
                for ix in cols.clone() {
                    let i = iy * d.w + ix;
                    let x = reads[0][(plane * d.h * d.w + i) as usize];
                    if x > best || x.is_nan() {
                        (best, index) = (x, i);
                    }
                }
            }
            writes[0][at] = best;
            writes[1][at] = f32::from_bits(index);
            at += 1;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::max_pool2d);
}

/// One invocation an output, for windows side by side whose rows are vectors: what all four pooling
/// kernels share.
pub(super) const WINDOW: Variant = Variant {
    name: "window",
    wgsl: "",
    tiles: &[ONE_TILE],
    tile: |_| Some(ONE_TILE),
    settings: |words, _, _| {
        let d: Dims = dims(words);
        let fits = d.side_by_side() && [2, 4].contains(&d.kw) && d.kh <= 4;
        fits.then(|| Settings::from([("kh", d.kh), ("kw", d.kw), ("mask", d.mask)]))
    },
    launch: Some(|words| Launch::Threads(dims::<Dims>(words).words()[1])),
    iterations: |_, _| 1,
};

/// The same geometries for all four pooling kernels.
pub(super) const fn cases(count_include_pad: u32, mask: u32) -> [Dims; 7] {
    [
        case([1, 1, 1], [1, 1], [1, 1], [0, 0], [count_include_pad, mask]),
        case(
            [20, 24, 24],
            [2, 2],
            [2, 2],
            [0, 0],
            [count_include_pad, mask],
        ),
        case([6, 7, 9], [2, 2], [2, 2], [0, 0], [count_include_pad, mask]),
        case([7, 6, 14], [2, 2], [2, 2], [0, 0], [count_include_pad, 0]),
        case(
            [5, 9, 20],
            [3, 4],
            [3, 4],
            [0, 0],
            [count_include_pad, mask],
        ),
        case([3, 9, 8], [3, 3], [2, 2], [1, 1], [count_include_pad, 0]),
        case([4, 11, 13], [5, 2], [1, 3], [2, 1], [0, mask]),
    ]
}

/// Fills in the output size. `x` is planes, height, width; `flags` are the last two fields.
const fn case(x: [u32; 3], k: [u32; 2], s: [u32; 2], p: [u32; 2], flags: [u32; 2]) -> Dims {
    Dims {
        planes: x[0],
        h: x[1],
        w: x[2],
        oh: (x[1] + 2 * p[0] - k[0]) / s[0] + 1,
        ow: (x[2] + 2 * p[1] - k[1]) / s[1] + 1,
        kh: k[0],
        kw: k[1],
        stride_h: s[0],
        stride_w: s[1],
        padding_h: p[0],
        padding_w: p[1],
        count_include_pad: flags[0],
        mask: flags[1],
    }
}
