//! The arguments of a curve: bound to its signature, units resolved, defaults filled in.

use super::curve::{Curve, Row};
use super::language::Scope;
use super::signature::{Default, Kind, Param, Value};
use super::unit;
use crate::expr::{Args, Error, Expr, Node, Span};

impl Scope<'_> {
    /// A curve from its row: arguments bound, units resolved, defaults filled in.
    pub fn curve(&self, row: &'static Row, expr: &Expr) -> Result<Curve, Error> {
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
        (row.check)(&curve.values).map_err(|(name, message)| args.error(name, message))?;
        Ok(curve)
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
    let all = [names.as_slice(), &aliases].concat();
    if let Node::Call { callee, args, .. } = &call.node {
        let takes = names.join(", ");
        let known = |name: &str| all.contains(&name);
        if let Some((arg, name)) = args
            .iter()
            .find_map(|arg| Some((arg, arg.name.as_deref().filter(|name| !known(name))?)))
        {
            let message = format!("unknown argument `{name}`: {callee} takes {takes}");
            return Err(Error::at(text, arg.name_span, message).suggest(name, &all));
        }
        if let Some(extra) = args.get(names.len()).filter(|arg| arg.name.is_none()) {
            return Err(Error::at(
                text,
                extra.value.span,
                format!("too many arguments: {callee} takes {takes}"),
            ));
        }
    }
    let args = Args::bind(text, call, &all)?;
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
