//! [`GradStats`](super::GradStats) and [`LogGrad`](super::LogGrad) in one dispatch, for gradients
//! that one workgroup adds up quickly. What the update does with the gradient is left in the last word of
//! `control`: see [`LEFT_OUT`](super::LEFT_OUT).

use bytemuck::{Pod, Zeroable};

use super::{
    CONTROL_WORDS, HYPER_WORDS, LOG_WORDS, clip, fast, grad_stats, hyper, sample_control,
    sample_leaving, sample_log,
};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{Settings, Variant},
};

/// `grad` is `[n]`, `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements, a multiple of 4.
    pub n: u32,
    /// Slots of the ring.
    pub slots: u32,
}

/// Invocations that share the sum: `LANES` in the WGSL.
const LANES: u32 = 256;
/// The same in the variant for software drivers.
const FEW_LANES: u32 = 8;

/// Elements up to which one workgroup is faster than two dispatches.
pub const MOST: u32 = 1 << 15;

/// The same text with fewer invocations, for software drivers. Dims begin with `n`.
pub(super) const fn few(wgsl: &'static str) -> Variant {
    Variant {
        name: "few",
        wgsl,
        tiles: &[[1, 1]],
        tile: |_| Some([1, 1]),
        settings: |_, _, _| Some(Settings::default()),
        launch: None,
        iterations: |dims, _| rounds(dims[0], FEW_LANES),
    }
}

/// Loop iterations of one of `lanes` invocations that add up `n` elements.
fn rounds(n: u32, lanes: u32) -> u64 {
    u64::from((n / 4).div_ceil(lanes) + lanes.ilog2())
}

/// See the module.
pub struct GradStatsLog;

impl Kernel for GradStatsLog {
    type Dims = Dims;
    sources!("grad_stats_log" + "hyper" + "norm" + "lanes" + "grad_sum" + "clip", ["hyper", "grad"] -> ["log", "control"]);
    const CASES: &'static [Dims] = &[
        Dims { n: 4, slots: 8 },
        Dims { n: 1012, slots: 6 },
        // Loss and gradient finite; the loss not; the gradient not; neither, but an update before.
        Dims { n: 8, slots: 6 },
        Dims { n: 12, slots: 6 },
        Dims { n: 1000, slots: 6 },
        Dims { n: 16, slots: 6 },
        Dims { n: MOST, slots: 64 },
    ];

    const VARIANTS: &'static [Variant] = &[few(template!(
        "shared/launch",
        "shared/hyper",
        "shared/norm",
        "grad_stats_log.few",
        "shared/grad_sum",
        "shared/clip",
        "grad_stats_log"
    ))];

    fn class(d: &Dims) -> String {
        format!("x{}", rounded(d.n))
    }

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let log = u64::from(d.slots) * u64::from(LOG_WORDS);
        vec![HYPER_WORDS.into(), d.n.into(), log, CONTROL_WORDS.into()]
    }

    fn iterations(d: &Dims) -> u64 {
        rounds(d.n, LANES)
    }

    fn describe(d: &Dims) -> String {
        format!("{} gradients", d.n)
    }

    fn flops(d: &Dims) -> u64 {
        2 * d.n as u64
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_leaving(d.n),
            "log" => sample_log(len, d.n),
            "control" => sample_control(len, d.n),
            "grad" => {
                let dims = grad_stats::Dims { n: d.n, parts: 1 };
                grad_stats::GradStats::sample(&dims, name, len, rng)
            }
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let h = hyper(reads[0]);
        let at = (h.slot % d.slots * LOG_WORDS) as usize;
        let grad = &reads[1][..d.n as usize];
        let finite = grad.iter().filter(|g| g.is_finite());
        let squares = finite.clone().map(|&g| f64::from(g) * f64::from(g));
        let squares = squares.sum::<f64>();
        writes[0][at + 2] = squares as f32;
        writes[0][at + 3] = (grad.len() - finite.count()) as f32;
        writes[0][at + 4] = writes[1][0];
        let bad = writes[0][at + 3];
        clip(h, writes[0][at], squares, bad, &mut *writes[1]);
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::grad_stats_log);
}
