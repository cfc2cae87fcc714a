//! The written form: names, arguments, units and defaults, resolved against a run.
//!
//! - **Durations**: `500` and `500up` updates, `10ep` epochs, `1e6sp` samples, `30%` of the whole run.
//! - **Rates**: a plain number is absolute, `0.1x` is a multiple of the base rate (`--lr`). They are different
//!   types: one curve takes one of them, and 0 is both.
//! - **Defaults**: a curve starts at `1x`, lasts for the rest of the run and holds its end.
//! - **`a then b`**: b starts when a has come to its end, in its own time.
//! - **`a * b`**: one of them is the rate, the other is a factor, whose `1x` is 1. The rate is the one with absolute
//!   numbers, else the first. Plain numbers and arithmetic beside a schedule are factors: `0.5 * cosine`.
//! - **`a + b`, `a - b`, `min(a, b)`, `max(a, b)`**: of rates; a difference is at least 0.
//! - **Arithmetic** over `step`, `epoch` and `progress` is a schedule: `0.1 * 0.97 ** epoch`. Inside a sequence its
//!   time starts with its part. Functions are Python's and those of `math`.

use super::curve::{Curve, Row};
use super::formula::VARIABLES;
use super::signature::{Default, Kind, Param, Value};
use super::{Run, Schedule, combinators, curves, formula, unit};
use crate::expr::{Args, Arith, BinaryOp, Error, Expr, Node, Span, UnaryOp, Unit};

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
}

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

