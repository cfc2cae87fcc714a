//! `timm.scheduler` of timm 1.0.31, as functions of its `t` (an epoch, or an update with `t_in_epochs=False`).
//!
//! Time is the applied update here, as everywhere in kiln: a scheduler that a script steps once per epoch is
//! stretched by whoever asks. timm finds the cycle by `floor(log(…, cycle_mul))`, which misses some exact restarts
//! (`cycle_mul=3` at t = 121 · t_initial), and so does this. `PlateauLRScheduler` is a controller.

mod noise;

use super::Reading;
use super::arguments::Arguments;
use crate::expr::{Error, Expr, Node};
use crate::schedule::Run;
use noise::Noise;
use std::f64::consts::PI;

/// The classes read here.
pub const NAMES: [&str; 6] = [
    "CosineLRScheduler",
    "TanhLRScheduler",
    "PolyLRScheduler",
    "StepLRScheduler",
    "MultiStepLRScheduler",
    "WSDLRScheduler",
];

/// A timm scheduler on one parameter group.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    base: f64,
    warmup: f64,
    warmup_lr: f64,
    /// The rate gained in every step of the warm-up.
    warmup_step: f64,
    /// Whether the decay starts counting after the warm-up.
    prefix: bool,
    decay: Decay,
    noise: Option<Noise>,
}

#[derive(Clone, Debug, PartialEq)]
enum Decay {
    Cycles {
        cycles: Cycles,
        floor: f64,
        shape: Shape,
    },
    Step {
        every: f64,
        rate: f64,
    },
    MultiStep {
        milestones: Vec<f64>,
        rate: f64,
    },
    Stable(Stable),
}

/// Repeated decays.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cycles {
    initial: f64,
    mul: f64,
    decay: f64,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Cosine { k: f64 },
    Tanh { lower: f64, upper: f64 },
    Poly { power: f64, k: f64 },
}

/// Warm-up, stable, decay.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stable {
    initial: f64,
    decay: f64,
    floor: f64,
    /// Exponent and timescale of the stable phase's own decline.
    decline: Option<(f64, f64)>,
    fall: Fall,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fall {
    Linear,
    OneMinusSqrt,
    Cosine,
    Power(f64),
    Exp(f64),
}

impl Schedule {
    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        let t = step as f64;
        let rate = if t < self.warmup {
            self.warmup_lr + t * self.warmup_step
        } else {
            self.decayed(t)
        };
        self.noise
            .as_ref()
            .and_then(|noise| noise.at(step))
            .map_or(rate, |noise| rate + rate * noise)
    }

    fn decayed(&self, t: f64) -> f64 {
        let t = if self.prefix { t - self.warmup } else { t };
        match &self.decay {
            Decay::Cycles {
                cycles,
                floor,
                shape,
            } => {
                let (index, done, length) = cycles.locate(t);
                if index >= cycles.limit {
                    return *floor;
                }
                let high = self.base * cycles.decay.powf(index);
                floor + (high - floor) * shape.left(done, length)
            }
            Decay::Step { every, rate } => self.base * rate.powf((t / every).floor()),
            // a milestone applies one step before torch's: timm compares it with t + 1
            Decay::MultiStep { milestones, rate } => {
                self.base
                    * rate
                        .powf(milestones.partition_point(|&milestone| milestone <= t + 1.0) as f64)
            }
            Decay::Stable(stable) => stable.value(self.base, t),
        }
    }

    /// The updates at which another phase begins, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        let start = if self.prefix { self.warmup } else { 0.0 };
        let end = match &self.decay {
            Decay::Cycles { cycles, .. } => vec![cycles.initial],
            Decay::Stable(stable) => vec![stable.initial - stable.decay, stable.initial],
            Decay::Step { .. } | Decay::MultiStep { .. } => Vec::new(),
        };
        let mut joints: Vec<u64> = [0.0, self.warmup]
            .into_iter()
            .chain(end.into_iter().map(|at| at + start))
            .map(|at| at.max(0.0) as u64)
            .collect();
        joints.sort_unstable();
        joints.dedup();
        joints
    }
}

impl Cycles {
    /// Index, elapsed and length of the cycle that contains `t`.
    fn locate(&self, t: f64) -> (f64, f64, f64) {
        if self.mul == 1.0 {
            let index = (t / self.initial).floor();
            return (index, t - self.initial * index, self.initial);
        }
        let index = ((1.0 - t / self.initial * (1.0 - self.mul)).ln() / self.mul.ln()).floor();
        let before = (1.0 - self.mul.powf(index)) / (1.0 - self.mul) * self.initial;
        (index, t - before, self.mul.powf(index) * self.initial)
    }
}

