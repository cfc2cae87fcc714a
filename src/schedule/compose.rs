//! How each combinator is built from its arguments.

use super::binding::{bind, given};
use super::combinator::Restart;
use super::language::Scope;
use super::measure::Measure;
use super::signature::{Kind, Param};
use super::{Run, Schedule, unit};
use crate::expr::{Args, Error, Expr, Node};

/// What the rates and schedules among a call's arguments are measured in: absolute if any is.
pub(super) fn measure_all(
    scope: &Scope<'_>,
    call: &Expr,
    params: &'static [Param],
) -> Result<Measure, Error> {
    if let Some(parts) = operands(call) {
        return parts.iter().try_fold(Measure::Relative, |all, part| {
            Ok(all.and(scope.measure_as_rate(part)?))
        });
    }
    let args = bind(scope.text, call, params)?;
    let own = scope.measure_of_rates(&args, params)?;
    let inner = params
        .iter()
        .find(|param| param.kind == Kind::Schedule)
        .and_then(|param| given(&args, param));
    inner.map_or(Ok(own), |inner| Ok(own.and(scope.measure_as_rate(inner)?)))
}

/// As [`measure_all`], for a combinator whose schedule argument is a shape without rates.
pub(super) fn measure_rates(
    scope: &Scope<'_>,
    call: &Expr,
    params: &'static [Param],
) -> Result<Measure, Error> {
    scope.measure_of_rates(&bind(scope.text, call, params)?, params)
}

/// The operands of `min(a, b, …)` and `max(a, b, …)`.
fn operands(call: &Expr) -> Option<Vec<&Expr>> {
    match &call.node {
        Node::Call { callee, args, .. } if matches!(callee.as_str(), "min" | "max") => {
            Some(args.iter().map(|arg| &arg.value).collect())
        }
        _ => None,
    }
}

