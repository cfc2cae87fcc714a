//! The written form: names, arguments, units and defaults, resolved against a run.
//!
//! - **Durations**: `500` and `500up` updates, `10ep` epochs, `1e6sp` samples, `30%` of the whole run.
//! - **Rates**: a plain number is absolute, `0.1x` is a multiple of the base rate (`--lr`). They are different
//!   types: one curve takes one of them, and 0 is both.
//! - **Defaults**: a curve starts at `1x`, lasts for the rest of the run and holds its end.
//! - **`a then b`**: b starts when a has come to its end, in its own time.
//! - **`a * b`**: one of them is the rate, the other is a factor, whose `1x` is 1. The rate is the one with absolute
//!   numbers, else the first. Plain numbers and arithmetic beside a schedule are factors: `0.5 * cosine`; arithmetic
//!   that is to be the rate says so, as in `base(1x, 0.1 * 0.97 ** epoch) * noise(seed=1)`.
//! - **`a + b`, `a - b`, `min(a, b)`, `max(a, b)`**: of rates; a difference is at least 0.
//! - **Arithmetic** over `step`, `epoch` and `progress` is a schedule: `0.1 * 0.97 ** epoch`. Inside a sequence its
//!   time starts with its part. Functions are Python's and those of `math`.

use super::formula::{self, VARIABLES};
use super::frameworks::{Spelling, kind_of};
use super::measure::Measure;
use super::syntax::{inverse, mentions, mentions_schedule, without_units};
use super::{Run, Schedule, combinators, curves};
use crate::expr::{Arith, BinaryOp, Error, Expr, Node, Span, UnaryOp};

/// What a schedule expression is resolved against: the run, what is left of it, and what `1x` is.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The whole text, for errors.
    pub text: &'a str,
    pub run: &'a Run,
    /// Updates from the start of this part to the end of the run.
    pub rest: Option<u64>,
    /// What `1x` is: the base rate, or 1 for a factor.
    pub base: f64,
    /// Whether this is a factor of a product, all of whose rates are multiples.
    pub factor: bool,
}

