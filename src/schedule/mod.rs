//! Learning-rate schedules: pure functions of the applied update, counted from 0.
//!
//! A [`Spec`] is what a person wrote, units and all; resolved against a [`Run`] it is a [`Schedule`], which gives
//! the rate of any update in the time of one. Nothing steps, nothing remembers; what has memory is a controller
//! ([`crate::control`]), and a [`LearningRate`] holds both.
//!
//! ```
//! use kiln::schedule::{Run, Spec};
//!
//! let spec: Spec = "warmup(10) then cosine(to=1e-5)".parse()?;
//! let schedule = spec.resolve(&Run { updates: Some(1000), ..Run::new(0.1) })?;
//! assert_eq!(schedule.at(4), 0.05); // halfway up: update t uses (t + 1) / 10, so that no update has rate 0
//! assert_eq!(schedule.at(10), 0.1);
//! assert_eq!(schedule.at(1_000_000), 1e-5); // the end is held
//! assert_eq!(schedule.to_string(), "warmup(10, 0.1) then cosine(0.1 -> 1e-5, 990)");
//! # Ok::<(), kiln::expr::Error>(())
//! ```
//!
//! The same in Rust:
//!
//! ```
//! use kiln::schedule::Schedule;
//!
//! let schedule = Schedule::warmup(0.1, 10).then(10, Schedule::cosine(0.1, 1e-5, 990));
//! assert_eq!(schedule.at(10), 0.1);
//! ```
//!
//! - [`curves`]: the curves, by family, each with formula and origin
//! - [`combinator`]: schedules made of schedules
//! - [`language`]: names, units and defaults of the written form
//! - [`explain`]: what there is, and what a person wants to know about it
//! - [`convert`]: from and to the frameworks' spellings

mod binding;
mod build;
mod change;
pub mod combinator;
pub mod combinators;
mod compose;
pub mod convert;
pub mod curve;
pub mod curves;
mod display;
pub mod explain;
pub mod formula;
pub mod frameworks;
pub mod language;
mod learning_rate;
mod lint;
mod measure;
mod rate;
mod run;
mod segment;
pub mod signature;
mod spec;
mod syntax;
mod time;
mod unit;
mod wsd;

pub use change::OnChange;
pub use curve::Page;
pub use learning_rate::LearningRate;
pub use lint::{Finding, Severity};
pub use rate::{Rate, Saved};
pub use run::Run;
pub use segment::Segment;
pub use spec::Spec;
pub use time::Time;
pub use unit::start_and_every;

use combinator::{Restart, Then, bounded, mirrored, warped};
use curve::Curve;
use formula::Formula;
use frameworks::Spelling;

/// A resolved schedule: a value that gives the rate of any update.
///
/// Rates are absolute, durations are in applied updates. `Display` writes it in kiln's language, and that text,
/// resolved against any run, is the same schedule again; it is also its serialised form.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// One curve.
    Curve(Curve),
    /// Arithmetic over step, epoch and progress.
    Formula(Formula),
    /// A framework's schedule, with exactly its values.
    Framework(Box<Spelling>),
    /// One after the other.
    Then(Then),
    /// The sum.
    Sum(Vec<Schedule>),
    /// The first minus the second, at least 0.
    Difference(Box<[Schedule; 2]>),
    /// A rate times factors.
    Product {
        /// The rate.
        rate: Box<Schedule>,
        /// What multiplies it: schedules whose `1x` is 1.
        factors: Vec<Schedule>,
    },
    /// A number times a schedule.
    Scale {
        /// The number, from 0.
        by: f64,
        /// The schedule.
        inner: Box<Schedule>,
    },
    /// The lowest of several.
    Min(Vec<Schedule>),
    /// The highest of several.
    Max(Vec<Schedule>),
    /// Kept between two rates.
    Clamp {
        /// The schedule.
        inner: Box<Schedule>,
        /// The lowest rate; 0 for none.
        min: f64,
        /// The highest rate, if there is one.
        max: Option<f64>,
    },
    /// Its first rate is held for `by` updates before it starts.
    Delay {
        /// The schedule.
        inner: Box<Schedule>,
        /// Updates.
        by: u64,
    },
    /// Run more slowly.
    Stretch {
        /// The schedule.
        inner: Box<Schedule>,
        /// By this factor, above 0.
        by: f64,
    },
    /// Time bent: share z of `over` becomes z^power.
    Warp {
        /// The schedule.
        inner: Box<Schedule>,
        /// The power, above 0.
        power: f64,
        /// Updates.
        over: u64,
    },
    /// Forwards, then backwards, and so on.
    Mirror {
        /// The schedule.
        inner: Box<Schedule>,
        /// Updates in one direction.
        over: u64,
    },
    /// Again and again.
    Restart(Restart),
    /// Held from update `over` on.
    Until {
        /// The schedule.
        inner: Box<Schedule>,
        /// Updates.
        over: u64,
    },
    /// A rate set by hand for a while, in which the schedule goes on underneath.
    Override {
        /// The schedule.
        inner: Box<Schedule>,
        /// The rate set by hand.
        rate: f64,
        /// From this update on.
        from: u64,
        /// Before this update; `u64::MAX` for ever.
        until: u64,
    },
}

