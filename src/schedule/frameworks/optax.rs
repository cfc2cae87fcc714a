//! `optax.schedules` of Optax 0.2.8.
//!
//! Pure functions of the optimiser's count, which is 0 for the first update. JAX computes them in float32; these
//! are the same formulas in f64. The optimiser's own rate has no effect on them.

mod parse;

pub use parse::parse;

use crate::expr::Arith;
use std::f64::consts::PI;

/// The functions read here; `reduce_on_plateau` is a controller.
pub const NAMES: [&str; 14] = [
    "constant_schedule",
    "linear_schedule",
    "polynomial_schedule",
    "exponential_decay",
    "cosine_decay_schedule",
    "piecewise_constant_schedule",
    "piecewise_interpolate_schedule",
    "linear_onecycle_schedule",
    "cosine_onecycle_schedule",
    "warmup_constant_schedule",
    "warmup_cosine_decay_schedule",
    "warmup_exponential_decay_schedule",
    "sgdr_schedule",
    "join_schedules",
];

/// An Optax schedule; those that Optax builds from others are built so here.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// One rate.
    Constant(f64),
    /// `(init − end) · (1 − t/steps)^power + end`; constant `init` where `steps ≤ 0`.
    Polynomial {
        /// The first rate.
        init: f64,
        /// The last rate.
        end: f64,
        /// The exponent; 1 is `linear_schedule`.
        power: f64,
        /// Updates from the first to the last rate.
        steps: f64,
        /// Updates before it begins.
        begin: f64,
    },
    /// `init · rate^(t/steps)`, clipped at `end`.
    Exponential {
        /// The first rate.
        init: f64,
        /// Updates to which `rate` refers.
        steps: f64,
        /// The factor over `steps` updates.
        rate: f64,
        /// Updates before it begins.
        begin: f64,
        /// Only at multiples of `steps`.
        staircase: bool,
        /// A lower bound where `rate < 1`, otherwise an upper one.
        end: Option<f64>,
    },
    /// `init · ((1 − alpha) · (½(1 + cos πt/steps))^exponent + alpha)`.
    Cosine {
        /// The first rate.
        init: f64,
        /// Updates until `alpha · init`.
        steps: f64,
        /// The last rate over the first.
        alpha: f64,
        /// The exponent of the wave.
        exponent: f64,
    },
    /// The first rate times every scale whose boundary has been reached.
    PiecewiseConstant {
        /// The first rate.
        init: f64,
        /// `(update, scale)` in order.
        scales: Vec<(f64, f64)>,
    },
    /// Between points.
    PiecewiseInterpolate {
        /// `(update, rate)` in order, from update 0.
        points: Vec<(f64, f64)>,
        /// Half cosines instead of lines.
        cosine: bool,
    },
    /// Each schedule from its boundary on, counting from there.
    Join {
        /// One more than boundaries.
        schedules: Vec<Schedule>,
        /// The updates at which the next schedule takes over.
        boundaries: Vec<f64>,
    },
    /// A Python function of the count.
    Function(Arith),
}

impl Schedule {
    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        self.value(step as f64)
    }

    fn value(&self, t: f64) -> f64 {
        match self {
            Schedule::Constant(value) => *value,
            Schedule::Polynomial { init, steps, .. } if *steps <= 0.0 => *init,
            Schedule::Polynomial {
                init,
                end,
                power,
                steps,
                begin,
            } => (init - end) * (1.0 - (t - begin).clamp(0.0, *steps) / steps).powf(*power) + end,
            Schedule::Exponential {
                init, steps, rate, ..
            } if *steps <= 0.0 || *rate == 0.0 => *init,
            Schedule::Exponential {
                init,
                steps,
                rate,
                begin,
                staircase,
                end,
            } => {
                let periods = (t - begin) / steps;
                let periods = if *staircase { periods.floor() } else { periods };
                let value = if t - begin <= 0.0 {
                    *init
                } else {
                    init * rate.powf(periods)
                };
                end.map_or(value, |end| {
                    if *rate < 1.0 {
                        value.max(end)
                    } else {
                        value.min(end)
                    }
                })
            }
            Schedule::Cosine {
                init,
                steps,
                alpha,
                exponent,
            } => {
                let wave = 0.5 * (1.0 + (PI * t.min(*steps) / steps).cos());
                init * ((1.0 - alpha) * wave.powf(*exponent) + alpha)
            }
            Schedule::PiecewiseConstant { init, scales } => scales
                .iter()
                .filter(|(boundary, _)| t >= *boundary)
                .fold(*init, |value, (_, scale)| value * scale),
            Schedule::PiecewiseInterpolate { points, cosine } => {
                let within = points.windows(2).find_map(|pair| match pair {
                    &[(start, from), (end, to)] if (start..end).contains(&t) => {
                        let z = (t - start) / (end - start).max(1.0);
                        Some(if *cosine {
                            to + (from - to) / 2.0 * ((PI * z).cos() + 1.0)
                        } else {
                            (to - from) * z + from
                        })
                    }
                    _ => None,
                });
                within
                    .or(points.last().map(|&(_, value)| value))
                    .unwrap_or(f64::NAN)
            }
            Schedule::Join {
                schedules,
                boundaries,
            } => {
                let reached = boundaries.iter().rposition(|&boundary| t >= boundary);
                let (index, start) = match reached {
                    None => (0, 0.0),
                    Some(at) => (at + 1, boundaries.get(at).copied().unwrap_or(0.0)),
                };
                schedules
                    .get(index)
                    .map_or(f64::NAN, |schedule| schedule.value(t - start))
            }
            Schedule::Function(function) => function.eval(&[t]).unwrap_or(f64::NAN),
        }
    }

    /// The updates at which another schedule takes over, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        let inner: Vec<f64> = match self {
            Schedule::Join { boundaries, .. } => boundaries.clone(),
            Schedule::PiecewiseConstant { scales, .. } => {
                scales.iter().map(|(at, _)| *at).collect()
            }
            Schedule::PiecewiseInterpolate { points, .. } => {
                points.iter().map(|(at, _)| *at).collect()
            }
            _ => Vec::new(),
        };
        let mut joints: Vec<u64> = std::iter::once(0)
            .chain(inner.into_iter().map(|at| at.max(0.0).ceil() as u64))
            .collect();
        joints.sort_unstable();
        joints.dedup();
        joints
    }

    fn linear(init: f64, end: f64, steps: f64) -> Schedule {
        Schedule::Polynomial {
            init,
            end,
            power: 1.0,
            steps,
            begin: 0.0,
        }
    }

    fn interpolate(init: f64, scales: &[(f64, f64)], cosine: bool) -> Schedule {
        let mut points = vec![(0.0, init)];
        let mut value = init;
        for (at, scale) in scales {
            value *= scale;
            points.push((*at, value));
        }
        Schedule::PiecewiseInterpolate { points, cosine }
    }
}
