//! `keras.optimizers.schedules` and the `LearningRateScheduler` callback of Keras 3.15.
//!
//! Pure functions of `optimizer.iterations`, which is 0 for the first update. Keras computes them in float32;
//! these are the same formulas in f64. The optimiser's own rate has no effect on them.

use super::arguments::Arguments;
use super::recurrence::{Recurrence, longest};
use super::{Quirk, Raise, Reading};
use crate::expr::{Arith, Error, Expr};
use crate::schedule::Run;
use std::f64::consts::PI;

/// The classes read here; `ReduceLROnPlateau` is a controller.
pub const NAMES: [&str; 7] = [
    "ExponentialDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "InverseTimeDecay",
    "CosineDecay",
    "CosineDecayRestarts",
    "LearningRateScheduler",
];

/// A schedule of `keras.optimizers.schedules`.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// `initial · rate^(t/steps)`.
    Exponential(Decay),
    /// `initial / (1 + rate · t/steps)`.
    InverseTime(Decay),
    /// `values[i]` up to and including `boundaries[i]`.
    PiecewiseConstant {
        /// Increasing.
        boundaries: Vec<f64>,
        /// One more than boundaries.
        values: Vec<f64>,
    },
    /// `(initial − end) · (1 − t/steps)^power + end`.
    Polynomial {
        /// The first rate.
        initial: f64,
        /// Updates until `end`.
        steps: f64,
        /// The last rate.
        end: f64,
        /// The exponent.
        power: f64,
        /// Beyond `steps`, stretch to the next multiple of it instead of holding.
        cycle: bool,
    },
    /// Half a cosine from the initial rate (or the warm-up's target) to `alpha` times it.
    Cosine {
        /// The first rate.
        initial: f64,
        /// Updates of the decay, without the warm-up.
        steps: f64,
        /// The last rate over the highest one.
        alpha: f64,
        /// `(target, updates)` of the linear warm-up.
        warmup: Option<(f64, f64)>,
    },
    /// Cosines that start again.
    CosineRestarts {
        /// The first rate.
        initial: f64,
        /// Updates of the first period.
        first: f64,
        /// Each period is this many times as long as the one before.
        t_mul: f64,
        /// Each start is this many times as high as the one before.
        m_mul: f64,
        /// The lowest rate over the initial one.
        alpha: f64,
    },
    /// The callback `LearningRateScheduler`.
    PerEpoch(PerEpoch),
}

/// Arguments of the exponential and inverse-time decays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// The first rate.
    pub initial: f64,
    /// Updates to which `rate` refers.
    pub steps: f64,
    /// The decay over `steps` updates.
    pub rate: f64,
    /// Only at multiples of `steps`.
    pub staircase: bool,
}

impl Decay {
    fn periods(&self, t: f64) -> f64 {
        let periods = t / self.steps;
        if self.staircase {
            periods.floor()
        } else {
            periods
        }
    }
}

/// `LearningRateScheduler(schedule)`: at the start of every epoch, the rate becomes `schedule(epoch, lr)`.
#[derive(Clone, Debug, PartialEq)]
pub struct PerEpoch {
    rule: Rule,
    /// Updates per epoch; 1 where that is unknown.
    epoch_updates: f64,
    raises: Option<Raise>,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    /// The rate of the epoch before does not matter.
    Absolute(Arith),
    Recursive(Recurrence),
}

