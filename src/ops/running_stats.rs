//! The running statistics of a batch normalisation take in those of a batch, as `torch.nn.BatchNorm2d`:
//! `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance, or the mean of
//! all batches. A channel whose statistics are not finite is left as it is: torch would keep a NaN for good.

use bytemuck::{Pod, Zeroable};

use super::{HYPER_WORDS, Hyper, LEFT_OUT, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// `stat` holds means and biased variances of a batch's channels, `running` those so far and the count of
/// batches, `control` at its end what became of the update before.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Channels.
    pub channels: u32,
    /// Numbers of each in the batch, at least 2.
    pub elements: u32,
    /// What the batch counts.
    pub momentum: f32,
    /// 1 for the mean of all batches instead.
    pub cumulative: u32,
}

/// See the module.
pub struct RunningStats;

impl Kernel for RunningStats {
    type Dims = Dims;
    sources!("running_stats" + "hyper" + "lanes", ["hyper", "stat", "control"] -> ["running"]);
    const CASES: &'static [Dims] = &[
        case(1, 2, 0.1, 0),
        case(67, 100, 0.37, 0),
        case(300, 7, 0.0, 1),
        // Its update before has ended the run: see `sample`.
        case(31, 3, 0.1, 0),
        // A channel is not finite.
        case(5, 11, 0.25, 0),
    ];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let stats = 2 * u64::from(d.channels);
        vec![HYPER_WORDS.into(), stats, 1, stats + 1]
    }

    fn iterations(d: &Dims) -> u64 {
        u64::from(d.channels).div_ceil(super::moments::LANES)
    }

    fn describe(d: &Dims) -> String {
        format!("{} channels", d.channels)
    }

    fn flops(d: &Dims) -> u64 {
        6 * u64::from(d.channels)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let numbers = rng.floats(len);
        match name {
            "hyper" => {
                let leave_out = match d.channels {
                    31 => 2,
                    67 => 1,
                    _ => 0,
                };
                let hyper = Hyper {
                    leave_out,
                    ..*hyper(&sample_hyper(0))
                };
                bytemuck::cast_slice(&[hyper]).to_vec()
            }
            "control" => vec![LEFT_OUT; len],
            "stat" if d.channels == 5 => {
                let bad = |(c, x): (usize, &f32)| match c {
                    1 => f32::NAN,
                    7 => f32::INFINITY,
                    _ => *x,
                };
                numbers.iter().enumerate().map(bad).collect()
            }
            "running" => [&numbers[..len - 1], &[3.0]].concat(),
            _ => numbers,
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (channels, elements) = (d.channels as usize, f64::from(d.elements));
        let ended = hyper(reads[0]).leave_out == 2 && reads[2].last() == Some(&LEFT_OUT);
        if ended {
            return;
        }
        let running = &mut writes[0];
        let count = running[2 * channels] + 1.0;
        running[2 * channels] = count;
        let weight = match d.cumulative {
            0 => f64::from(d.momentum),
            _ => 1.0 / f64::from(count),
        };
        let unbiased = elements / (elements - 1.0).max(1.0);
        for c in 0..channels {
            let mean = f64::from(reads[1][c]);
            let variance = f64::from(reads[1][channels + c]) * unbiased;
            if mean.is_finite() && variance.is_finite() {
                for (at, batch) in [(c, mean), (channels + c, variance)] {
                    let so_far = f64::from(running[at]);
                    running[at] = (so_far + weight * (batch - so_far)) as f32;
                }
            }
        }
    }
}

const fn case(channels: u32, elements: u32, momentum: f32, cumulative: u32) -> Dims {
    Dims {
        channels,
        elements,
        momentum,
        cumulative,
    }
}