impl<'a> Scope<'a> {
    pub fn new(text: &'a str, run: &'a Run) -> Scope<'a> {
        Scope {
            text,
            run,
            rest: run.updates,
            base: run.base_lr,
            factor: false,
        }
    }

    pub fn error(&self, span: Span, message: impl Into<String>) -> Error {
        Error::at(self.text, span, message)
    }

    /// The same scope with another length left.
    pub fn with_rest(self, rest: Option<u64>) -> Scope<'a> {
        Scope { rest, ..self }
    }

    /// The schedule that an expression is.
    pub fn resolve(&self, expr: &Expr) -> Result<Schedule, Error> {
        if self.is_formula(expr) {
            return self.formula(expr, None, None);
        }
        match &expr.node {
            Node::Then(first, rest) => self.then(first, rest),
            Node::Binary(BinaryOp::Mul | BinaryOp::Div, ..) => self.product(expr),
            Node::Binary(BinaryOp::Add, left, right) => {
                Ok(self.resolve(left)? + self.resolve(right)?)
            }
            Node::Binary(BinaryOp::Sub, left, right) => Ok(Schedule::Difference(Box::new([
                self.resolve(left)?,
                self.resolve(right)?,
            ]))),
            Node::Unary(UnaryOp::Plus, inner) => self.resolve(inner),
            Node::Name(name) | Node::Call { callee: name, .. } => self.named(name, expr),
            _ => {
                let message = format!("expected a schedule, found {}", expr.kind());
                Err(self.error(expr.span, message).expected([
                    "a curve such as cosine(to=1e-5)",
                    "arithmetic over step, epoch and progress",
                ]))
            }
        }
    }

    /// Whether an expression is arithmetic over step, epoch and progress, without any schedule in it.
    pub fn is_formula(&self, expr: &Expr) -> bool {
        !mentions_schedule(expr)
            && Arith::compile(self.text, &without_units(expr, 1.0), &VARIABLES).is_ok()
    }

    /// A formula; its epoch and length are those of the run if they are not given.
    pub fn formula(
        &self,
        expr: &Expr,
        epoch: Option<f64>,
        over: Option<u64>,
    ) -> Result<Schedule, Error> {
        let expr_in_numbers = without_units(expr, self.base);
        let arith = Arith::compile(self.text, &expr_in_numbers, &VARIABLES)?;
        if !VARIABLES.iter().any(|name| mentions(expr, name)) {
            let rate = arith
                .eval(&[0.0; 3])
                .map_err(|fault| self.error(expr.span, fault.to_string()))?;
            return self.constant(rate, expr.span);
        }
        let epoch = if mentions(expr, "epoch") {
            Some(self.epoch_of(expr.span, epoch)?)
        } else {
            None
        };
        let over = if mentions(expr, "progress") {
            Some(over.map_or_else(|| self.rest_of(expr.span, "progress"), Ok)?)
        } else {
            None
        };
        // beside a rate the multiples stay visible, so that the printed formula is a factor again
        let expr = if self.factor {
            expr.clone()
        } else {
            expr_in_numbers
        };
        Ok(Schedule::Formula(formula::Formula {
            expr,
            arith,
            epoch,
            over,
        }))
    }

    fn constant(&self, rate: f64, span: Span) -> Result<Schedule, Error> {
        if rate.is_finite() && rate >= 0.0 {
            Ok(Schedule::constant(rate))
        } else {
            Err(self.error(
                span,
                format!("a rate must be finite and not negative, not {rate}"),
            ))
        }
    }

    fn epoch_of(&self, span: Span, given: Option<f64>) -> Result<f64, Error> {
        match given.or(self.run.epoch_updates) {
            Some(updates) if updates > 0.0 => Ok(updates),
            _ => Err(self.error(span, "`epoch` needs the updates per epoch, which are not known here; use `step`, or say them")),
        }
    }

    pub fn rest_of(&self, span: Span, what: &str) -> Result<u64, Error> {
        match self.rest {
            Some(0) => Err(self.error(span, format!("nothing of the run is left for {what}: what comes before takes all of it; make that shorter, with over="))),
            Some(rest) => Ok(rest),
            None => {
                let message = format!("{what} lasts for the rest of the run, whose length is not known here; give it one with over=, or say how long the run is");
                Err(self.error(span, message))
            }
        }
    }

    fn then(&self, first: &Expr, rest: &Expr) -> Result<Schedule, Error> {
        let first_schedule = self.resolve(first)?;
        let Some(at) = first_schedule.length() else {
            let message = "this never ends, so what follows `then` would never start; give it an end with over=, or write until(…, 500)";
            return Err(self.error(first.span, message));
        };
        let left = self.rest.map(|rest| rest.saturating_sub(at));
        Ok(first_schedule.then(at, self.with_rest(left).resolve(rest)?))
    }

    fn product(&self, expr: &Expr) -> Result<Schedule, Error> {
        let mut operands = Vec::new();
        self.operands(expr, false, &mut operands)?;
        let measured: Vec<Measure> = operands
            .iter()
            .map(|(operand, _)| self.measure(operand))
            .collect::<Result<_, _>>()?;
        let mut absolute =
            (0..measured.len()).filter(|&i| measured.get(i) == Some(&Measure::Absolute));
        let rate = absolute
            .next()
            .or_else(|| {
                measured
                    .iter()
                    .position(|&measure| measure == Measure::Relative)
            })
            .or(Some(0));
        if let Some((second, _)) = absolute.next().and_then(|i| operands.get(i)) {
            let message = "a second absolute rate in one product: a rate times a rate is not a rate; write this factor in multiples, such as linear(1x -> 0)";
            return Err(self.error(second.span, message));
        }
        let factor_scope = Scope {
            base: 1.0,
            factor: true,
            ..*self
        };
        // Where the rate is a mere number, it goes in front, and the first factor stands for the rate: around 1, in
        // numbers, since beside no rate its multiples would be read back as multiples of the base rate.
        let number = |i: usize| {
            let still = |e: &Expr| self.is_formula(e) && !VARIABLES.iter().any(|v| mentions(e, v));
            operands.get(i).is_some_and(|(operand, _)| still(operand))
        };
        let stands_in = rate
            .filter(|&rate| number(rate))
            .and_then(|rate| (0..operands.len()).find(|&i| i != rate && !number(i)));
        let around_one = Scope {
            factor: false,
            ..factor_scope
        };
        let (mut by, mut parts) = (1.0, Vec::new());
        for (i, (operand, inverted)) in operands.iter().enumerate() {
            let scope = match Some(i) {
                here if here == rate => self,
                here if here == stands_in => &around_one,
                _ => &factor_scope,
            };
            let schedule = scope.resolve(&if *inverted {
                inverse(operand)
            } else {
                (*operand).clone()
            })?;
            match schedule {
                Schedule::Curve(curve)
                    if measured.get(i) == Some(&Measure::Plain) && curve.name() == "constant" =>
                {
                    by *= curve.values.number(0)
                }
                schedule if Some(i) == rate || Some(i) == stands_in => parts.insert(0, schedule),
                schedule => parts.push(schedule),
            }
        }
        let product = parts
            .into_iter()
            .reduce(|product, factor| product * factor)
            .unwrap_or(Schedule::constant(1.0));
        Ok(if by == 1.0 {
            product
        } else {
            product.scale(by)
        })
    }

    /// The operands of a chain of `*` and `/`, and whether they divide.
    fn operands<'e>(
        &self,
        expr: &'e Expr,
        inverted: bool,
        into: &mut Vec<(&'e Expr, bool)>,
    ) -> Result<(), Error> {
        match &expr.node {
            Node::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), left, right)
                if !self.is_formula(expr) =>
            {
                self.operands(left, inverted, into)?;
                self.operands(right, inverted != (*op == BinaryOp::Div), into)
            }
            _ if inverted && !self.is_formula(expr) => Err(self.error(
                expr.span,
                "a schedule can be divided by numbers and arithmetic, not by a schedule",
            )),
            _ => {
                into.push((expr, inverted));
                Ok(())
            }
        }
    }

    fn named(&self, name: &str, expr: &Expr) -> Result<Schedule, Error> {
        if kind_of(expr).is_some() {
            return Ok(Schedule::Framework(Box::new(Spelling::read(
                self.text, expr, self.run,
            )?)));
        }
        if let Some(row) = curves::named(name) {
            return self.curve(row, expr).map(Schedule::Curve);
        }
        if let Some(row) = combinators::named(name) {
            let args = combinators::bind(self.text, expr, row)?;
            let schedule = (row.build)(self, &args)?;
            args.finish()?;
            return Ok(schedule);
        }
        Err(self.unknown(name, expr))
    }

    /// A controller anywhere but in the outermost product.
    pub fn misplaced(&self, expr: &Expr) -> Error {
        let message = format!(
            "`{expr}` is a controller: it can only multiply the whole schedule, as in {expr} * (…)"
        );
        self.error(expr.span, message)
    }

    pub fn unknown(&self, name: &str, expr: &Expr) -> Error {
        let span = match &expr.node {
            Node::Call { callee_span, .. } => *callee_span,
            _ => expr.span,
        };
        let known: Vec<&str> = names().chain(VARIABLES).collect();
        self.error(span, format!("unknown schedule `{name}`"))
            .suggest(name, &known)
    }
}

/// Every name that stands for a schedule.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    curves::CURVES
        .iter()
        .map(|row| row.name)
        .chain(combinators::COMBINATORS.iter().map(|row| row.name))
}
