//! Closed forms of the schedulers that contain no others.
//!
//! Every one maps the rate that it finds to `lr * slope + offset`; this file composes any number of such steps.

use super::Scheduler;
use crate::expr::{Fault, Settled};
use std::f64::consts::PI;

/// How much of torch's counters a closed form needs: `last_epoch` and `_step_count`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Position {
    pub last: i64,
    pub count: i64,
}

impl Position {
    pub fn plus(self, steps: i64) -> Position {
        Position {
            last: self.last.saturating_add(steps),
            count: self.count.saturating_add(steps),
        }
    }
}

/// What steps of a scheduler do to the rate that they find.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// They overwrite it.
    Absolute,
    /// They multiply it, and any number of steps has a closed form.
    Factor,
    /// They map it to a straight line, and any number of steps has a closed form.
    Affine,
    /// They multiply it, one step at a time.
    Stepwise,
}

/// A scheduler that contains no others, with the base rate that it remembered at construction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub scheduler: Scheduler,
    pub base: f64,
}

pub(super) const DIVISION: &str = "ZeroDivisionError: float division by zero";

/// Beyond this many periods torch's own phase has lost 12 bits; whole periods are then removed first.
pub(super) const FAR: i64 = 4096;

impl Leaf {
    pub fn effect(&self) -> Effect {
        use Scheduler::*;
        match self.scheduler {
            Lambda(_) | WarmRestarts { .. } | Cyclic(_) | OneCycle(_) => Effect::Absolute,
            CosineAnnealing { .. } | Swa { .. } => Effect::Affine,
            Multiplicative(_) => Effect::Stepwise,
            _ => Effect::Factor,
        }
    }

    /// The rate after `steps ≥ 1` calls of `step()`; for [`Effect::Stepwise`] only one.
    pub fn after(&self, lr: f64, from: Position, steps: i64) -> f64 {
        let to = from.plus(steps);
        match &self.scheduler {
            Scheduler::CosineAnnealing { t_max, eta_min } => {
                cosine(self.base, *t_max, *eta_min, lr, from.last, to.last)
            }
            Scheduler::Swa {
                swa_lr,
                anneal_epochs,
                anneal,
            } => {
                let alpha = |count: i64| anneal.alpha(count - 1, *anneal_epochs);
                swa(lr, *swa_lr, alpha(from.count), alpha(to.count))
            }
            Scheduler::Multiplicative(lambda) => lr * value(lambda.eval(&[to.last as f64])),
            _ if self.effect() == Effect::Absolute => self.value(to.last),
            _ => lr * self.factor(from.last, to.last),
        }
    }

    /// The initial step at construction: `last` is 0 and the schedulers that have a previous rate keep it.
    pub fn initial(&self, lr: f64) -> f64 {
        use Scheduler::*;
        match self.scheduler {
            Multiplicative(_) | Exponential { .. } | Polynomial { .. } | CosineAnnealing { .. } => {
                lr
            }
            _ => self.after(lr, Position { last: -1, count: 0 }, 1),
        }
    }

