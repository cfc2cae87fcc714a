//! `average += weight · (param − average)` over the whole arena: an exponential moving average of the
//! weights, as timm's `ModelEmaV2` keeps it (weight `1 − decay`), or their mean, as torch's
//! `AveragedModel` does (weight one by how many are averaged).

use bytemuck::{Pod, Zeroable};

use super::{CONTROL_WORDS, HYPER_WORDS, Hyper, hyper, left_out, sample_hyper, stride};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `param` and `average` are `[n]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements, a multiple of 4.
    pub n: u32,
    /// Which weight of the uniform counts: [`EMA`] or [`SWA`].
    pub which: u32,
}

/// The moving average.
pub const EMA: u32 = 0;

/// The mean.
pub const SWA: u32 = 1;

impl Dims {
    /// The mean counts the weights after its updates, whatever these have done; the moving average moves
    /// with every update that is applied.
    pub(super) fn weight(&self, h: &Hyper, control: &[f32]) -> f32 {
        match self.which {
            SWA => h.swa,
            _ if left_out(h, control) => 0.0,
            _ => h.ema,
        }
    }
}

/// See the module.
pub struct Average;

impl Kernel for Average {
    type Dims = Dims;
    sources!("average" + "hyper" + "left_out", ["hyper", "param", "control"] -> ["average"]);
    const CASES: &'static [Dims] = &[
        Dims { n: 4, which: SWA },
        Dims { n: 264, which: EMA },
        Dims {
            n: 1012,
            which: SWA,
        },
        Dims {
            n: (1 << 17) + 12,
            which: EMA,
        },
        // Among them one that copies, and one that changes nothing.
        Dims { n: 8, which: EMA },
        Dims { n: 12, which: EMA },
        // After an update that was left out.
        Dims { n: 24, which: EMA },
        Dims { n: 24, which: SWA },
    ];

    fn launch(d: &Dims) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Dims) -> u64 {
        stride::iterations(u64::from(d.n) / 4)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = d.n.into();
        vec![HYPER_WORDS.into(), n, CONTROL_WORDS.into(), n]
    }

    fn bytes(d: &Dims) -> u64 {
        12 * u64::from(d.n)
    }

    fn describe(d: &Dims) -> String {
        let what = if d.which == SWA {
            "mean"
        } else {
            "moving average"
        };
        format!("{what} of {} parameters", d.n)
    }

    fn flops(d: &Dims) -> u64 {
        3 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => {}
            "control" => return vec![0.7, -1.0],
            _ => return rng.floats(len),
        }
        let sampled = *hyper(&sample_hyper(0));
        let ema = match d.n {
            8 => 1.0,
            12 => 0.0,
            _ => sampled.ema,
        };
        let leave_out = (d.n == 24).into();
        let hyper = Hyper {
            ema,
            leave_out,
            ..sampled
        };
        bytemuck::cast_slice(&[hyper]).to_vec()
    }

    /// In f32, as an update: average after average is rounded.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let weight = d.weight(hyper(reads[0]), reads[2]);
        for (average, &p) in writes[0].iter_mut().zip(reads[1]).take(d.n as usize) {
            *average = match weight {
                0.0 => *average,
                1.0 => p,
                _ => *average + weight * (p - *average),
            };
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::average);
}
