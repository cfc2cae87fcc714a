//! Rates and multiples of the base rate are different types; this finds which one an expression is.

use super::binding::bind;
use super::frameworks::kind_of;
use super::language::Scope;
use super::signature::{Kind, Param};
use super::syntax::relative;
use super::{combinators, curves};
use crate::control::Control;
use crate::expr::{Args, BinaryOp, Error, Expr, Node, Unit};

/// What the rates of an expression are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Arithmetic without a unit: a factor beside a schedule, a rate on its own.
    Plain,
    /// Multiples of the base rate.
    Relative,
    /// Rates.
    Absolute,
}

impl Measure {
    /// Of a whole from its parts: what is absolute in part is absolute.
    pub fn and(self, other: Measure) -> Measure {
        match (self, other) {
            (Measure::Absolute, _) | (_, Measure::Absolute) => Measure::Absolute,
            (Measure::Plain, Measure::Plain) => Measure::Plain,
            _ => Measure::Relative,
        }
    }
}

impl Scope<'_> {
    /// What the rates of an expression are measured in; a curve that mixes both is an error.
    pub fn measure(&self, expr: &Expr) -> Result<Measure, Error> {
        if self.is_formula(expr) {
            return Ok(Measure::Plain);
        }
        match &expr.node {
            _ if Control::recognises(expr) => Err(self.misplaced(expr)),
            _ if kind_of(expr).is_some() => Ok(Measure::Absolute), // it knows its own rate
            Node::Name(name) | Node::Call { callee: name, .. } => {
                if let Some(row) = curves::named(name) {
                    let args = bind(self.text, expr, row.params)?;
                    let measure = self.measure_of_rates(&args, row.params)?;
                    return Ok(if row.absolute {
                        Measure::Absolute
                    } else {
                        measure
                    });
                }
                match combinators::named(name) {
                    Some(row) => (row.measure)(self, expr, row.params),
                    None => Err(self.unknown(name, expr)),
                }
            }
            Node::Binary(BinaryOp::Mul | BinaryOp::Div, left, right) => {
                Ok(self.measure(left)?.and(self.measure(right)?))
            }
            Node::Then(left, right) | Node::Binary(_, left, right) => Ok(self
                .measure_as_rate(left)?
                .and(self.measure_as_rate(right)?)),
            Node::Unary(_, inner) => self.measure(inner),
            _ => Ok(Measure::Relative),
        }
    }

    /// What an expression is measured in where a rate stands: there a plain number is a rate.
    pub fn measure_as_rate(&self, expr: &Expr) -> Result<Measure, Error> {
        let measure = self.measure(expr)?;
        let rate = measure == Measure::Plain && expr.as_f64() != Some(0.0) && !relative(expr);
        Ok(if rate { Measure::Absolute } else { measure })
    }

    /// What the rates among a call's arguments are measured in.
    pub fn measure_of_rates(&self, args: &Args<'_>, params: &[Param]) -> Result<Measure, Error> {
        let (mut relative, mut absolute) = (None, None);
        for param in params
            .iter()
            .filter(|param| matches!(param.kind, Kind::Rate | Kind::Rates))
        {
            for expr in rates_in(args.given_value(param.name, param.aliases)) {
                match &expr.node {
                    Node::Number { value: 0.0, .. } => {}
                    Node::Number {
                        unit: Some(Unit::Times),
                        ..
                    } => relative = Some(expr),
                    Node::Number { unit: Some(_), .. } | Node::None => {}
                    _ => absolute = Some(expr),
                }
            }
        }
        match (relative, absolute) {
            // without a base rate there is no fix to name yet: resolving will refuse it with one
            (Some(relative), Some(absolute)) if !self.base.is_nan() => {
                let value = absolute.as_f64();
                let fix = match value.filter(|_| self.base > 0.0) {
                    Some(value) => format!(
                        "write `{absolute}` as {}x, or `{relative}` as a rate",
                        value / self.base
                    ),
                    None => format!("write both in `x` or both without, as in {}", args.callee()),
                };
                let message = format!(
                    "`{relative}` is a multiple of the base rate and `{absolute}` is a rate; one curve takes one of them: {fix}"
                );
                Err(self.error(absolute.span, message))
            }
            (_, Some(_)) => Ok(Measure::Absolute),
            _ => Ok(Measure::Relative),
        }
    }
}

/// The rates in an argument: both sides of an arrow, each of a list.
fn rates_in(expr: Option<&Expr>) -> Vec<&Expr> {
    match expr.map(|expr| &expr.node) {
        Some(Node::Arrow(from, to)) => vec![from, to],
        Some(Node::List(items) | Node::Tuple(items)) => items.iter().collect(),
        _ => expr.into_iter().collect(),
    }
}