    /// What `SequentialLR` does at a milestone, `_update_lr(0)`: the closed form where torch has one.
    pub fn restart(&self, lr: f64, count: i64) -> Result<f64, &'static str> {
        use Scheduler::*;
        Ok(match &self.scheduler {
            Step { .. } | Exponential { .. } => self.base,
            MultiStep { .. } => self.base * self.factor(-1, 0),
            Constant {
                factor,
                total_iters,
            } => self.base * if *total_iters == 0 { 1.0 } else { *factor },
            Linear { total_iters: 0, .. } | Polynomial { total_iters: 0, .. } => {
                return Err(DIVISION);
            }
            Linear { start_factor, .. } => self.base * start_factor,
            Polynomial { .. } => self.base,
            CosineAnnealing { eta_min, .. } => eta_min + (self.base - eta_min),
            Swa { .. } => self.after(
                lr,
                Position {
                    last: -1,
                    count: count - 1,
                },
                1,
            ),
            _ => self.after(lr, Position { last: -1, count: 0 }, 1),
        })
    }

    /// The momentum in force while `last_epoch` is `last`, where the scheduler cycles it.
    pub fn momentum(&self, last: i64) -> Option<f64> {
        match &self.scheduler {
            Scheduler::Cyclic(c) if c.cycle_momentum => {
                Some(c.max_momentum - (c.max_momentum - c.base_momentum) * c.height(last))
            }
            Scheduler::OneCycle(c) if c.cycle_momentum => {
                c.at(last).ok().map(|(_, momentum)| momentum)
            }
            _ => None,
        }
    }

    /// The rate of a scheduler that overwrites.
    fn value(&self, last: i64) -> f64 {
        match &self.scheduler {
            Scheduler::Lambda(lambda) => self.base * value(lambda.eval(&[last as f64])),
            Scheduler::WarmRestarts {
                t_0,
                t_mult,
                eta_min,
            } => {
                let (done, period) = period_of(last.max(0).unsigned_abs(), *t_0, *t_mult);
                half_cosine(self.base, *eta_min, done as f64, period as f64)
            }
            Scheduler::Cyclic(c) => c.base_lr + (c.max_lr - c.base_lr) * c.height(last),
            Scheduler::OneCycle(c) => c.at(last).map_or(f64::NAN, |(lr, _)| lr),
            _ => f64::NAN,
        }
    }

    /// The product of the factors of steps `from + 1 ..= to`.
    fn factor(&self, from: i64, to: i64) -> f64 {
        let within = |at: u64| i64::try_from(at).is_ok_and(|at| from < at && at <= to);
        match &self.scheduler {
            Scheduler::Step { step_size, gamma } => {
                let size = i64::try_from(*step_size).unwrap_or(i64::MAX).max(1);
                gamma.powf((to.max(0) / size - from.max(0) / size) as f64)
            }
            Scheduler::MultiStep { milestones, gamma } => {
                gamma.powf(milestones.iter().filter(|&&at| within(at)).count() as f64)
            }
            Scheduler::Constant {
                factor,
                total_iters,
            } => {
                let start = if within(0) { *factor } else { 1.0 };
                if *total_iters > 0 && within(*total_iters) {
                    start * (1.0 / factor)
                } else {
                    start
                }
            }
            Scheduler::Linear {
                start_factor,
                end_factor,
                total_iters,
            } => {
                let iters = *total_iters as f64;
                let line = |at: i64| match iters {
                    0.0 => *start_factor,
                    _ => {
                        start_factor + (end_factor - start_factor) * (at as f64).min(iters) / iters
                    }
                };
                match from {
                    ..0 => line(to),
                    from if from as f64 >= iters => 1.0, // the end may be 0
                    from => line(to) / line(from),
                }
            }
            Scheduler::Exponential { gamma } => gamma.powf((to - from) as f64),
            Scheduler::Polynomial { total_iters, power } => {
                let iters = *total_iters as f64;
                let left = |at: i64| 1.0 - (at as f64).min(iters) / iters;
                if from as f64 >= iters {
                    1.0
                } else {
                    (left(to) / left(from)).powf(*power)
                }
            }
            _ => f64::NAN,
        }
    }

    /// The first `last_epoch` after `last` at which `step()` raises, and the exception. Lambdas are tried up
    /// to `tried`.
    pub fn raises(&self, last: i64, tried: i64) -> Option<(i64, String)> {
        match &self.scheduler {
            Scheduler::Constant {
                factor,
                total_iters,
            } if *factor == 0.0 && *total_iters > 0 => {
                let at = i64::try_from(*total_iters).ok()?;
                (at > last).then(|| (at, DIVISION.to_owned()))
            }
            Scheduler::Polynomial { total_iters: 0, .. } if last < 0 => {
                Some((0, DIVISION.to_owned()))
            }
            Scheduler::OneCycle(c) => c.raises(last),
            Scheduler::Lambda(lambda) | Scheduler::Multiplicative(lambda) => (last + 1..=tried)
                .find_map(|at| {
                    lambda
                        .eval(&[at as f64])
                        .err()
                        .map(|fault| (at, fault.to_string()))
                }),
            _ => None,
        }
    }

    /// From which step after `from` on the steps repeat.
    pub fn settled(&self, from: Position) -> Option<Settled> {
        let local = match &self.scheduler {
            Scheduler::Step { step_size, .. } => Settled {
                prefix: 1,
                period: *step_size,
            },
            Scheduler::MultiStep { milestones, .. } => {
                once(milestones.iter().max().copied().unwrap_or(0))
            }
            Scheduler::Constant { total_iters, .. }
            | Scheduler::Linear { total_iters, .. }
            | Scheduler::Polynomial { total_iters, .. } => once(*total_iters),
            Scheduler::Exponential { .. } => once(0),
            Scheduler::Multiplicative(lambda) => lambda.settled(0)?,
            Scheduler::CosineAnnealing { t_max, .. } if whole(*t_max) => Settled {
                prefix: 1,
                period: 2 * *t_max as u64,
            },
            Scheduler::Swa { anneal_epochs, .. } => {
                let left = i64::try_from(*anneal_epochs)
                    .ok()?
                    .saturating_sub(from.count)
                    .saturating_add(2)
                    .max(0);
                return Some(once(left.unsigned_abs()));
            }
            _ => return None,
        };
        let prefix = i64::try_from(local.prefix)
            .ok()?
            .saturating_sub(from.last)
            .max(0)
            .unsigned_abs();
        Some(Settled { prefix, ..local })
    }
}

