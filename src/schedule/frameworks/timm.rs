//! `timm.scheduler` of timm 1.0.31, as functions of its `t` (an epoch, or an update with `t_in_epochs=False`).
//!
//! Time is the applied update here, as everywhere in kiln: a scheduler that a script steps once per epoch is
//! stretched by whoever asks. timm finds the cycle by `floor(log(…, cycle_mul))`, which misses some exact restarts
//! (`cycle_mul=3` at t = 121 · t_initial), and so does this. `PlateauLRScheduler` is a controller.

mod noise;
mod parse;

pub use parse::parse;

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
