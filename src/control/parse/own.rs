//! kiln's own controllers.

use super::{Bound, Distance, distance, factor, mode};
use crate::control::Mode;
use crate::control::Rule;
use crate::control::gradient::{AdaGradNorm, Ratio};
use crate::control::greedy::Greedy;
use crate::control::plateau::Plateau;
use crate::control::trigger::{Fall, LossDrop, Threshold};
use crate::expr::{Error, Expr, Node, Unit};
use crate::schedule::frameworks::arguments::Arguments;

pub(super) fn own<'a>(text: &'a str, call: &'a Expr, name: &str) -> Bound<'a> {
    match name {
        "plateau" => own_plateau(text, call),
        "greedy" => own_greedy(text, call),
        "loss_drop" => {
            let args = Arguments::bind(text, call, &["by", "factor", "monitor", "observe"])?;
            let by = fall(text, &args)?;
            let factor = factor(&args, "factor", 0.5)?;
            Ok((args, Rule::LossDrop(LossDrop { by, factor })))
        }
        "threshold" => own_threshold(text, call),
        "gradient_ratio" => {
            let args = Arguments::bind(text, call, &["floor", "smoothing", "reference"])?;
            let reference = args.count_or("reference", 10)?;
            let ratio = Ratio {
                floor: args.number_within("floor", 0.1, 0.0..=1.0)?,
                smoothing: args.number_within("smoothing", 0.9, 0.0..=1.0 - f64::EPSILON)?,
                reference: u32::try_from(reference).unwrap_or(u32::MAX).max(1),
            };
            Ok((args, Rule::GradientRatio(ratio)))
        }
        _ => {
            let args = Arguments::bind(text, call, &["b0"])?;
            let b0 = args.number_within("b0", 1.0, 1e-150..=1e150)?;
            Ok((args, Rule::AdaGradNorm(AdaGradNorm { b0 })))
        }
    }
}

fn own_plateau<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "factor",
            "patience",
            "mode",
            "threshold",
            "threshold_mode",
            "cooldown",
            "min_lr",
            "eps",
            "counting",
            "nan",
            "monitor",
            "observe",
        ],
    )?;
    let patience = args.count_or("patience", 10)?;
    let plateau = Plateau {
        mode: mode(&args, "auto", &["auto", "min", "max"])?,
        factor: factor(&args, "factor", 0.1)?,
        patience: match args.choice_or("counting", "torch", &["torch", "keras"])? {
            "keras" => patience.saturating_sub(1),
            _ => patience,
        },
        threshold: distance(&args, 1e-4, "rel", Distance::Relative)?,
        cooldown: args.count_or("cooldown", 0)?,
        min_lr: args.number_within("min_lr", 0.0, 0.0..=f64::MAX)?,
        eps: args.number_or("eps", 1e-8)?,
        nan_is_bad: args.choice_or("nan", "bad", &["bad", "ignore"])? == "bad",
        warmup: None,
    };
    Ok((args, Rule::Plateau(plateau)))
}

fn own_greedy<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "factor",
            "patience",
            "mode",
            "threshold",
            "threshold_mode",
            "cooldown",
            "warmup",
            "min_lr",
            "max_lr",
            "eps",
            "window",
            "monitor",
            "observe",
        ],
    )?;
    let greedy = Greedy {
        mode: mode(&args, "auto", &["auto", "min", "max"])?,
        factor: factor(&args, "factor", 0.95)?,
        patience: args.count_or("patience", 10)?,
        threshold: distance(&args, 1e-6, "rel", Distance::Relative)?,
        cooldown: args.count_or("cooldown", 0)?,
        warmup: args.count_or("warmup", 0)?,
        min_lr: args.number_within("min_lr", 0.0, 0.0..=f64::MAX)?,
        max_lr: args.opt_number("max_lr")?.unwrap_or(f64::INFINITY),
        eps: args.number_or("eps", 1e-8)?,
        window: args.count_or("window", 1)?.max(1),
        reset_start: None,
    };
    Ok((args, Rule::Greedy(greedy)))
}

/// `by=20%` is a share, `by=0.1` an amount.
fn fall(text: &str, args: &Arguments) -> Result<Fall, Error> {
    match args.given("by") {
        None => Ok(Fall::Relative(0.1)),
        Some(Expr {
            node:
                Node::Number {
                    value,
                    unit: Some(Unit::Percent),
                    ..
                },
            ..
        }) if (0.0..100.0).contains(value) && *value > 0.0 => Ok(Fall::Relative(value / 100.0)),
        Some(Expr {
            node: Node::Number { unit: Some(_), .. },
            span,
        }) => Err(Error::at(
            text,
            *span,
            "`by` is a share between 0% and 100%, or an amount without a unit",
        )),
        Some(_) => match args.number("by")? {
            amount if amount > 0.0 => Ok(Fall::Absolute(amount)),
            amount => Err(args.error("by", format!("`by` must be greater than 0, not {amount}"))),
        },
    }
}

fn own_threshold<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &["below", "above", "factor", "monitor", "observe"],
    )?;
    let (mode, name) = match (args.given("below"), args.given("above")) {
        (Some(_), None) => (Mode::Min, "below"),
        (None, Some(_)) => (Mode::Max, "above"),
        _ => {
            return Err(Error::at(
                text,
                args.span(),
                "threshold needs either `below` or `above`: a level or a list of them",
            ));
        }
    };
    let mut levels = match args.given(name).map(|expr| &expr.node) {
        Some(Node::List(_) | Node::Tuple(_)) => args.numbers(name)?,
        _ => vec![args.number(name)?],
    };
    if levels.is_empty() || levels.iter().any(|level| level.is_nan()) {
        return Err(args.error(name, format!("`{name}` needs at least one level")));
    }
    levels.sort_by(f64::total_cmp);
    if mode == Mode::Min {
        levels.reverse();
    }
    let factor = factor(&args, "factor", 0.1)?;
    Ok((
        args,
        Rule::Threshold(Threshold {
            mode,
            levels,
            factor,
        }),
    ))
}