impl Shape {
    /// What is left of the height, 1 to 0.
    fn left(self, done: f64, length: f64) -> f64 {
        match self {
            Shape::Cosine { k } => 0.5 * (1.0 + (PI * done.powf(k) / length.powf(k)).cos()),
            Shape::Tanh { lower, upper } => {
                let z = done / length;
                0.5 * (1.0 - (lower * (1.0 - z) + upper * z).tanh())
            }
            Shape::Poly { power, k } => (1.0 - done.powf(k) / length.powf(k)).powf(power),
        }
    }
}

impl Stable {
    fn value(&self, base: f64, t: f64) -> f64 {
        let decline = self
            .decline
            .map_or(1.0, |(power, timescale)| (1.0 + t / timescale).powf(-power));
        let stable = (base * decline).max(self.floor);
        let elapsed = t - (self.initial - self.decay);
        if elapsed <= 0.0 {
            return stable;
        }
        let z = (elapsed / self.decay).min(1.0);
        let left = match self.fall {
            Fall::Linear => 1.0 - z,
            Fall::OneMinusSqrt => 1.0 - z.sqrt(),
            Fall::Cosine => 0.5 * (1.0 + (PI * z).cos()),
            Fall::Power(power) => 1.0 - z.powf(power),
            Fall::Exp(ratio) => (ratio.powf(z) - ratio) / (1.0 - ratio),
        };
        self.floor + (stable - self.floor) * left
    }
}

const WARMUP: [&str; 3] = ["warmup_t", "warmup_lr_init", "warmup_prefix"];
const CYCLES: [&str; 4] = ["lr_min", "cycle_mul", "cycle_decay", "cycle_limit"];
const NOISE: [&str; 5] = [
    "t_in_epochs",
    "noise_range_t",
    "noise_pct",
    "noise_std",
    "noise_seed",
];

