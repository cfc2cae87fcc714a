//! `y[n,o] = epilogue(Σ_{c,i,j} x[n,c] ⋆ weight[o,c])`: cross-correlation as `torch.nn.Conv2d`,
//! with stride, padding, dilation and groups.

use bytemuck::{Pod, Zeroable};

use super::{Epilogue, conv_variants as variants, fast};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    sources,
    variant::Variant,
};

/// Geometry of a convolution, shared by its three passes: `x[N,C,H,W]`, `weight[O,C/G,KH,KW]`,
/// `y[N,O,OH,OW]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub n: u32,
    /// Input channels.
    pub c: u32,
    /// Input height.
    pub h: u32,
    /// Input width.
    pub w: u32,
    /// Output channels.
    pub o: u32,
    /// Output height.
    pub oh: u32,
    /// Output width.
    pub ow: u32,
    /// Kernel height.
    pub kh: u32,
    /// Kernel width.
    pub kw: u32,
    /// Vertical stride.
    pub stride_h: u32,
    /// Horizontal stride.
    pub stride_w: u32,
    /// Zero rows above and below.
    pub padding_h: u32,
    /// Zero columns left and right.
    pub padding_w: u32,
    /// Vertical distance of taps.
    pub dilation_h: u32,
    /// Horizontal distance of taps.
    pub dilation_w: u32,
    /// Groups: `C` and `O` are multiples of it.
    pub groups: u32,
    /// Flags of [`Epilogue`]: the bias is per channel of what the pass computes. The weight gradient has none.
    pub epilogue: u32,
    /// From which word of the weight's gradient on the sums of `dy` over all pixels (the bias's
    /// gradient) are stored, at least the weight's words; 0 if nobody wants them. The other passes
    /// have none.
    pub sums: u32,
}

/// Where each sum of a convolution takes its terms, in one place for the three naive twins.
impl Dims {
    /// Input channels of a group.
    pub fn group_c(&self) -> u32 {
        self.c / self.groups
    }

    /// Output channels of a group.
    pub fn group_o(&self) -> u32 {
        self.o / self.groups
    }

    /// Words of `x`, `weight` and `y`.
    pub fn words(&self) -> [u64; 3] {
        let x = [self.n, self.c, self.h, self.w];
        let weight = [self.o, self.group_c(), self.kh, self.kw];
        let y = [self.n, self.o, self.oh, self.ow];
        [x, weight, y].map(|s| s.map(u64::from).iter().product())
    }

    /// `x`, `weight` and `y` as text.
    pub(super) fn shapes(&self) -> [String; 3] {
        let x = [self.n, self.c, self.h, self.w];
        let weight = [self.o, self.group_c(), self.kh, self.kw];
        let y = [self.n, self.o, self.oh, self.ow];
        [x, weight, y].map(|s| format!("{s:?}"))
    }

    /// The geometry exactly, the counts rounded up to powers of two.
    pub(super) fn class(&self) -> String {
        let [n, c, o] = [self.n, self.c, self.o].map(rounded);
        format!(
            "k{}x{} s{}x{} p{}x{} d{}x{} g{} {}x{} n{n} c{c} o{o}",
            self.kh,
            self.kw,
            self.stride_h,
            self.stride_w,
            self.padding_h,
            self.padding_w,
            self.dilation_h,
            self.dilation_w,
            self.groups,
            self.h,
            self.w,
        )
    }

    /// Multiplications and additions of one pass.
    pub fn flops(&self) -> u64 {
        2 * self.words()[2] * (self.group_c() * self.kh * self.kw) as u64
    }

    /// Calls `f(x index, weight index, y index)` for every product of the convolution.
    pub(super) fn for_each_term(&self, mut f: impl FnMut(usize, usize, usize)) {
        let (group_c, group_o) = (self.group_c(), self.group_o());
        for n in 0..self.n {
            for o in 0..self.o {
                for oy in 0..self.oh {
                    for ox in 0..self.ow {
                        let y = ((n * self.o + o) * self.oh + oy) * self.ow + ox;
                        for tap in 0..group_c * self.kh * self.kw {
                            let (ic, ky, kx) = (
                                tap / (self.kh * self.kw),
                                tap / self.kw % self.kh,
                                tap % self.kw,
                            );
                            let c = o / group_o * group_c + ic;
                            let iy = oy * self.stride_h + ky * self.dilation_h;
                            let ix = ox * self.stride_w + kx * self.dilation_w;
                            let (Some(iy), Some(ix)) = (
                                iy.checked_sub(self.padding_h).filter(|&i| i < self.h),
                                ix.checked_sub(self.padding_w).filter(|&i| i < self.w),
                            ) else {
                                continue;
                            };
                            let x = ((n * self.c + c) * self.h + iy) * self.w + ix;
                            let weight = o * group_c * self.kh * self.kw + tap;
                            f(x as usize, weight as usize, y as usize);
                        }
                    }
                }
            }
        }
    }
}