impl Scope<'_> {
    fn inner(&self, args: &Args<'_>) -> Result<Schedule, Error> {
        self.resolve(args.expr("schedule")?)
    }

    /// A duration that was given.
    pub fn opt_duration(
        &self,
        args: &Args<'_>,
        names: &[&'static str],
    ) -> Result<Option<u64>, Error> {
        let name = names
            .iter()
            .find(|name| args.given(name))
            .or(names.first())
            .copied()
            .unwrap_or_default();
        match args.opt_expr(name) {
            None
            | Some(Expr {
                node: Node::None, ..
            }) => Ok(None),
            Some(expr) => unit::whole_updates(self.text, expr, self.run, name).map(Some),
        }
    }

    pub fn duration(&self, args: &Args<'_>, names: &[&'static str]) -> Result<u64, Error> {
        let name = names.first().copied().unwrap_or_default();
        self.opt_duration(args, names)?.ok_or_else(|| {
            self.error(
                args.span(),
                format!("{} needs its argument `{name}`", args.callee()),
            )
        })
    }

    /// A number in a closed range that was given.
    fn opt_number(
        &self,
        args: &Args<'_>,
        names: &[&'static str],
        low: f64,
        high: f64,
    ) -> Result<Option<f64>, Error> {
        let name = names
            .iter()
            .find(|name| args.given(name))
            .or(names.first())
            .copied()
            .unwrap_or_default();
        let Some(expr) = args.opt_expr(name).filter(|expr| expr.node != Node::None) else {
            return Ok(None);
        };
        let number = unit::constant(self.text, expr, name, "a number")?;
        if (low..=high).contains(&number) {
            return Ok(Some(number));
        }
        let callee = args.callee();
        Err(self.error(
            expr.span,
            format!("`{name}` of {callee} must be from {low} to {high}, not {number}"),
        ))
    }

    /// A whole number from 1 that was given.
    fn opt_count(&self, args: &Args<'_>, name: &'static str) -> Result<Option<u64>, Error> {
        match self.opt_number(args, &[name], 1.0, 1e18)? {
            Some(count) if count.fract() != 0.0 => {
                Err(args.error(name, format!("`{name}` must be a whole number")))
            }
            count => Ok(count.map(|count| count as u64)),
        }
    }

    pub fn opt_rate(&self, args: &Args<'_>, name: &str) -> Result<Option<f64>, Error> {
        args.opt_expr(name)
            .map(|expr| unit::rate(self.text, expr, self.base, name))
            .transpose()
    }

    /// The schedule inside and its length: the one given as `over`, else its own.
    fn with_length(&self, args: &Args<'_>) -> Result<(Schedule, u64), Error> {
        let given = self.opt_duration(args, &["over"])?;
        let inner = self.with_rest(given.or(self.rest)).inner(args)?;
        match given.or_else(|| inner.length()) {
            Some(over) => Ok((inner, over)),
            None => Err(args.error(
                "schedule",
                format!(
                    "this never ends; give {} its length with over=",
                    args.callee()
                ),
            )),
        }
    }

    /// The schedule inside a cycle and the cycle's length: the one given, else its own.
    fn with_cycle(
        &self,
        args: &Args<'_>,
        names: &[&'static str],
    ) -> Result<(Schedule, u64), Error> {
        if let Some(every) = self.opt_duration(args, names)? {
            let inner = self.with_rest(Some(every)).inner(args)?;
            let fail = || args.error("every", "`every` must be at least one update");
            return if every == 0 {
                Err(fail())
            } else {
                Ok((inner, every))
            };
        }
        let inner = self.with_rest(None).inner(args);
        let own = inner
            .as_ref()
            .ok()
            .and_then(Schedule::length)
            .filter(|&length| length > 0);
        match (inner, own) {
            (Ok(inner), Some(own)) => Ok((inner, own)),
            _ => Err(self.error(
                args.span(),
                format!("{} needs every=, the updates in a cycle", args.callee()),
            )),
        }
    }
}

pub(super) fn restart(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let (inner, every) = scope.with_cycle(args, &["every", "T_0", "first_decay_steps"])?;
    let grow = scope
        .opt_number(args, &["grow", "T_mult", "t_mul"], 1.0, 1e9)?
        .unwrap_or(1.0);
    let decay = scope
        .opt_number(args, &["decay", "m_mul"], 0.0, 1e6)?
        .unwrap_or(1.0);
    let cycles = scope.opt_count(args, "cycles")?;
    Ok(Schedule::Restart(Restart {
        inner: Box::new(inner),
        every,
        grow,
        decay,
        cycles,
    }))
}

pub(super) fn repeat(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let (inner, every) = scope.with_cycle(args, &["every"])?;
    let cycles = scope.opt_count(args, "times")?;
    Ok(Schedule::Restart(Restart {
        inner: Box::new(inner),
        every,
        grow: 1.0,
        decay: 1.0,
        cycles,
    }))
}

pub(super) fn min(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    several(scope, args).map(Schedule::Min)
}

pub(super) fn max(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    several(scope, args).map(Schedule::Max)
}

fn several(scope: &Scope<'_>, args: &Args<'_>) -> Result<Vec<Schedule>, Error> {
    let mut parts = vec![scope.inner(args)?];
    for name in super::combinators::FURTHER {
        parts.extend(
            args.opt_expr(name)
                .map(|expr| scope.resolve(expr))
                .transpose()?,
        );
    }
    Ok(parts)
}

pub(super) fn clamp(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let (min, max) = (
        scope.opt_rate(args, "min")?.unwrap_or(0.0),
        scope.opt_rate(args, "max")?,
    );
    if max.is_some_and(|max| max < min) {
        return Err(args.error("max", "`max` is below `min`"));
    }
    Ok(Schedule::Clamp {
        inner: Box::new(scope.inner(args)?),
        min,
        max,
    })
}

pub(super) fn delay(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let by = scope.duration(args, &["by", "transition_begin"])?;
    Ok(scope
        .with_rest(scope.rest.map(|rest| rest.saturating_sub(by)))
        .inner(args)?
        .delay(by))
}

pub(super) fn stretch(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let by = args.expr("by")?;
    let factor = match &by.node {
        Node::Number { unit: Some(_), .. } => unit::updates(scope.text, by, scope.run, "by")?,
        _ => unit::constant(scope.text, by, "by", "a number or a duration")?,
    };
    if !(1e-9..=1e18).contains(&factor) {
        return Err(args.error(
            "by",
            format!("`by` of stretch must be above 0, not {factor}"),
        ));
    }
    let rest = scope.rest.map(|rest| (rest as f64 / factor).ceil() as u64);
    Ok(scope.with_rest(rest).inner(args)?.stretch(factor))
}

pub(super) fn warp(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let power = scope.opt_number(args, &["power"], 1e-6, 1e6)?;
    let power = power.ok_or_else(|| scope.error(args.span(), "warp needs its argument `power`"))?;
    scope
        .with_length(args)
        .map(|(inner, over)| inner.warp(power, over))
}

pub(super) fn mirror(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    scope
        .with_length(args)
        .map(|(inner, over)| inner.mirror(over))
}

pub(super) fn until(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    Ok(scope.inner(args)?.until(scope.duration(args, &["over"])?))
}

pub(super) fn override_with(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let rate = scope
        .opt_rate(args, "rate")?
        .ok_or_else(|| scope.error(args.span(), "override needs its argument `rate`"))?;
    let from = scope.opt_duration(args, &["from"])?.unwrap_or(0);
    let until = scope.opt_duration(args, &["until"])?.unwrap_or(u64::MAX);
    if until <= from {
        return Err(args.error(
            "until",
            format!("`until` ({until}) must come after `from` ({from})"),
        ));
    }
    Ok(scope.inner(args)?.override_with(rate, from, until))
}

pub(super) fn formula(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let epoch = scope.opt_number(args, &["epoch"], 1e-9, 1e18)?;
    let over = scope.opt_duration(args, &["over"])?;
    let formula = scope.formula(args.expr("formula")?, epoch, over)?;
    if let Schedule::Formula(used) = &formula {
        for (name, given, used) in [
            ("epoch", epoch.is_some(), used.epoch.is_some()),
            ("over", over.is_some(), used.over.is_some()),
        ] {
            if given && !used {
                return Err(args.error(
                    name,
                    format!("`{name}` has no effect on this formula; remove it"),
                ));
            }
        }
    }
    Ok(formula)
}

pub(super) fn base(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let lr = scope
        .opt_rate(args, "lr")?
        .ok_or_else(|| scope.error(args.span(), "base needs its argument `lr`"))?;
    let momentum = scope
        .opt_number(args, &["momentum"], 0.0, 1.0)?
        .or(scope.run.base_momentum);
    let run = Run {
        base_lr: lr,
        base_momentum: momentum,
        ..*scope.run
    };
    Scope {
        run: &run,
        base: lr,
        factor: false,
        ..*scope
    }
    .inner(args)
}