impl<'a> Scope<'a> {
    pub fn new(text: &'a str, run: &'a Run) -> Scope<'a> {
        Scope {
            text,
            run,
            rest: run.updates,
            base: run.base_lr,
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
        Ok(Schedule::Formula(formula::Formula {
            expr: expr_in_numbers,
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
            Some(0) => Err(self.error(
                span,
                format!("nothing of the run is left for {what}: what comes before takes all of it"),
            )),
            Some(rest) => Ok(rest),
            None => {
                let message = format!(
                    "{what} lasts for the rest of the run, whose length is not known here; give it one with over=, or say how long the run is"
                );
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
        let rate = absolute.next().or_else(|| {
            measured
                .iter()
                .position(|&measure| measure == Measure::Relative)
        });
        if let Some((second, _)) = absolute.next().and_then(|i| operands.get(i)) {
            let message = "a second absolute rate in one product: a rate times a rate is not a rate; write this factor in multiples, such as linear(1x -> 0)";
            return Err(self.error(second.span, message));
        }
        let factor_scope = Scope { base: 1.0, ..*self };
        let (mut by, mut parts) = (1.0, Vec::new());
        for (i, (operand, inverted)) in operands.iter().enumerate() {
            let scope = if Some(i) == rate { self } else { &factor_scope };
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
                schedule if Some(i) == rate => parts.insert(0, schedule),
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

    /// What the rates of an expression are measured in; a curve that mixes both is an error.
    pub fn measure(&self, expr: &Expr) -> Result<Measure, Error> {
        if self.is_formula(expr) {
            return Ok(Measure::Plain);
        }
        match &expr.node {
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
            (Some(relative), Some(absolute)) => {
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
            (None, Some(_)) => Ok(Measure::Absolute),
            _ => Ok(Measure::Relative),
        }
    }

    fn named(&self, name: &str, expr: &Expr) -> Result<Schedule, Error> {
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

    fn unknown(&self, name: &str, expr: &Expr) -> Error {
        let span = match &expr.node {
            Node::Call { callee_span, .. } => *callee_span,
            _ => expr.span,
        };
        let known: Vec<&str> = names().chain(VARIABLES).collect();
        self.error(span, format!("unknown schedule `{name}`"))
            .suggest(name, &known)
    }

    /// A curve from its row: arguments bound, units resolved, defaults filled in.
    fn curve(&self, row: &'static Row, expr: &Expr) -> Result<Curve, Error> {
        let args = bind(self.text, expr, row.params)?;
        self.measure_of_rates(&args, row.params)?;
        let arrow = from_arrow(&args, row.params);
        let mut values: Vec<Value> = Vec::with_capacity(row.params.len());
        for param in row.params {
            let value = match given(&args, param) {
                Some(from) if param.name == "from" && arrow.is_some() => {
                    return Err(self.error(
                        from.span,
                        "`from` is given twice: here and on the left of `->`",
                    ));
                }
                Some(expr) => self.value(row.name, param, expr, &args)?,
                None => self.default(row.name, param, &values, expr.span, arrow)?,
            };
            values.push(value);
        }
        args.finish()?;
        let curve = Curve::new(row, values);
        self.check(&curve, &args)?;
        Ok(curve)
    }

    /// What no kind of parameter can say by itself.
    fn check(&self, curve: &Curve, args: &Args<'_>) -> Result<(), Error> {
        let values = &curve.values;
        match curve.name() {
            "geometric" if values.number(0) == 0.0 => Err(args.error(
                "to",
                "a geometric decay never reaches 0; give it a `to` above 0",
            )),
            "piecewise" if values.rates(0).len() != values.steps(1).len() + 1 => {
                let (rates, at) = (values.rates(0).len(), values.steps(1).len());
                Err(args.error("rates", format!("{rates} rates for {at} entries of `at`: there must be one rate more, the first")))
            }
            _ => Ok(()),
        }
    }

    fn value(
        &self,
        callee: &str,
        param: &Param,
        expr: &Expr,
        args: &Args<'_>,
    ) -> Result<Value, Error> {
        let (text, name) = (self.text, param.name);
        let fail = |message: String| Err(self.error(expr.span, message));
        match param.kind {
            Kind::Rate => match &expr.node {
                Node::Arrow(_, to) if name == "to" => {
                    unit::rate(text, to, self.base, name).map(Value::Number)
                }
                _ => unit::rate(text, expr, self.base, name).map(Value::Number),
            },
            Kind::Rates => {
                let rates: Vec<f64> = items(expr)
                    .ok_or_else(|| {
                        self.error(
                            expr.span,
                            format!("`{name}` must be a list of rates, [0.1, 0.01]"),
                        )
                    })?
                    .iter()
                    .map(|rate| unit::rate(text, rate, self.base, name))
                    .collect::<Result<_, _>>()?;
                if rates.is_empty() {
                    fail(format!("`{name}` needs at least one rate"))
                } else {
                    Ok(Value::Rates(rates))
                }
            }
            Kind::Duration => unit::whole_updates(text, expr, self.run, name).map(Value::Updates),
            Kind::Period => match unit::whole_updates(text, expr, self.run, name)? {
                0 => fail(format!("`{name}` must be at least one update")),
                updates => Ok(Value::Updates(updates)),
            },
            Kind::Durations => self.durations(name, expr).map(Value::Steps),
            Kind::Number(low, high) => {
                let number = unit::constant(text, expr, name, "a number")?;
                if (low..=high).contains(&number) {
                    return Ok(Value::Number(number));
                }
                fail(format!(
                    "`{name}` of {callee} must be from {low} to {high}, not {number}"
                ))
            }
            Kind::Flag => args
                .bool(name_given(args, param))
                .map(|flag| Value::Number(f64::from(u8::from(flag)))),
            Kind::Choice(choices) => {
                let chosen = args.str(name_given(args, param))?;
                let index = choices.iter().position(|choice| *choice == chosen);
                index
                    .map(|index| Value::Number(index as f64))
                    .ok_or_else(|| {
                        self.error(expr.span, format!("`{chosen}` is no `{name}` of {callee}"))
                            .expected(choices.iter().copied())
                            .suggest(chosen, choices)
                    })
            }
            Kind::Schedule => fail(format!("{callee} takes no schedule")),
        }
    }

    fn durations(&self, name: &str, expr: &Expr) -> Result<Vec<u64>, Error> {
        let items = items(expr).ok_or_else(|| {
            self.error(
                expr.span,
                format!("`{name}` must be a list of durations, [30ep, 60ep]"),
            )
        })?;
        let mut steps: Vec<u64> = Vec::with_capacity(items.len());
        for item in items {
            let step = unit::whole_updates(self.text, item, self.run, name)?;
            if steps.last().is_some_and(|last| *last >= step) {
                return Err(self.error(
                    item.span,
                    format!("`{name}` must increase: {item} comes after a later or equal one"),
                ));
            }
            steps.push(step);
        }
        Ok(steps)
    }

    fn default(
        &self,
        callee: &str,
        param: &Param,
        before: &[Value],
        span: Span,
        from: Option<&Expr>,
    ) -> Result<Value, Error> {
        if let (Kind::Rate, "from", Some(from)) = (param.kind, param.name, from) {
            return unit::rate(self.text, from, self.base, "from").map(Value::Number);
        }
        let duration = matches!(param.kind, Kind::Duration | Kind::Period);
        Ok(match param.default {
            Default::Required | Default::Open => {
                return Err(self.error(
                    span,
                    format!(
                        "{callee} needs its argument `{}`: {}",
                        param.name, param.help
                    ),
                ));
            }
            Default::Times(times) => Value::Number(times * self.base),
            Default::Number(number) if duration => Value::Updates(number as u64),
            Default::Number(number) => Value::Number(number),
            Default::Rest => Value::Updates(self.rest_of(span, callee)?),
            Default::Endless => Value::Updates(u64::MAX),
            Default::Momentum => {
                Value::Number(f64::from(u8::from(self.run.base_momentum.is_some())))
            }
            Default::Same(other) => before.get(other).cloned().unwrap_or(Value::Updates(1)),
            Default::Batch => {
                match self.run.batch {
                    Some(batch) => Value::Number(batch as f64),
                    None => return Err(self.error(
                        span,
                        format!(
                            "{callee} needs the batch size, which is not known here; give batch="
                        ),
                    )),
                }
            }
        })
    }
}

/// Binds a call to parameters by name and alias.
pub(super) fn bind<'a>(
    text: &'a str,
    call: &'a Expr,
    params: &'static [Param],
) -> Result<Args<'a>, Error> {
    let names: Vec<&str> = params.iter().map(|param| param.name).collect();
    let aliases: Vec<&str> = params
        .iter()
        .flat_map(|param| param.aliases.iter().copied())
        .collect();
    if let Node::Call { callee, args, .. } = &call.node
        && let Some(extra) = args.get(names.len()).filter(|arg| arg.name.is_none())
    {
        let message = format!("too many arguments: {callee} takes {}", names.join(", "));
        return Err(Error::at(text, extra.value.span, message));
    }
    let args = Args::bind(text, call, &[names, aliases].concat())?;
    for param in params {
        let given: Vec<&str> = std::iter::once(param.name)
            .chain(param.aliases.iter().copied())
            .filter(|name| args.given(name))
            .collect();
        if let [_, second, ..] = given.as_slice() {
            return Err(args.error(
                second,
                format!(
                    "`{second}` is another name of `{}`, which is given too",
                    param.name
                ),
            ));
        }
    }
    Ok(args)
}

/// The expression given for a parameter under any of its names; `None` written out counts as not given.
pub(super) fn given<'a>(args: &Args<'a>, param: &Param) -> Option<&'a Expr> {
    args.opt_expr(name_given(args, param))
        .filter(|expr| expr.node != Node::None)
}

/// The name under which a parameter is given.
pub(super) fn name_given(args: &Args<'_>, param: &Param) -> &'static str {
    param
        .aliases
        .iter()
        .copied()
        .find(|alias| args.given(alias))
        .unwrap_or(param.name)
}

/// The left side of an arrow given for `to`.
fn from_arrow<'a>(args: &Args<'a>, params: &[Param]) -> Option<&'a Expr> {
    let to = params.iter().find(|param| param.name == "to")?;
    match &given(args, to)?.node {
        Node::Arrow(from, _) => Some(from),
        _ => None,
    }
}

/// The items of a list or tuple.
fn items(expr: &Expr) -> Option<&[Expr]> {
    match &expr.node {
        Node::List(items) | Node::Tuple(items) => Some(items),
        _ => None,
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

/// Every name that stands for a schedule.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    curves::CURVES
        .iter()
        .map(|row| row.name)
        .chain(combinators::COMBINATORS.iter().map(|row| row.name))
}

/// Whether an expression contains a schedule; `min` and `max` alone do not make one.
fn mentions_schedule(expr: &Expr) -> bool {
    let schedule =
        |name: &str| !matches!(name, "min" | "max") && names().any(|known| known == name);
    any(expr, &|node| match node {
        Node::Name(name) => schedule(name) && !VARIABLES.contains(&name.as_str()), // `step` is a variable, `step(20)` a curve
        Node::Call { callee, .. } => schedule(callee),
        Node::Then(..) | Node::Arrow(..) => true,
        _ => false,
    })
}

/// Whether an expression has a multiple of the base rate in it.
pub(super) fn relative(expr: &Expr) -> bool {
    any(expr, &|node| {
        matches!(
            node,
            Node::Number {
                unit: Some(Unit::Times),
                ..
            }
        )
    })
}

fn mentions(expr: &Expr, variable: &str) -> bool {
    any(
        expr,
        &|node| matches!(node, Node::Name(name) if name == variable),
    )
}

/// Whether any node of an expression fulfils a condition.
fn any(expr: &Expr, condition: &dyn Fn(&Node) -> bool) -> bool {
    let all = |parts: &[&Expr]| parts.iter().any(|part| any(part, condition));
    condition(&expr.node)
        || match &expr.node {
            Node::Call { args, .. } => args.iter().any(|arg| any(&arg.value, condition)),
            Node::List(items) | Node::Tuple(items) => items.iter().any(|item| any(item, condition)),
            Node::Dict(entries) => entries.iter().any(|(key, value)| all(&[key, value])),
            Node::Lambda { body, .. } => any(body, condition),
            Node::Unary(_, a) => any(a, condition),
            Node::Binary(_, a, b) | Node::Index(a, b) | Node::Arrow(a, b) | Node::Then(a, b) => {
                all(&[a, b])
            }
            Node::IfElse { then, cond, other } => all(&[then, cond, other]),
            _ => false,
        }
}

/// A formula in which `0.5x` has become a plain number.
fn without_units(expr: &Expr, base: f64) -> Expr {
    let boxed = |expr: &Expr| Box::new(without_units(expr, base));
    let node = match &expr.node {
        Node::Number {
            value,
            unit: Some(Unit::Times),
            ..
        } => Node::Number {
            value: value * base,
            integer: false,
            unit: None,
        },
        Node::Unary(op, a) => Node::Unary(*op, boxed(a)),
        Node::Binary(op, a, b) => Node::Binary(*op, boxed(a), boxed(b)),
        Node::Index(a, b) => Node::Index(boxed(a), boxed(b)),
        Node::IfElse { then, cond, other } => Node::IfElse {
            then: boxed(then),
            cond: boxed(cond),
            other: boxed(other),
        },
        Node::List(items) => {
            Node::List(items.iter().map(|item| without_units(item, base)).collect())
        }
        Node::Call {
            callee,
            callee_span,
            args,
        } => Node::Call {
            callee: callee.clone(),
            callee_span: *callee_span,
            args: args
                .iter()
                .map(|arg| crate::expr::Arg {
                    value: without_units(&arg.value, base),
                    ..arg.clone()
                })
                .collect(),
        },
        other => other.clone(),
    };
    Expr {
        node,
        span: expr.span,
    }
}

/// `1 / expr`.
fn inverse(expr: &Expr) -> Expr {
    let one = Expr {
        node: Node::Number {
            value: 1.0,
            integer: true,
            unit: None,
        },
        span: expr.span,
    };
    Expr {
        node: Node::Binary(BinaryOp::Div, Box::new(one), Box::new(expr.clone())),
        span: expr.span,
    }
}