/// See the module.
pub struct Conv2d;

impl Kernel for Conv2d {
    type Dims = Dims;
    sources!("conv2d" + "conv" + "epilogue" + "pixel", ["x", "weight", "e"] -> ["y"]);
    const VARIANTS: &'static [Variant] = &[variants::FORWARD_REGISTER, variants::FORWARD_WORKGROUP];
    const CASES: &'static [Dims] = &with(cases(3, 1), [7, 12], Epilogue::MASK.0);

    fn launch(d: &Dims) -> Launch {
        Launch::Tiles {
            rows: d.group_o().into(),
            cols: d.n as u64 * d.oh as u64 * d.ow as u64,
            batch: d.groups.into(),
        }
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, weight, y] = d.words();
        vec![x, weight, Epilogue::words(d.epilogue, d.o.into(), y), y]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.group_c() * (d.kh * d.kw + d.kh + 1)).into()
    }

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn describe(d: &Dims) -> String {
        let ([x, weight, y], e) = (d.shapes(), Epilogue(d.epilogue));
        format!("{x} ⋆ {weight} -> {y}{e}")
    }

    fn flops(d: &Dims) -> u64 {
        d.flops()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[2] as usize];
        d.for_each_term(|x, w, y| sums[y] += reads[0][x] as f64 * reads[1][w] as f64);
        let plane = (d.oh * d.ow) as usize;
        for (i, &sum) in sums.iter().enumerate() {
            let channel = i / plane % d.o as usize;
            writes[0][i] = Epilogue::apply(d.epilogue, sum, reads[2], channel, i);
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::conv2d);
}

/// The same geometries for all three passes, with the pass's own epilogues.
pub(super) const fn cases(first: u32, rest: u32) -> [Dims; 14] {
    [
        case([3, 5, 28, 28], 9, [3, 3], [1, 1, 1, 1, 1, 1], 1, rest),
        case([2, 6, 8, 12], 8, [3, 5], [1, 1, 1, 2, 2, 1], 2, first),
        case([2, 34, 7, 7], 33, [3, 3], [1, 1, 1, 1, 1, 1], 1, rest),
        case([1, 1, 1, 1], 1, [1, 1], [1, 1, 0, 0, 1, 1], 1, rest),
        case([2, 1, 28, 28], 10, [5, 5], [1, 1, 0, 0, 1, 1], 1, first),
        case([3, 10, 12, 12], 20, [5, 5], [1, 1, 0, 0, 1, 1], 1, rest),
        case([2, 3, 11, 11], 8, [3, 3], [2, 2, 1, 1, 1, 1], 1, first),
        case([1, 2, 15, 17], 3, [3, 2], [1, 2, 1, 0, 2, 3], 1, 0),
        case([2, 4, 9, 9], 6, [3, 3], [1, 1, 1, 1, 1, 1], 2, first),
        case([1, 6, 8, 8], 12, [3, 3], [2, 2, 1, 1, 1, 1], 6, rest),
        case([2, 3, 7, 14], 5, [2, 5], [2, 3, 1, 2, 1, 1], 1, first),
        case([5, 7, 6, 5], 11, [6, 5], [1, 1, 3, 4, 1, 1], 1, 0),
        case([2, 9, 5, 6], 33, [3, 3], [1, 1, 1, 1, 1, 1], 1, rest),
        // What a transposed convolution makes of `output_padding`: windows would fit once more.
        Dims {
            oh: 7,
            ..case([2, 3, 9, 8], 5, [2, 2], [1, 1, 1, 0, 3, 2], 1, rest)
        },
    ]
}

/// Two of them with other flags: what a pass does for a transposed convolution.
pub(super) const fn with(mut cases: [Dims; 14], which: [usize; 2], epilogue: u32) -> [Dims; 14] {
    cases[which[0]].epilogue = epilogue;
    cases[which[1]].epilogue = epilogue;
    cases
}

/// Fills in the output size. `s` is stride, padding, dilation, each vertical then horizontal.
const fn case(x: [u32; 4], o: u32, k: [u32; 2], s: [u32; 6], groups: u32, epilogue: u32) -> Dims {
    Dims {
        n: x[0],
        c: x[1],
        h: x[2],
        w: x[3],
        o,
        oh: (x[2] + 2 * s[2] - s[4] * (k[0] - 1) - 1) / s[0] + 1,
        ow: (x[3] + 2 * s[3] - s[5] * (k[1] - 1) - 1) / s[1] + 1,
        kh: k[0],
        kw: k[1],
        stride_h: s[0],
        stride_w: s[1],
        padding_h: s[2],
        padding_w: s[3],
        dilation_h: s[4],
        dilation_w: s[5],
        groups,
        epilogue,
        sums: 0,
    }
}
