//! `wsd(warmup, decay, shape, to, peak, over)`: warm-up, a stable middle, and a decay of any shape.

use super::Schedule;
use super::curve::Curve;
use super::curves::{CURVES, named, open};
use super::language::Scope;
use super::signature::Value;
use crate::expr::{Arg, Args, Error, Expr, Node, Span};

pub(super) fn wsd(scope: &Scope<'_>, args: &Args<'_>) -> Result<Schedule, Error> {
    let warmup = scope.duration(args, &["warmup", "num_warmup_steps"])?;
    let decay = scope.duration(args, &["decay", "num_decay_steps"])?;
    let peak = scope.opt_rate(args, "peak")?.unwrap_or(scope.base);
    let to = scope.opt_rate(args, "to")?.unwrap_or(0.0);
    let over = match scope.opt_duration(args, &["over"])? {
        Some(over) => over,
        None => scope.rest_of(args.span(), "wsd")?,
    };
    let parts = warmup.checked_add(decay).filter(|&parts| parts <= over);
    let stable = parts.map(|parts| over - parts).ok_or_else(|| {
        args.error(
            "decay",
            format!(
                "warm-up ({warmup}) and decay ({decay}) take more than the {over} updates there are"
            ),
        )
    })?;
    let shape = match args.opt_expr("shape") {
        Some(shape) => scope.resolve(&shaped(scope, shape, peak, to, decay)?)?,
        None => Schedule::linear(peak, to, decay),
    };
    let middle = Schedule::Curve(Curve::new(
        &open::CONSTANT,
        [Value::Number(peak), Value::Updates(stable)],
    ));
    Ok(Schedule::warmup(peak, warmup)
        .then(warmup, middle)
        .then(warmup + stable, shape))
}

/// The call of a shape (`cosine`, `polynomial(power=2)`) with the rates and the length of the decay filled in.
fn shaped(scope: &Scope<'_>, shape: &Expr, peak: f64, to: f64, decay: u64) -> Result<Expr, Error> {
    let span = shape.span;
    let (callee, callee_span, mut args) = match &shape.node {
        Node::Name(name) => (name.clone(), span, Vec::new()),
        Node::Call {
            callee,
            callee_span,
            args,
        } => (callee.clone(), *callee_span, args.clone()),
        _ => {
            return Err(scope.error(
                span,
                format!("a shape is the name of a curve, not {}", shape.kind()),
            ));
        }
    };
    let row = named(&callee).filter(|row| {
        ["to", "over", "from"]
            .iter()
            .all(|name| row.position(name).is_some())
    });
    if row.is_none() {
        let shapes: Vec<&str> = CURVES
            .iter()
            .filter(|row| row.position("from") == Some(2))
            .map(|row| row.name)
            .collect();
        return Err(scope
            .error(callee_span, format!("`{callee}` is no shape of a decay"))
            .expected(shapes.clone())
            .suggest(&callee, &shapes));
    }
    if let Some(own) = args.iter().find(|arg| {
        arg.name
            .as_deref()
            .is_none_or(|name| matches!(name, "to" | "from" | "over"))
    }) {
        return Err(scope.error(own.name_span, "wsd itself has the rates and lengths (peak, to, decay); a shape takes only what bends it"));
    }
    let number = |value: f64| Expr {
        node: Node::Number {
            value,
            integer: false,
            unit: None,
        },
        span,
    };
    for (name, value) in [("from", peak), ("to", to), ("over", decay as f64)] {
        args.push(Arg {
            name: Some(name.to_owned()),
            name_span: Span::default(),
            value: number(value),
        });
    }
    Ok(Expr {
        node: Node::Call {
            callee,
            callee_span,
            args,
        },
        span,
    })
}
