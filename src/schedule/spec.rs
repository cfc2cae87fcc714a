//! A schedule as a person writes it, units and all.

use super::language::{Scope, names};
use super::{Finding, Run, Schedule, lint};
use crate::expr::{self, Error, Expr};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A parsed schedule expression, not yet resolved against a run.
///
/// Parsing checks the grammar, every name and every argument's name; what depends on the run (units, the rest
/// of it) is checked by [`Spec::resolve`]. `Display` writes canonical text that parses back to an equal value,
/// and that text is the serialised form.
///
/// ```
/// use kiln::schedule::Spec;
///
/// let error = "warmup(500) then cosin(to=1e-5)".parse::<Spec>().unwrap_err();
/// assert!(error.to_string().starts_with("column 18: unknown schedule `cosin`; did you mean `cosine`?"));
/// ```
#[derive(Clone, Debug)]
pub struct Spec {
    text: String,
    expr: Expr,
}

impl Spec {
    /// A specification from an expression that is part of a text.
    ///
    /// # Errors
    /// An unknown name or an unknown argument.
    pub fn from_expr(text: &str, expr: Expr) -> Result<Spec, Error> {
        let unknown_base = Run::new(f64::NAN);
        Scope::new(text, &unknown_base).measure(&expr)?;
        Ok(Spec {
            text: text.to_owned(),
            expr,
        })
    }

    /// The schedule in a run: absolute rates, durations in updates.
    ///
    /// # Errors
    /// A unit that needs something the run does not say, a value out of its range, a part for which nothing of
    /// the run is left.
    pub fn resolve(&self, run: &Run) -> Result<Schedule, Error> {
        Scope::new(&self.text, run).resolve(&self.expr)
    }

    /// What is worth saying about the schedule in this run, the worst first. What [`Spec::resolve`] refuses is
    /// among it, as an error.
    pub fn lint(&self, run: &Run) -> Vec<Finding> {
        lint::lint(self, run)
    }

    /// The text that was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Every name that the language knows for a schedule.
    pub fn names() -> impl Iterator<Item = &'static str> {
        names()
    }
}

impl PartialEq for Spec {
    fn eq(&self, other: &Spec) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Spec, Error> {
        Spec::from_expr(text, expr::parse(text)?)
    }
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl FromStr for Schedule {
    type Err = Error;

    /// Reads what `Display` writes: absolute rates and updates, or anything else that needs no run.
    fn from_str(text: &str) -> Result<Schedule, Error> {
        text.parse::<Spec>()?.resolve(&Run::new(1.0))
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
