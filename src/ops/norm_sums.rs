//! The sums of a normalisation's backward pass: `Σ dy · x̂` and `Σ dy` of every channel, which are the
//! gradients of its weight and its bias; of every group, where groups are taken for channels.

use bytemuck::{Pod, Zeroable};

use super::{
    moments::LANES,
    normalize::{sample, scales},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `x` and `dy` are `[rows, channels, plane]`; element `i` belongs to group `i / size % groups`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Channels.
    pub channels: u32,
    /// Elements of a channel that follow each other.
    pub plane: u32,
    /// Elements of a group that follow each other.
    pub size: u32,
    /// Groups.
    pub groups: u32,
    /// Where the second sums begin, at least `channels`.
    pub shift: u32,
    /// ε.
    pub eps: f32,
}

impl Dims {
    fn words(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.channels) * u64::from(self.plane)
    }
}

/// See the module.
pub struct NormSums;

impl Kernel for NormSums {
    type Dims = Dims;
    sources!("norm_sums" + "groups" + "lanes", ["x", "stat", "dy"] -> ["sums"]);
    const CASES: &'static [Dims] = &[
        case([1, 1, 1, 1, 1, 1]),
        case([3, 5, 77, 77, 5, 64]),
        case([71, 3, 1, 1, 3, 3]),
        case([2, 6, 35, 105, 4, 64]),
        case([1, 4, 105, 105, 4, 4]),
        case([300, 67, 1, 67, 300, 128]),
        case([5, 6, 1, 2, 15, 8]),
        case([3, 1, 1, 1, 3, 1]),
        case([3, 4, 3, 2, 7, 4]),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.channels.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let sums = u64::from(d.shift) + u64::from(d.channels);
        vec![d.words(), 2 * u64::from(d.groups), d.words(), sums]
    }

    fn iterations(d: &Dims) -> u64 {
        (u64::from(d.rows) * u64::from(d.plane)).div_ceil(LANES) + 8
    }

    fn describe(d: &Dims) -> String {
        format!(
            "[{}, {}, {}] in {} groups",
            d.rows, d.channels, d.plane, d.groups
        )
    }

    fn flops(d: &Dims) -> u64 {
        6 * d.words()
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        sample(name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let scale = scales(reads[1], d.groups, d.eps);
        let (channels, shift) = (d.channels as usize, d.shift as usize);
        let mut sums = vec![[0f64; 2]; channels];
        for i in 0..d.words() as usize {
            let g = i / d.size as usize % d.groups as usize;
            let normal = (f64::from(reads[0][i]) - f64::from(reads[1][g])) * scale[g];
            let dy = f64::from(reads[2][i]);
            let sum = &mut sums[i / d.plane as usize % channels];
            sum[0] += dy * normal;
            sum[1] += dy;
        }
        for (c, sum) in sums.iter().enumerate() {
            writes[0][c] = sum[0] as f32;
            writes[0][shift + c] = sum[1] as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::norm_sums);
}

const fn case([rows, channels, plane, size, groups, shift]: [u32; 6]) -> Dims {
    Dims {
        rows,
        channels,
        plane,
        size,
        groups,
        shift,
        eps: 1e-3,
    }
}