impl Schedule {
    /// The rate that update `step` uses, counted in applied updates from 0.
    ///
    /// Finite and from 0, except where a framework's spelling truly gives something else; lint says where.
    /// Takes time in the size of the expression, however late the step.
    pub fn at(&self, step: u64) -> f64 {
        self.value(Time::from(step))
    }

    /// The momentum (β₁ of Adam) that update `step` uses, where the schedule carries one.
    pub fn momentum_at(&self, step: u64) -> Option<f64> {
        self.momentum(Time::from(step))
    }

    /// Whether a momentum may come of it; if not, [`momentum_at`](Self::momentum_at) gives none at any update.
    pub fn carries_momentum(&self) -> bool {
        let any = |parts: &[Schedule]| parts.iter().any(Schedule::carries_momentum);
        match self {
            Schedule::Curve(curve) => curve.momentum(Time::from(0)).is_some(),
            Schedule::Formula(_) => false,
            Schedule::Framework(spelling) => spelling.cycles_momentum(),
            Schedule::Then(then) => then.0.iter().any(|part| part.schedule.carries_momentum()),
            Schedule::Sum(parts) | Schedule::Min(parts) | Schedule::Max(parts) => any(parts),
            Schedule::Difference(parts) => any(parts.as_slice()),
            Schedule::Product { rate, factors } => rate.carries_momentum() || any(factors),
            Schedule::Restart(restart) => restart.inner.carries_momentum(),
            Schedule::Scale { inner, .. }
            | Schedule::Clamp { inner, .. }
            | Schedule::Delay { inner, .. }
            | Schedule::Stretch { inner, .. }
            | Schedule::Warp { inner, .. }
            | Schedule::Mirror { inner, .. }
            | Schedule::Until { inner, .. }
            | Schedule::Override { inner, .. } => inner.carries_momentum(),
        }
    }

    /// The update from which on it holds its last rate; `None` if it never ends.
    ///
    /// A sum, product, minimum or maximum ends with the last of its parts that has an end.
    pub fn length(&self) -> Option<u64> {
        match self {
            Schedule::Curve(curve) => curve.length(),
            Schedule::Formula(formula) => formula.over,
            Schedule::Framework(_) => None,
            Schedule::Then(then) => {
                let last = then.0.last()?;
                last.start.checked_add(last.schedule.length()?)
            }
            Schedule::Sum(parts) | Schedule::Min(parts) | Schedule::Max(parts) => longest(parts),
            Schedule::Difference(parts) => longest(parts.as_slice()),
            Schedule::Product { rate, factors } => rate.length().max(longest(factors)),
            Schedule::Scale { inner, .. } | Schedule::Clamp { inner, .. } => inner.length(),
            Schedule::Delay { inner, by } => inner.length()?.checked_add(*by),
            Schedule::Stretch { inner, by } => {
                let length = inner.length()? as f64 * by;
                (length < 9e18).then(|| length.ceil() as u64)
            }
            Schedule::Warp { over, .. } | Schedule::Until { over, .. } => Some(*over),
            Schedule::Mirror { .. } => None,
            Schedule::Restart(restart) => restart.length(),
            Schedule::Override { inner, .. } => inner.length(),
        }
    }

