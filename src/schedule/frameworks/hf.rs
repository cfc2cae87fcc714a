//! `transformers.get_scheduler` of transformers 5.23: the pure names.
//!
//! All of them are torch's LambdaLR with a factor that starts at 0: the first update of a warm-up has the rate 0
//! (`cosine_warmup_with_min_lr` excepted). `reduce_lr_on_plateau` and `greedy` are controllers.

mod parse;

pub use parse::{parse, unwrap_get_scheduler};

use std::f64::consts::PI;

/// `SchedulerType` without the two that need a metric.
pub const NAMES: [&str; 10] = [
    "linear",
    "cosine",
    "cosine_with_restarts",
    "polynomial",
    "constant",
    "constant_with_warmup",
    "inverse_sqrt",
    "cosine_with_min_lr",
    "cosine_warmup_with_min_lr",
    "warmup_stable_decay",
];

/// The functions that a script may call instead of `get_scheduler`.
const FUNCTIONS: [(&str, &str); 12] = [
    ("get_linear_schedule_with_warmup", "linear"),
    ("get_cosine_schedule_with_warmup", "cosine"),
    (
        "get_cosine_with_hard_restarts_schedule_with_warmup",
        "cosine_with_restarts",
    ),
    ("get_polynomial_decay_schedule_with_warmup", "polynomial"),
    ("get_constant_schedule", "constant"),
    ("get_constant_schedule_with_warmup", "constant_with_warmup"),
    ("get_inverse_sqrt_schedule", "inverse_sqrt"),
    (
        "get_cosine_with_min_lr_schedule_with_warmup",
        "cosine_with_min_lr",
    ),
    (
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
        "cosine_warmup_with_min_lr",
    ),
    ("get_wsd_schedule", "warmup_stable_decay"),
    ("get_reduce_on_plateau_schedule", "reduce_lr_on_plateau"),
    ("get_greedy_schedule", "greedy"),
];

/// The scheduler's name for a name or function, if there is one.
pub fn canonical(kind: &str) -> Option<&'static str> {
    let named = NAMES
        .iter()
        .chain(&["reduce_lr_on_plateau", "greedy"])
        .find(|name| **name == kind)
        .copied();
    named.or_else(|| {
        FUNCTIONS
            .iter()
            .find(|(function, _)| *function == kind)
            .map(|(_, name)| *name)
    })
}

/// A schedule of `get_scheduler`: the base rate times a factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    base: f64,
    warmup: f64,
    shape: Shape,
}

/// The factor after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Constant,
    Linear {
        steps: f64,
    },
    Cosine {
        steps: f64,
        cycles: f64,
        floor: f64,
    },
    /// the last update of the run already has the floor, and the warm-up its own start
    CosineWarmup {
        steps: f64,
        cycles: f64,
        floor: f64,
        start: Option<f64>,
    },
    Restarts {
        steps: f64,
        cycles: f64,
    },
    Polynomial {
        steps: f64,
        end: f64,
        power: f64,
    },
    InverseSqrt {
        timescale: f64,
    },
    WarmupStableDecay {
        stable: f64,
        decay: f64,
        rise: Wave,
        fall: Wave,
        floor: f64,
        cycles: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wave {
    Linear,
    Cosine,
    OneMinusSqrt,
}

impl Schedule {
    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        let t = step as f64;
        self.base
            * if t < self.warmup {
                self.rising(t)
            } else {
                self.after(t)
            }
    }

    fn rising(&self, t: f64) -> f64 {
        match self.shape {
            Shape::CosineWarmup { start: None, .. } => (t + 1.0) / self.warmup.max(1.0),
            Shape::CosineWarmup {
                start: Some(start), ..
            } => start + (1.0 - start) * t / (self.warmup - 1.0).max(1.0),
            Shape::WarmupStableDecay { rise, floor, .. } => {
                let z = t / self.warmup.max(1.0);
                let factor = match rise {
                    Wave::Linear => z,
                    Wave::Cosine => 0.5 * (1.0 - (PI * z).cos()),
                    Wave::OneMinusSqrt => 1.0 - (1.0 - z).sqrt(),
                };
                (factor * (1.0 - floor) + floor).max(0.0)
            }
            _ => t / self.warmup.max(1.0),
        }
    }

    fn after(&self, t: f64) -> f64 {
        let part = |t: f64, steps: f64| (t - self.warmup) / (steps - self.warmup).max(1.0);
        let wave = |z: f64, cycles: f64, floor: f64| {
            (0.5 * (1.0 + (PI * cycles * 2.0 * z).cos()) * (1.0 - floor) + floor).max(0.0)
        };
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Linear { steps } => ((steps - t) / (steps - self.warmup).max(1.0)).max(0.0),
            Shape::Cosine {
                steps,
                cycles,
                floor,
            } => wave(part(t, steps), cycles, floor),
            Shape::CosineWarmup {
                steps,
                cycles,
                floor,
                ..
            } => wave(part(t + 1.0, steps), cycles, floor),
            Shape::Restarts { steps, .. } if part(t, steps) >= 1.0 => 0.0,
            Shape::Restarts { steps, cycles } => {
                (0.5 * (1.0 + (PI * ((cycles * part(t, steps)) % 1.0)).cos())).max(0.0)
            }
            Shape::Polynomial { steps, end, .. } if t > steps => end / self.base,
            Shape::Polynomial { steps, end, power } => {
                let left = 1.0 - (t - self.warmup) / (steps - self.warmup);
                ((self.base - end) * left.powf(power) + end) / self.base
            }
            Shape::InverseSqrt { timescale } => {
                1.0 / ((t + (timescale - self.warmup)) / timescale).sqrt()
            }
            Shape::WarmupStableDecay {
                stable,
                decay,
                fall,
                floor,
                cycles,
                ..
            } => {
                let z = (t - self.warmup - stable) / decay.max(1.0);
                if t < self.warmup + stable {
                    return 1.0;
                }
                if t >= self.warmup + stable + decay {
                    return floor;
                }
                let factor = match fall {
                    Wave::Linear => 1.0 - z,
                    Wave::Cosine => 0.5 * (1.0 + (PI * cycles * 2.0 * z).cos()),
                    Wave::OneMinusSqrt => 1.0 - z.sqrt(),
                };
                (factor * (1.0 - floor) + floor).max(0.0)
            }
        }
    }

    /// The updates at which another phase begins, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        let ends = match self.shape {
            Shape::Constant | Shape::InverseSqrt { .. } => vec![],
            Shape::Linear { steps }
            | Shape::Cosine { steps, .. }
            | Shape::CosineWarmup { steps, .. } => vec![steps],
            Shape::Restarts { steps, .. } | Shape::Polynomial { steps, .. } => vec![steps],
            Shape::WarmupStableDecay { stable, decay, .. } => {
                vec![self.warmup + stable, self.warmup + stable + decay]
            }
        };
        let mut joints: Vec<u64> = [0.0, self.warmup]
            .into_iter()
            .chain(ends)
            .map(|at| at.max(0.0) as u64)
            .collect();
        joints.sort_unstable();
        joints.dedup();
        joints
    }
}