/// Constant after the step `at`.
fn once(at: u64) -> Settled {
    Settled {
        prefix: at.saturating_add(1),
        period: 1,
    }
}

pub(super) fn value(result: Result<f64, Fault>) -> f64 {
    result.unwrap_or(f64::NAN)
}

fn whole(x: f64) -> bool {
    x == x.trunc() && (1.0..1e15).contains(&x)
}

/// Half a cosine from `high` (at `done` 0) to `low` (at `period`), as torch writes it.
fn half_cosine(high: f64, low: f64, done: f64, period: f64) -> f64 {
    low + (high - low) * (1.0 + (PI * done / period).cos()) / 2.0
}

/// `(T_cur, T_i)` of the period that contains step `t`, in integers.
fn period_of(t: u64, first: u64, grow: u64) -> (u64, u64) {
    let (mut start, mut period) = (0u64, first.max(1));
    if grow <= 1 {
        return (t % period, period);
    }
    while t - start >= period {
        start += period;
        period = period.saturating_mul(grow);
    }
    (t - start, period)
}

/// The rate after `CosineAnnealingWarmRestarts.step(epoch)`, whose argument need not be whole: torch finds the
/// period by a logarithm, which misses some exact restarts (`T_0=1, T_mult=3` at 121), and so does this.
pub fn warm_restarts_at_epoch(base: f64, t_0: u64, t_mult: u64, eta_min: f64, epoch: f64) -> f64 {
    let (first, grow) = (t_0 as f64, t_mult as f64);
    let (done, period) = if epoch < first {
        (epoch, first)
    } else if t_mult == 1 {
        (epoch % first, first)
    } else {
        let n = ((epoch / first * (grow - 1.0) + 1.0).ln() / grow.ln()).trunc();
        (
            epoch - first * (grow.powf(n) - 1.0) / (grow - 1.0),
            first * grow.powf(n),
        )
    };
    half_cosine(base, eta_min, done, period)
}

/// `CosineAnnealingLR`'s recursion from step `from` to step `to`: ratios of `1 + cos`, which telescope, and a fresh
/// start from `base` one step after each minimum.
fn cosine(base: f64, t_max: f64, eta_min: f64, lr: f64, from: i64, to: i64) -> f64 {
    let wave = |n: i64| {
        let far = t_max >= 1.0 && whole(t_max) && n / (2 * t_max as i64) >= FAR;
        let n = if far { n % (2 * t_max as i64) } else { n };
        1.0 + (PI * n as f64 / t_max).cos()
    };
    let ratio = |lr: f64, a: i64, b: i64| {
        if a == b {
            lr
        } else {
            wave(b) / wave(a) * (lr - eta_min) + eta_min
        }
    };
    if whole(t_max) {
        let t_max = t_max as i64;
        let fresh = to - (to - t_max - 1).rem_euclid(2 * t_max);
        if fresh > from {
            let before = if fresh - 1 == from { lr } else { eta_min };
            let start = before + (base - eta_min) * (1.0 - (PI / t_max as f64).cos()) / 2.0;
            return ratio(start, fresh, to);
        }
    }
    ratio(lr, from, to)
}

/// `SWALR`'s recursion between two positions of its transition, 0 to 1.
fn swa(lr: f64, swa_lr: f64, from: f64, to: f64) -> f64 {
    let first = if from == 1.0 {
        swa_lr
    } else {
        (lr - from * swa_lr) / (1.0 - from)
    };
    swa_lr * to + first * (1.0 - to)
}
