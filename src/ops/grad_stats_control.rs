//! [`GradStatsLog`] and [`GradientControl`] in one dispatch, so that a small network's controllers
//! cost none of their own. It runs before the update, for all controllers: the product in word 0 of
//! `control` takes AdaGrad-Norm's factor with this gradient and the ratio's as it was, which learns
//! of this gradient afterwards, for the next update. So every update has the factor that the kernels
//! apart give it.

use bytemuck::{Pod, Zeroable};

use super::{
    CONTROL_WORDS, GradStatsLog, GradientControl, HYPER_WORDS, LOG_WORDS, fast, grad_stats_log,
    gradient_control::{self, STATE},
    hyper,
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources, template,
    variant::Variant,
};

/// Most controllers in one dispatch: one of each kind.
pub const MOST: usize = 2;

/// `grad` is `[n]`, `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements, a multiple of 4.
    pub n: u32,
    /// Slots of the ring.
    pub slots: u32,
    /// How many controllers there are.
    pub count: u32,
    /// Unused: arrays begin at multiples of 16 bytes.
    pub spare: u32,
    /// The controllers, then zeros.
    pub controllers: [gradient_control::Dims; MOST],
}

impl Dims {
    /// The dims for these, if one dispatch can do it all.
    pub fn of(n: u32, slots: u32, controllers: &[gradient_control::Dims]) -> Option<Dims> {
        let mut dims = Dims {
            n,
            slots,
            count: controllers.len() as u32,
            ..Dims::zeroed()
        };
        let fits = (1..=MOST).contains(&controllers.len()) && n <= grad_stats_log::MOST;
        fits.then(|| {
            dims.controllers[..controllers.len()].copy_from_slice(controllers);
            dims
        })
    }

    fn all(&self) -> &[gradient_control::Dims] {
        &self.controllers[..self.count as usize]
    }

    fn stats(&self) -> grad_stats_log::Dims {
        grad_stats_log::Dims {
            n: self.n,
            slots: self.slots,
        }
    }
}

/// See the module.
pub struct GradStatsControl;

impl Kernel for GradStatsControl {
    type Dims = Dims;
    sources!(
        "grad_stats_control" + "hyper" + "norm" + "lanes" + "grad_sum" + "clip" + "controller",
        ["hyper", "grad"] -> ["log", "control"]
    );
    const CASES: &'static [Dims] = &[
        case(4, 1, [(0, 7), (0, 0)]),
        case(12, 1, [(0, 7), (0, 0)]),
        case(1012, 1, [(0, 1), (0, 0)]),
        case(1012, 1, [(1, 0), (0, 0)]),
        case(1536, 2, [(0, 1), (1, 0)]),
        case(grad_stats_log::MOST, 2, [(1, 0), (0, 2)]),
    ];

    const VARIANTS: &'static [Variant] = &[grad_stats_log::few(template!(
        "shared/launch",
        "shared/hyper",
        "shared/norm",
        "grad_stats_control.few",
        "shared/grad_sum",
        "shared/clip",
        "shared/controller",
        "grad_stats_control"
    ))];

    fn class(d: &Dims) -> String {
        GradStatsLog::class(&d.stats())
    }

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let log = u64::from(d.slots) * u64::from(LOG_WORDS);
        let control = u64::from(CONTROL_WORDS + d.count * STATE);
        vec![HYPER_WORDS.into(), d.n.into(), log, control]
    }

    fn iterations(d: &Dims) -> u64 {
        GradStatsLog::iterations(&d.stats()) + 3 * u64::from(d.count)
    }

    fn describe(d: &Dims) -> String {
        let all: Vec<&str> = d.all().iter().map(|c| c.name()).collect();
        format!("{} gradients, {}", d.n, all.join(", "))
    }

    fn flops(d: &Dims) -> u64 {
        let controllers = d.all().iter().map(GradientControl::flops);
        GradStatsLog::flops(&d.stats()) + controllers.sum::<u64>()
    }

    /// Of few gradients all are finite, so that memories take the norm in; of many some are not, so
    /// that they pass it over.
    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "grad" if len < 1 << 12 => rng.floats(len),
            "control" => GradientControl::sample(&d.controllers[0], name, len, rng),
            _ => GradStatsLog::sample(&d.stats(), name, len, rng),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        run(d, reads, writes, GradStatsLog::cpu);
    }

    const FAST: Option<HostFn<Dims>> =
        Some(|d, reads, writes| run(d, reads, writes, fast::grad_stats_log));
}

/// With a way to the norm.
fn run(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]], stats: HostFn<grad_stats_log::Dims>) {
    let [log, control] = writes else {
        unreachable!("grad_stats_control writes two arguments")
    };
    stats(
        &d.stats(),
        &[reads[0], reads[1]],
        &mut [&mut **log, &mut **control],
    );
    let at = (hyper(reads[0]).slot % d.slots * LOG_WORDS) as usize;
    let (squares, bad) = (log[at + 2], log[at + 3]);
    let take_in = |before: bool, control: &mut [f32]| {
        let now = d.all().iter().filter(|c| c.before_update() == before);
        now.for_each(|c| c.take_in(squares, bad, control));
    };
    take_in(true, control);
    control[0] = gradient_control::product(d.count, control);
    log[at + 4] = control[0];
    take_in(false, control);
}

/// Controllers by rule and reference.
const fn case(n: u32, count: u32, [a, b]: [(u32, u32); 2]) -> Dims {
    Dims {
        n,
        slots: 6,
        count,
        spare: 0,
        controllers: [
            gradient_control::case(a.0, 0, a.1),
            gradient_control::case(b.0, 1, b.1),
        ],
    }
}
