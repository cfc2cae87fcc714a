//! Durations and rates with units, resolved against a run.

use super::Run;
use crate::expr::{self, Args, Arith, Error, Expr, Node, UnaryOp, Unit};

/// Durations above this many updates are refused: no step can reach them.
const LONGEST: f64 = 9_223_372_036_854_775_808.0;

/// A duration in updates, not rounded: `10ep` may end in the middle of an update.
pub(super) fn updates(text: &str, expr: &Expr, run: &Run, what: &str) -> Result<f64, Error> {
    let fail = |message: String| Err(Error::at(text, expr.span, message));
    let (value, unit) = match &expr.node {
        Node::Number { value, unit, .. } => (*value, *unit),
        _ => (
            constant(
                text,
                expr,
                what,
                "a duration such as 500, 10ep, 1e6sp or 30%",
            )?,
            None,
        ),
    };
    let missing = |what_is: &str, unit: &str, example: &str| {
        fail(format!(
            "`{expr}` needs {what_is}, which is not known here; say it, or write updates ({example}) instead of {unit}"
        ))
    };
    let length = match unit {
        None | Some(Unit::Updates) if value.fract() == 0.0 && value >= 0.0 => value,
        None | Some(Unit::Updates) if value < 0.0 => {
            return fail(format!("`{what}` cannot be negative"));
        }
        None if value < 1.0 => {
            let share = value * 100.0;
            return fail(format!(
                "`{what}` is in whole updates; for a share of the run write {share}%"
            ));
        }
        None | Some(Unit::Updates) => {
            return fail(format!(
                "`{what}` is in whole updates; {value} is not whole"
            ));
        }
        Some(Unit::Epochs) => match run.epoch_updates {
            Some(epoch) => value * epoch,
            None => return missing("the updates per epoch", "epochs", "500up"),
        },
        Some(Unit::Samples) => match run.batch {
            Some(batch) if batch > 0 => value / batch as f64,
            _ => return missing("the batch size", "samples", "500up"),
        },
        Some(Unit::Percent) => match run.updates {
            Some(updates) => value / 100.0 * updates as f64,
            None => return missing("the length of the run", "a percentage", "500up"),
        },
        Some(Unit::Times) => {
            return fail(format!("`{what}` is a duration; `x` is the unit of rates"));
        }
    };
    if length <= LONGEST {
        Ok(length)
    } else {
        fail(format!("`{what}` is longer than 2^63 updates"))
    }
}

/// A duration in whole updates, rounded to the nearest.
pub(super) fn whole_updates(text: &str, expr: &Expr, run: &Run, what: &str) -> Result<u64, Error> {
    Ok(updates(text, expr, run, what)?.round() as u64)
}

/// Reads a call such as `swa(75%, every=2ep)`: when something starts and how often it happens, in
/// updates rounded to the nearest. It happens once an epoch if nothing is said.
///
/// # Errors
/// What is missing, unknown or no duration, and durations that this run cannot know.
pub fn start_and_every(text: &str, run: &Run) -> Result<(u64, u64), Error> {
    let call = expr::parse(text)?;
    let args = Args::bind(text, &call, &["start", "every"])?;
    let start = args.expr("start")?;
    let start = whole_updates(text, start, run, "start")?;
    let every = match (args.opt_expr("every"), run.epoch_updates) {
        (Some(every), _) => whole_updates(text, every, run, "every")?,
        (None, Some(epoch)) => epoch.round() as u64,
        (None, None) => return Err(args.error("every", "`every` is not given and no epoch known")),
    };
    args.finish()?;
    Ok((start, every))
}

/// A rate: a plain number as it is, `x` times the base rate. Finite and from 0.
pub(super) fn rate(text: &str, expr: &Expr, base: f64, what: &str) -> Result<f64, Error> {
    let value = match &expr.node {
        Node::Number {
            value,
            unit: Some(Unit::Times),
            ..
        } => value * base,
        Node::Number {
            unit: Some(unit), ..
        } => {
            let message = format!(
                "`{what}` is a rate, such as 0.01 or 0.1x; `{}` is a unit of time",
                unit.suffix()
            );
            return Err(Error::at(text, expr.span, message));
        }
        Node::Binary(op, left, right) if op.is_comparison() => {
            let message = format!(
                "`{what}` is a rate, not a comparison; from one rate to another is written `{left} -> {right}`"
            );
            return Err(Error::at(text, expr.span, message));
        }
        _ => constant(text, expr, what, "a rate such as 0.01 or 0.1x")?,
    };
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::at(
            text,
            expr.span,
            format!("`{what}` is a rate: it must be finite and not negative, not {value}"),
        ))
    }
}

/// A number, or arithmetic over numbers: `1 / 3`, `1e-3 * 64 ** 0.5`.
pub(super) fn constant(text: &str, expr: &Expr, what: &str, expected: &str) -> Result<f64, Error> {
    if let Some(value) = expr.as_f64() {
        return Ok(value);
    }
    let arithmetic = matches!(
        expr.node,
        Node::Unary(UnaryOp::Neg | UnaryOp::Plus, _) | Node::Binary(..) | Node::Call { .. }
    );
    let value = arithmetic
        .then(|| Arith::compile(text, expr, &[]).ok()?.eval(&[]).ok())
        .flatten();
    value.ok_or_else(|| {
        Error::at(
            text,
            expr.span,
            format!("`{what}` must be {expected}, not {}", expr.kind()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations end at the nearest update, whatever they are said in; what happens every so often happens once an
    /// epoch where nothing is said.
    #[test]
    fn durations_are_rounded_to_updates() {
        let run = Run {
            updates: Some(999),
            epoch_updates: Some(37.5),
            batch: Some(32),
            ..Run::new(0.1)
        };
        for (text, updates) in [
            ("7", 7),
            ("1ep", 38),
            ("3.5ep", 131),
            ("1000sp", 31),
            ("1010sp", 32),
            ("50%", 500),
            ("33%", 330),
        ] {
            let expr = expr::parse(text).unwrap();
            let found = whole_updates(text, &expr, &run, "over").unwrap();
            assert_eq!(found, updates, "{text}");
        }
        assert_eq!(start_and_every("swa(3ep)", &run).unwrap(), (113, 38));
        assert_eq!(start_and_every("swa(0, 2ep)", &run).unwrap(), (0, 75));
    }
}
