//! Mean and biased variance of every channel: what a normalisation divides by. Groups of a sample are
//! channels of one row.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `x` is `[rows, channels, plane]`; `stat` holds the channels' means, then their variances.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Channels.
    pub channels: u32,
    /// Pixels of a channel.
    pub plane: u32,
}

impl Dims {
    fn words(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.channels) * u64::from(self.plane)
    }

    /// Numbers of a channel.
    fn elements(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.plane)
    }
}

/// Invocations that share a channel: `LANES` in the WGSL.
pub(super) const LANES: u64 = 256;

/// See the module.
pub struct Moments;

impl Kernel for Moments {
    type Dims = Dims;
    sources!("moments" + "lanes", ["x"] -> ["stat"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 1),
        case(71, 3, 1),
        case(3, 5, 77),
        case(1, 23, 50),
        case(2, 13, 576),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.channels.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.words(), 2 * u64::from(d.channels)]
    }

    fn iterations(d: &Dims) -> u64 {
        2 * d.elements().div_ceil(LANES) + 16
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}, {}]", d.rows, d.channels, d.plane)
    }

    fn flops(d: &Dims) -> u64 {
        4 * d.words()
    }

    /// Far from zero, as what a network computes may be.
    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        rng.floats(len).iter().map(|x| 2.0 * x + 5.0).collect()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (channels, plane) = (d.channels as usize, d.plane as usize);
        let elements = d.elements() as f64;
        for c in 0..channels {
            let planes = || reads[0].chunks(plane).skip(c).step_by(channels);
            let all = || planes().take(d.rows as usize).flatten();
            let mean = all().map(|&x| f64::from(x)).sum::<f64>() / elements;
            let squares: f64 = all().map(|&x| (f64::from(x) - mean).powi(2)).sum();
            writes[0][c] = mean as f32;
            writes[0][channels + c] = (squares / elements) as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::moments);
}

const fn case(rows: u32, channels: u32, plane: u32) -> Dims {
    Dims {
        rows,
        channels,
        plane,
    }
}
