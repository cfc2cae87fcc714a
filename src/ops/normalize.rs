//! `y = (x − mean) / √(variance + ε) · weight + bias`: what batch, group and layer normalisation have in
//! common. They differ in which numbers share a mean (a group) and which share a weight (a channel).

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// Element `i` belongs to group `i / size % groups` and to channel `i / plane % channels`. `stat` holds the
/// groups' means, then their biased variances; `affine` the channels' weights, and from `shift` on their
/// biases.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Dims {
    /// Elements.
    pub n: u32,
    /// Elements of a group that follow each other.
    pub size: u32,
    /// Groups.
    pub groups: u32,
    /// Elements of a channel that follow each other.
    pub plane: u32,
    /// Channels.
    pub channels: u32,
    /// Where biases begin; 0 where there is neither weight nor bias.
    pub shift: u32,
    /// ε.
    pub eps: f32,
    /// 1 for a ReLU behind it.
    pub relu: u32,
}

impl Dims {
    pub(super) fn group(&self, i: usize) -> usize {
        i / self.size as usize % self.groups as usize
    }

    pub(super) fn channel(&self, i: usize) -> usize {
        i / self.plane as usize % self.channels as usize
    }

    /// Words of weights and biases.
    pub(super) fn affine(&self) -> u64 {
        match self.shift {
            0 => 1,
            shift => u64::from(shift) + u64::from(self.channels),
        }
    }
}

/// See the module.
pub struct Normalize;

impl Kernel for Normalize {
    type Dims = Dims;
    sources!("normalize" + "groups" + "epilogue", ["x", "stat", "affine"] -> ["y"]);
    const CASES: &'static [Dims] = CASES;

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.n.into(), 2 * u64::from(d.groups), d.affine(), d.n.into()]
    }

    fn describe(d: &Dims) -> String {
        let relu = if d.relu != 0 { ", ReLU" } else { "" };
        format!("{} in {} groups{relu}", d.n, d.groups)
    }

    fn flops(d: &Dims) -> u64 {
        6 * u64::from(d.n)
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        sample(name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let scale = scales(reads[1], d.groups, d.eps);
        for (i, (y, &x)) in writes[0]
            .iter_mut()
            .zip(&reads[0][..d.n as usize])
            .enumerate()
        {
            *y = value(d, &scale, [x, reads[1][d.group(i)]], reads[2], i);
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::normalize);
}

/// One result, out of x and its group's mean.
#[inline(always)]
pub(super) fn value(d: &Dims, scale: &[f64], [x, mean]: [f32; 2], affine: &[f32], i: usize) -> f32 {
    let mut v = (f64::from(x) - f64::from(mean)) * scale[d.group(i)];
    if d.shift > 0 {
        let c = d.channel(i);
        v = v * f64::from(affine[c]) + f64::from(affine[d.shift as usize + c]);
    }
    match v as f32 {
        v if d.relu != 0 && v < 0.0 => 0.0,
        v => v,
    }
}

/// `1 / √(variance + ε)` of every group.
pub(super) fn scales(stat: &[f32], groups: u32, eps: f32) -> Vec<f64> {
    let variances = &stat[groups as usize..2 * groups as usize];
    let scale = |&v: &f32| 1.0 / (f64::from(v) + f64::from(eps)).sqrt();
    variances.iter().map(scale).collect()
}

/// Contents for tests: statistics are means and, behind them, variances, both positive here.
pub(super) fn sample(name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
    let numbers = rng.floats(len);
    match name {
        "stat" => numbers.iter().map(|x| 1.0 + 0.5 * x).collect(),
        _ => numbers,
    }
}

/// Batch normalisation of images and rows, group and layer normalisation; groups of a row's channels; what no recorder
/// lays out like this.
const CASES: &[Dims] = &[
    case([1, 1, 1, 1, 1, 0], 0),
    case([3 * 5 * 77, 77, 5, 77, 5, 64], 1),
    case([71 * 3, 1, 3, 1, 3, 64], 0),
    case([2 * 6 * 35, 3 * 35, 4, 35, 6, 64], 1),
    case([7 * 67, 67, 7, 1, 67, 128], 0),
    case([2 * 4 * 9, 18, 4, 9, 4, 0], 1),
    case([5 * 6, 2, 15, 1, 6, 64], 1),
    case([3, 1, 3, 1, 1, 64], 0),
    case([130 * 131, 1, 131, 1, 131, 192], 1),
    case([3 * 10, 5, 4, 2, 7, 64], 0),
];

const fn case([n, size, groups, plane, channels, shift]: [u32; 6], relu: u32) -> Dims {
    Dims {
        n,
        size,
        groups,
        plane,
        channels,
        shift,
        eps: 1e-3,
        relu,
    }
}