impl Schedule {
    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        let t = step as f64;
        match self {
            Schedule::Exponential(d) => d.initial * d.rate.powf(d.periods(t)),
            Schedule::InverseTime(d) => d.initial / (1.0 + d.rate * d.periods(t)),
            Schedule::PiecewiseConstant { boundaries, values } => {
                let index = boundaries.iter().filter(|&&boundary| t > boundary).count();
                values.get(index).copied().unwrap_or(f64::NAN)
            }
            Schedule::Polynomial {
                initial,
                steps,
                end,
                power,
                cycle,
            } => {
                let (t, steps) = match cycle {
                    true => (t, steps * if t == 0.0 { 1.0 } else { (t / steps).ceil() }),
                    false => (t.min(*steps), *steps),
                };
                // rounding may carry t/steps past 1 at the end of a cycle
                (initial - end) * (1.0 - t / steps).max(0.0).powf(*power) + end
            }
            Schedule::Cosine {
                initial,
                steps,
                alpha,
                warmup,
            } => {
                let decay = |t: f64, high: f64| {
                    high * ((1.0 - alpha) * 0.5 * (1.0 + (PI * t / steps).cos()) + alpha)
                };
                match *warmup {
                    None => decay(t.min(*steps), *initial),
                    Some((target, updates)) if t < updates => {
                        (target - initial) * (t / updates) + initial
                    }
                    Some((target, updates)) => decay((t - updates).min(*steps), target),
                }
            }
            Schedule::CosineRestarts {
                initial,
                first,
                t_mul,
                m_mul,
                alpha,
            } => {
                let z = t / first;
                let (n, z) = if *t_mul == 1.0 {
                    (z.floor(), z - z.floor())
                } else {
                    let n = ((1.0 - z * (1.0 - t_mul)).ln() / t_mul.ln()).floor();
                    (
                        n,
                        (z - (1.0 - t_mul.powf(n)) / (1.0 - t_mul)) / t_mul.powf(n),
                    )
                };
                initial * ((1.0 - alpha) * 0.5 * m_mul.powf(n) * (1.0 + (PI * z).cos()) + alpha)
            }
            Schedule::PerEpoch(scheduler) => scheduler.at(step),
        }
    }

    /// Where Keras raises, if it does.
    pub fn raises(&self) -> Option<&Raise> {
        match self {
            Schedule::PerEpoch(scheduler) => scheduler.raises.as_ref(),
            _ => None,
        }
    }

    /// The last update whose rate is known exactly; `None`: every one is.
    pub fn exact_until(&self) -> Option<u64> {
        match self {
            Schedule::PerEpoch(PerEpoch {
                rule: Rule::Recursive(table),
                epoch_updates,
                ..
            }) => table
                .exact_until()
                .map(|epochs| (epochs as f64 * epoch_updates) as u64),
            _ => None,
        }
    }

    /// Whether the optimiser's rate matters.
    pub fn uses_base_lr(&self) -> bool {
        matches!(
            self,
            Schedule::PerEpoch(PerEpoch {
                rule: Rule::Recursive(_),
                ..
            })
        )
    }
}

impl PerEpoch {
    fn new(schedule: Arith, run: &Run, longest: u64) -> PerEpoch {
        const TRIED: u64 = 4096;
        let epoch_updates = run.epoch_updates.unwrap_or(1.0);
        let epochs = run
            .updates
            .map(|updates| (updates as f64 / epoch_updates).ceil() as u64);
        let step = |k: u64, lr: f64| schedule.eval(&[(k - 1) as f64, lr]).unwrap_or(f64::NAN);
        let fault = (0..epochs.unwrap_or(TRIED).min(longest)).find_map(|epoch| {
            let index = (epoch as f64 * epoch_updates).ceil() as u64;
            schedule
                .eval(&[epoch as f64, run.base_lr])
                .err()
                .map(|fault| Raise {
                    index,
                    message: fault.to_string(),
                })
        });
        let rule = if schedule.uses(1) {
            let straight = |epoch: u64| schedule.line(&[epoch as f64, 0.0], 1).is_some();
            let repeats = schedule.settled(0).filter(|s| {
                s.prefix + s.period <= longest && (s.prefix..s.prefix + s.period).all(straight)
            });
            Rule::Recursive(Recurrence::new(
                run.base_lr,
                repeats,
                (epochs, longest),
                step,
            ))
        } else {
            Rule::Absolute(schedule)
        };
        PerEpoch {
            rule,
            epoch_updates,
            raises: fault,
        }
    }

    fn at(&self, step: u64) -> f64 {
        let step = self
            .raises
            .as_ref()
            .map_or(step, |raise| step.min(raise.index.saturating_sub(1)));
        let epoch = (step as f64 / self.epoch_updates).floor();
        match &self.rule {
            Rule::Absolute(schedule) => schedule.eval(&[epoch, 0.0]).unwrap_or(f64::NAN),
            Rule::Recursive(table) => table.value((epoch as u64).saturating_add(1)),
        }
    }
}