    fn value(&self, t: Time) -> f64 {
        let values = |parts: &[Schedule], fold: fn(f64, f64) -> f64| {
            parts.iter().map(|part| part.value(t)).reduce(fold)
        };
        match self {
            Schedule::Curve(curve) => curve.value(t),
            Schedule::Formula(formula) => formula.value(t),
            Schedule::Framework(spelling) => spelling.at(t.whole),
            Schedule::Then(then) => then
                .locate(t)
                .map_or(0.0, |(schedule, local)| schedule.value(local)),
            Schedule::Sum(parts) => bounded(values(parts, |a, b| a + b).unwrap_or(0.0)),
            Schedule::Difference(parts) => {
                let [left, right] = parts.as_ref();
                bounded((left.value(t) - right.value(t)).max(0.0))
            }
            Schedule::Product { rate, factors } => {
                factors.iter().fold(rate.value(t), |product, factor| {
                    bounded(product * factor.value(t))
                })
            }
            Schedule::Scale { by, inner } => bounded(by * inner.value(t)),
            Schedule::Min(parts) => values(parts, f64::min).unwrap_or(0.0),
            Schedule::Max(parts) => values(parts, f64::max).unwrap_or(0.0),
            Schedule::Clamp { inner, min, max } => {
                inner.value(t).min(max.unwrap_or(f64::MAX)).max(*min)
            }
            Schedule::Restart(restart) => {
                let (cycle, local) = restart.locate(t);
                let amplitude = if restart.decay == 1.0 {
                    1.0
                } else {
                    restart.decay.powf(cycle as f64)
                };
                bounded(restart.inner.value(local) * amplitude)
            }
            Schedule::Override {
                rate, from, until, ..
            } if (*from..*until).contains(&t.whole) => *rate,
            _ => self
                .inner_at(t)
                .map_or(0.0, |(inner, local)| inner.value(local)),
        }
    }

    fn momentum(&self, t: Time) -> Option<f64> {
        let first = |parts: &[Schedule]| parts.iter().find_map(|part| part.momentum(t));
        match self {
            Schedule::Curve(curve) => curve.momentum(t),
            Schedule::Formula(_) => None,
            Schedule::Framework(spelling) => spelling.momentum_at(t.whole),
            Schedule::Sum(parts) | Schedule::Min(parts) | Schedule::Max(parts) => first(parts),
            Schedule::Difference(parts) => first(parts.as_slice()),
            Schedule::Product { rate, factors } => rate.momentum(t).or_else(|| first(factors)),
            _ => self
                .inner_at(t)
                .and_then(|(inner, local)| inner.momentum(local)),
        }
    }

    /// The schedule inside and the time it is at, for those that only pass time on.
    fn inner_at(&self, t: Time) -> Option<(&Schedule, Time)> {
        match self {
            Schedule::Then(then) => then.locate(t),
            Schedule::Delay { inner, by } => Some((inner, t.since(*by))),
            Schedule::Stretch { inner, by } => Some((inner, t.slower(*by))),
            Schedule::Warp { inner, power, over } => Some((inner, warped(t, *over, *power))),
            Schedule::Mirror { inner, over } => Some((inner, mirrored(t, *over))),
            Schedule::Restart(restart) => Some((&restart.inner, restart.locate(t).1)),
            Schedule::Until { inner, over } => Some((inner, t.until(*over))),
            Schedule::Scale { inner, .. }
            | Schedule::Clamp { inner, .. }
            | Schedule::Override { inner, .. } => Some((inner, t)),
            _ => None,
        }
    }
}

fn longest(parts: &[Schedule]) -> Option<u64> {
    parts.iter().filter_map(Schedule::length).max()
}

#[cfg(test)]
mod tests;
