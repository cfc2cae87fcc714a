//! The same schedule in another language: a framework's line in kiln's words, kiln's words as PyTorch or Optax code.
//!
//! Every conversion of a schedule proves itself: what it gives is read back and compared with the original, update by update over
//! the run (its first 10,000 updates, and around every joint). Where a framework misbehaves and kiln's words say what
//! was meant, comment lines above the expression say from which update on the two differ. What a language cannot say
//! is an error that names the reason and the way out. Controllers have no rates to compare; theirs follow the rules in
//! [`crate::control`], which the reference cases check.
//!
//! ```
//! use kiln::schedule::convert::{Language, convert};
//! use kiln::schedule::{LearningRate, Run};
//!
//! let run = Run { updates: Some(100), ..Run::new(0.1) };
//! let torch: LearningRate = "torch.CosineAnnealingLR(optimizer, T_max=100)".parse()?;
//! assert_eq!(convert(&torch, &run, Language::Native).as_deref(), Ok("cosine(to=0, over=100)"));
//!
//! let native: LearningRate = "warmup(5) then linear".parse()?;
//! let code = convert(&native, &run, Language::Optax).unwrap_or_default();
//! assert!(code.starts_with("optax.join_schedules([optax.linear_schedule("), "{code}");
//! # Ok::<(), kiln::expr::Error>(())
//! ```

mod code;
mod control;
mod framework;
mod native;

use super::frameworks::{Framework, kind_of};
use super::{LearningRate, Run, Schedule};
use crate::expr;
use std::fmt;

/// A language that schedules are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// kiln's own.
    Native,
    /// Python for `torch.optim.lr_scheduler`; `optimizer` has the run's base rate.
    Torch,
    /// Python for Optax; the rates are absolute.
    Optax,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Native => "kiln's language",
            Language::Torch => "PyTorch",
            Language::Optax => "Optax",
        })
    }
}

/// Why there is no conversion.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The schedule itself is wrong for this run.
    #[error(transparent)]
    Schedule(Box<expr::Error>),
    /// The run does not say what a unit or a default refers to.
    #[error("{cause}\nhere: give {flag}")]
    Unknown {
        /// What could not be resolved.
        cause: Box<expr::Error>,
        /// The flag that says it.
        flag: &'static str,
    },
    /// The language has no words for it.
    #[error("`{what}` cannot be written in {language}: {why}\ninstead: {instead}")]
    NoForm {
        /// The part that cannot be said.
        what: String,
        /// The language.
        language: Language,
        /// The reason.
        why: String,
        /// What can be done.
        instead: String,
    },
}

impl From<expr::Error> for Error {
    fn from(error: expr::Error) -> Error {
        Error::Schedule(Box::new(error))
    }
}

/// A schedule in another language, with the same rates in this run.
///
/// kiln's language: a framework's line becomes an expression, absolute where the framework's rates are (Keras, Optax),
/// in multiples of the base rate otherwise; lines that start with `#` say where it differs. PyTorch, Optax: an
/// expression to paste into Python, with units resolved against the run. One `scheduler.step()` is one update.
///
/// # Errors
/// See [`Error`].
pub fn convert(plan: &LearningRate, run: &Run, to: Language) -> Result<String, Error> {
    let schedule = resolved(plan, run)?;
    match to {
        Language::Native => native::native(plan, &schedule, run),
        Language::Torch | Language::Optax => {
            let written = expr::parse(&plan.to_string())?;
            let own = match to {
                Language::Torch => Framework::Torch,
                _ => Framework::Optax,
            };
            if kind_of(&written).is_some_and(|(framework, _)| framework == own) {
                return Ok(code::pasteable(&written, own).to_string());
            }
            match plan.controls() {
                [] => code::code(&schedule, run, to),
                [control] if is_constant(&schedule, run) => control::code(control, to),
                [control, ..] => Err(control::together(control, to)),
            }
        }
    }
}

fn is_constant(schedule: &Schedule, run: &Run) -> bool {
    matches!(schedule, Schedule::Curve(curve) if curve.name() == "constant")
        && schedule.at(0) == run.base_lr
}

/// The pure part, or what the run would have to say.
fn resolved(plan: &LearningRate, run: &Run) -> Result<Schedule, Error> {
    plan.spec().resolve(run).map_err(|cause| {
        let told = [
            (
                "the length of the run (--steps)",
                Run {
                    updates: run.updates.or(Some(1_000_000)),
                    ..*run
                },
            ),
            (
                "the updates per epoch (--epoch-steps)",
                Run {
                    epoch_updates: run.epoch_updates.or(Some(1.0)),
                    ..*run
                },
            ),
            (
                "the samples per update (--batch-size)",
                Run {
                    batch: run.batch.or(Some(1)),
                    ..*run
                },
            ),
        ];
        // it is what was missing if the complaint is gone
        let helps = |told: &Run| match plan.spec().resolve(told) {
            Ok(_) => true,
            Err(error) => error.message() != cause.message(),
        };
        match told.iter().find(|(_, told)| helps(told)) {
            Some((flag, _)) => Error::Unknown {
                cause: Box::new(cause),
                flag,
            },
            None => cause.into(),
        }
    })
}

/// How many updates are compared one by one.
const COMPARED: u64 = 10_000;
/// Rates are the same if they differ by no more than this share of the highest.
const SAME: f64 = 1e-12;

/// The first update at which two schedules differ in a run, in rate or in momentum.
fn first_difference(a: &Schedule, b: &Schedule, run: &Run) -> Option<u64> {
    let end = run.updates.unwrap_or(COMPARED);
    let near = [a.joints(), b.joints()].concat().into_iter();
    let near = near.flat_map(|joint| [joint.saturating_sub(1), joint, joint.saturating_add(1)]);
    let mut steps: Vec<u64> = (0..end.min(COMPARED))
        .chain(near.filter(|&step| step < end))
        .collect();
    steps.sort_unstable();
    let peak = steps
        .iter()
        .map(|&step| a.at(step).abs())
        .fold(0.0, f64::max);
    // NaN differs from everything
    let alike = |x: f64, y: f64, unit: f64| (x - y).abs() <= SAME * unit;
    let momenta = |step: u64| match (a.momentum_at(step), b.momentum_at(step)) {
        (Some(a), Some(b)) => alike(a, b, 1.0),
        (a, b) => a == b,
    };
    steps
        .into_iter()
        .find(|&step| !alike(a.at(step), b.at(step), peak) || !momenta(step))
}

#[cfg(test)]
mod tests;