/// Reads a call of the class `kind`.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what Keras refuses.
pub fn parse(text: &str, call: &Expr, kind: &str, run: &Run) -> Result<Reading<Schedule>, Error> {
    let mut quirks = Vec::new();
    let bind = |names: &[&'static str]| Arguments::bind(text, call, names);
    let (schedule, args) = match kind {
        "ExponentialDecay" | "InverseTimeDecay" => {
            let args = bind(&[
                "initial_learning_rate",
                "decay_steps",
                "decay_rate",
                "staircase",
            ])?;
            let decay = Decay {
                initial: args.number("initial_learning_rate")?,
                steps: positive(&args, "decay_steps")?,
                rate: args.number("decay_rate")?,
                staircase: args.flag_or("staircase", false)?,
            };
            (
                if kind == "ExponentialDecay" {
                    Schedule::Exponential(decay)
                } else {
                    Schedule::InverseTime(decay)
                },
                args,
            )
        }
        "PiecewiseConstantDecay" => {
            let args = bind(&["boundaries", "values"])?;
            let (boundaries, values) = (args.numbers("boundaries")?, args.numbers("values")?);
            if boundaries.len() + 1 != values.len() {
                let message = format!(
                    "{} boundaries need {} values, found {}",
                    boundaries.len(),
                    boundaries.len() + 1,
                    values.len()
                );
                return Err(args.error("values", message));
            }
            // the step is an integer, so Keras truncates the boundaries
            let boundaries = boundaries.into_iter().map(f64::trunc).collect();
            (Schedule::PiecewiseConstant { boundaries, values }, args)
        }
        "PolynomialDecay" => {
            let args = bind(&[
                "initial_learning_rate",
                "decay_steps",
                "end_learning_rate",
                "power",
                "cycle",
            ])?;
            let schedule = Schedule::Polynomial {
                initial: args.number("initial_learning_rate")?,
                steps: positive(&args, "decay_steps")?,
                end: args.number_or("end_learning_rate", 1e-4)?,
                power: args.number_or("power", 1.0)?,
                cycle: args.flag_or("cycle", false)?,
            };
            (schedule, args)
        }
        "CosineDecay" => {
            let args = bind(&[
                "initial_learning_rate",
                "decay_steps",
                "alpha",
                "name",
                "warmup_target",
                "warmup_steps",
            ])?;
            args.given("name");
            let warmup_steps = args.number_or("warmup_steps", 0.0)?;
            if warmup_steps > 0.0 && args.given("warmup_target").is_none() {
                let message = "Keras ignores `warmup_steps` where there is no `warmup_target`";
                quirks.push(Quirk::new(message, "warmup_target= the highest rate"));
            }
            let schedule = Schedule::Cosine {
                initial: args.number("initial_learning_rate")?,
                steps: positive(&args, "decay_steps")?,
                alpha: args.number_or("alpha", 0.0)?,
                // without a target Keras ignores warmup_steps
                warmup: args
                    .opt_number("warmup_target")?
                    .map(|target| (target, warmup_steps)),
            };
            (schedule, args)
        }
        "CosineDecayRestarts" => {
            let args = bind(&[
                "initial_learning_rate",
                "first_decay_steps",
                "t_mul",
                "m_mul",
                "alpha",
            ])?;
            let schedule = Schedule::CosineRestarts {
                initial: args.number("initial_learning_rate")?,
                first: positive(&args, "first_decay_steps")?,
                t_mul: args.number_or("t_mul", 2.0)?,
                m_mul: args.number_or("m_mul", 1.0)?,
                alpha: args.number_or("alpha", 0.0)?,
            };
            (schedule, args)
        }
        "LearningRateScheduler" => {
            let args = bind(&["schedule"])?;
            let schedule = Arith::from_lambda(text, args.expr("schedule")?, 2)?;
            (
                Schedule::PerEpoch(PerEpoch::new(schedule, run, longest(text))),
                args,
            )
        }
        _ => {
            return Err(
                Error::at(text, call.span, format!("Keras has no schedule `{kind}`"))
                    .suggest(kind, &NAMES),
            );
        }
    };
    Ok(Reading {
        schedule,
        notes: args.finish()?,
        quirks,
    })
}

fn positive(args: &Arguments, name: &str) -> Result<f64, Error> {
    let value = args.number(name)?;
    if value > 0.0 {
        Ok(value)
    } else {
        Err(args.error(
            name,
            format!("`{name}` must be greater than 0, not {value}"),
        ))
    }
}