/// Reads a call of the class `kind`.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what timm refuses.
pub fn parse(text: &str, call: &Expr, kind: &str, run: &Run) -> Result<Reading<Schedule>, Error> {
    let own: &[&[&'static str]] = match kind {
        "CosineLRScheduler" => &[&["t_initial"], &CYCLES, &WARMUP, &NOISE, &["k_decay"]],
        "TanhLRScheduler" => &[&["t_initial", "lb", "ub"], &CYCLES, &WARMUP, &NOISE],
        "PolyLRScheduler" => &[
            &["t_initial", "power"],
            &CYCLES,
            &WARMUP,
            &NOISE,
            &["k_decay"],
        ],
        "StepLRScheduler" | "MultiStepLRScheduler" => {
            &[&["decay_t", "decay_rate"], &WARMUP, &NOISE]
        }
        "WSDLRScheduler" => &[
            &[
                "t_initial",
                "decay_t",
                "lr_min",
                "stable_fn",
                "stable_timescale",
                "stable_power",
                "decay_fn",
                "decay_power",
            ],
            &["decay_ratio", "warmup_t", "warmup_lr_init"],
            &NOISE,
        ],
        _ => {
            return Err(
                Error::at(text, call.span, format!("timm has no scheduler `{kind}`"))
                    .suggest(kind, &NAMES),
            );
        }
    };
    let names: Vec<&'static str> = own
        .iter()
        .copied()
        .flatten()
        .copied()
        .chain(["initialize"])
        .collect();
    let args = Arguments::bind(text, call, &names)?;
    args.flag_or("initialize", true)?;
    args.flag_or("t_in_epochs", true)?;
    let warmup = args.number_within("warmup_t", 0.0, 0.0..=1e18)?;
    let stepped = matches!(kind, "StepLRScheduler" | "MultiStepLRScheduler");
    let prefix = kind == "WSDLRScheduler" || args.flag_or("warmup_prefix", stepped)?;
    let mut schedule = Schedule {
        base: run.base_lr,
        warmup,
        warmup_lr: args.number_or("warmup_lr_init", 0.0)?,
        warmup_step: 0.0,
        prefix,
        decay: match kind {
            "StepLRScheduler" => {
                let every = args.number("decay_t")?;
                if every <= 0.0 {
                    return Err(args.error("decay_t", "`decay_t` must be greater than 0"));
                }
                Decay::Step {
                    every,
                    rate: args.number_or("decay_rate", 1.0)?,
                }
            }
            "MultiStepLRScheduler" => {
                let milestones = args.numbers("decay_t")?;
                if !milestones.is_sorted() {
                    return Err(args.error(
                        "decay_t",
                        "milestones must not decrease: timm looks them up by bisection",
                    ));
                }
                Decay::MultiStep {
                    milestones,
                    rate: args.number_or("decay_rate", 1.0)?,
                }
            }
            "WSDLRScheduler" => Decay::Stable(stable(&args, warmup)?),
            _ => cycles(&args, kind)?,
        },
        noise: noise(&args)?,
    };
    if warmup > 0.0 {
        // only the tanh scheduler without prefix aims at where its decay will be
        let target = if kind == "TanhLRScheduler" && !prefix {
            schedule.decayed(warmup)
        } else {
            run.base_lr
        };
        schedule.warmup_step = (target - schedule.warmup_lr) / warmup;
    }
    Ok(Reading {
        schedule,
        notes: args.finish()?,
    })
}

fn cycles(args: &Arguments, kind: &str) -> Result<Decay, Error> {
    let initial = args.number("t_initial")?;
    if initial <= 0.0 {
        return Err(args.error("t_initial", "`t_initial` must be greater than 0"));
    }
    let cycles = Cycles {
        initial,
        mul: args.number_or("cycle_mul", 1.0)?,
        decay: args.number_or("cycle_decay", 1.0)?,
        limit: args.number_or("cycle_limit", 1.0)?,
    };
    if cycles.mul <= 0.0 {
        return Err(args.error("cycle_mul", "`cycle_mul` must be greater than 0"));
    }
    let shape = match kind {
        "TanhLRScheduler" => {
            let (lower, upper) = (args.number_or("lb", -7.0)?, args.number_or("ub", 3.0)?);
            if lower >= upper {
                return Err(args.error("lb", "`lb` must be smaller than `ub`"));
            }
            Shape::Tanh { lower, upper }
        }
        "PolyLRScheduler" => Shape::Poly {
            power: args.number_or("power", 0.5)?,
            k: args.number_or("k_decay", 1.0)?,
        },
        _ => Shape::Cosine {
            k: args.number_or("k_decay", 1.0)?,
        },
    };
    Ok(Decay::Cycles {
        cycles,
        floor: args.number_within("lr_min", 0.0, 0.0..=f64::MAX)?,
        shape,
    })
}

fn stable(args: &Arguments, warmup: f64) -> Result<Stable, Error> {
    let (initial, decay) = (args.number("t_initial")?, args.number("decay_t")?);
    if !(0.0 < decay && decay <= initial) {
        return Err(args.error(
            "decay_t",
            format!("`decay_t` must be greater than 0 and at most `t_initial` ({initial})"),
        ));
    }
    let positive = |name: &str, default: f64| match args.number_or(name, default)? {
        value if value > 0.0 => Ok(value),
        value => Err(args.error(
            name,
            format!("`{name}` must be greater than 0, not {value}"),
        )),
    };
    let power = positive("stable_power", 0.5)?;
    let timescale = args.number_or("stable_timescale", warmup)?;
    let decline = match args.choice_or("stable_fn", "constant", &["constant", "rsqrt", "power"])? {
        "constant" => None,
        _ if timescale <= 0.0 => {
            let message = "this stable function needs a `stable_timescale` greater than 0; it defaults to `warmup_t`";
            return Err(args.error("stable_timescale", message));
        }
        "rsqrt" => Some((0.5, timescale)),
        _ => Some((power, timescale)),
    };
    let (decay_power, ratio) = (
        positive("decay_power", 0.5)?,
        args.number_within("decay_ratio", 0.1, f64::MIN_POSITIVE..=1.0 - f64::EPSILON)?,
    );
    let fall = match args.choice_or(
        "decay_fn",
        "1-sqrt",
        &["linear", "1-sqrt", "cosine", "power", "exp"],
    )? {
        "linear" => Fall::Linear,
        "cosine" => Fall::Cosine,
        "power" => Fall::Power(decay_power),
        "exp" => Fall::Exp(ratio),
        _ => Fall::OneMinusSqrt,
    };
    Ok(Stable {
        initial,
        decay,
        floor: args.number_within("lr_min", 0.0, 0.0..=f64::MAX)?,
        decline,
        fall,
    })
}

fn noise(args: &Arguments) -> Result<Option<Noise>, Error> {
    let (limit, deviation) = (
        args.number_or("noise_pct", 0.67)?,
        args.number_or("noise_std", 1.0)?,
    );
    let seed = args.count_or("noise_seed", 42)?;
    let Some(range) = args.given("noise_range_t") else {
        return Ok(None);
    };
    let (start, end) = match &range.node {
        Node::List(_) | Node::Tuple(_) => match args.numbers("noise_range_t")?.as_slice() {
            &[start, end] => (start, end),
            _ => {
                return Err(args.error(
                    "noise_range_t",
                    "`noise_range_t` is one number, or a list of a start and an end",
                ));
            }
        },
        _ => (args.number("noise_range_t")?, f64::INFINITY),
    };
    if !(limit > 0.0 && deviation.is_finite()) {
        return Err(args.error(
            "noise_pct",
            "`noise_pct` must be greater than 0: no noise lies below it",
        ));
    }
    Ok(Some(Noise {
        start,
        end,
        limit,
        deviation,
        seed,
    }))
}
