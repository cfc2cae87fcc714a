//! Calls to controllers.

mod own;

use super::greedy::Greedy;
use super::plateau::{Plateau, Threshold as Distance};
use super::{Control, Mode, Monitor, Observe, Rule, TABLE, keras, optax};
use crate::expr::{Error, Expr, Node};
use crate::schedule::Run;
use crate::schedule::frameworks::arguments::Arguments;
use crate::schedule::frameworks::{Framework, hf, kind_of};

/// The controller that a name means.
enum Kind {
    Own(&'static str),
    Torch,
    Keras,
    Optax,
    HfGreedy,
    Timm,
}

/// The kind of a call or a bare name, and a call of get_scheduler unwrapped.
fn kind(expr: &Expr) -> Option<Kind> {
    let (Node::Call { callee: name, .. } | Node::Name(name)) = &expr.node else {
        return None;
    };
    if let Some(entry) = TABLE.iter().find(|entry| entry.name == name) {
        return Some(Kind::Own(entry.name));
    }
    match kind_of(expr)? {
        (Framework::Torch, "ReduceLROnPlateau") => Some(Kind::Torch),
        (Framework::Keras, "ReduceLROnPlateau") => Some(Kind::Keras),
        (Framework::Optax, "reduce_on_plateau") => Some(Kind::Optax),
        (Framework::Timm, "PlateauLRScheduler") => Some(Kind::Timm),
        (Framework::Hf, "GreedyLR") => Some(Kind::HfGreedy),
        (Framework::Hf, "get_scheduler") => match named_scheduler(expr)? {
            "reduce_lr_on_plateau" => Some(Kind::Torch),
            "greedy" => Some(Kind::HfGreedy),
            _ => None,
        },
        (Framework::Hf, name) => match hf::canonical(name)? {
            "reduce_lr_on_plateau" => Some(Kind::Torch),
            "greedy" => Some(Kind::HfGreedy),
            _ => None,
        },
        _ => None,
    }
}

/// The first argument of `get_scheduler`.
fn named_scheduler(expr: &Expr) -> Option<&str> {
    let Node::Call { args, .. } = &expr.node else {
        return None;
    };
    let named = args.iter().find(|arg| arg.name.as_deref() == Some("name"));
    named
        .or_else(|| args.first().filter(|arg| arg.name.is_none()))?
        .value
        .as_str()
}

impl Control {
    /// Whether an expression is a controller, so that [`Control::read`] is to read it.
    pub fn recognises(expr: &Expr) -> bool {
        kind(expr).is_some()
    }

    /// Reads a call: `plateau(...)`, `torch.ReduceLROnPlateau(...)`.
    ///
    /// # Errors
    /// Unknown, missing or ill-typed arguments, and what the framework refuses.
    pub fn read(text: &str, expr: &Expr, run: &Run) -> Result<Control, Error> {
        let unwrapped = match kind_of(expr) {
            Some((Framework::Hf, "get_scheduler")) => hf::unwrap_get_scheduler(text, expr)?,
            _ => None,
        };
        let call = unwrapped.as_ref().unwrap_or(expr);
        let (args, rule) = match kind(expr) {
            Some(Kind::Own(name)) => own::own(text, call, name)?,
            Some(Kind::Torch) => torch(text, call)?,
            Some(Kind::Keras) => keras(text, call)?,
            Some(Kind::Optax) => optax(text, call)?,
            Some(Kind::HfGreedy) => hf_greedy(text, call)?,
            Some(Kind::Timm) => timm(text, call, run)?,
            None => {
                let names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
                let written = if let Node::Call { callee, .. } = &expr.node {
                    callee.as_str()
                } else {
                    ""
                };
                return Err(Error::at(text, expr.span, "expected a controller")
                    .expected(names.clone())
                    .suggest(written, &names));
            }
        };
        let (monitor, observe) = if matches!(rule, Rule::GradientRatio(_) | Rule::AdaGradNorm(_)) {
            (None, None)
        } else {
            (monitor(text, &args)?, observe(&args)?)
        };
        Ok(Control {
            call: expr.clone(),
            rule,
            monitor,
            observe,
            notes: args.finish()?,
        })
    }
}

type Bound<'a> = Result<(Arguments<'a>, Rule), Error>;

fn monitor(text: &str, args: &Arguments) -> Result<Option<Monitor>, Error> {
    let Some(expr) = args.given("monitor") else {
        return Ok(None);
    };
    let name = expr.as_str().unwrap_or_default();
    let keras = [
        ("val_loss", Monitor::EvalLoss),
        ("val_accuracy", Monitor::EvalAccuracy),
        ("val_acc", Monitor::EvalAccuracy),
    ];
    let all = || Monitor::NAMES.into_iter().chain(keras);
    let names: Vec<&str> = Monitor::NAMES.iter().map(|(name, _)| *name).collect();
    let found = all()
        .find(|(known, _)| *known == name)
        .map(|(_, monitor)| monitor);
    found.map(Some).ok_or_else(|| {
        Error::at(text, expr.span, format!("kiln has no monitor `{name}`"))
            .expected(names.clone())
            .suggest(name, &names)
    })
}

fn observe(args: &Arguments) -> Result<Option<Observe>, Error> {
    Ok(match args.choice_or("observe", "", &["update", "epoch"])? {
        "update" => Some(Observe::Update),
        "epoch" => Some(Observe::Epoch),
        _ => None,
    })
}

fn mode(args: &Arguments, default: &'static str, words: &[&'static str]) -> Result<Mode, Error> {
    Ok(match args.choice_or("mode", default, words)? {
        "max" => Mode::Max,
        "min" => Mode::Min,
        _ => Mode::Auto,
    })
}

/// A factor below 1, as every framework demands.
fn factor(args: &Arguments, name: &str, default: f64) -> Result<f64, Error> {
    match args.number_or(name, default)? {
        factor if (0.0..1.0).contains(&factor) => Ok(factor),
        factor => Err(args.error(
            name,
            format!("`{name}` must be at least 0 and less than 1, not {factor}"),
        )),
    }
}

/// A number, or a list of one (for the one parameter group).
fn single(args: &Arguments, name: &str, default: f64) -> Result<f64, Error> {
    match args.given(name).map(|expr| &expr.node) {
        Some(Node::List(_) | Node::Tuple(_)) => match args.numbers(name)?.as_slice() {
            &[one] => Ok(one),
            _ => Err(args.error(
                name,
                format!("a list for `{name}` is for several parameter groups: write one number"),
            )),
        },
        _ => args.number_or(name, default),
    }
}

fn distance(
    args: &Arguments,
    default: f64,
    mode: &'static str,
    relative: fn(f64) -> Distance,
) -> Result<Distance, Error> {
    let threshold = args.number_or("threshold", default)?;
    Ok(
        match args.choice_or("threshold_mode", mode, &["rel", "abs"])? {
            "abs" => Distance::Absolute(threshold),
            _ => relative(threshold),
        },
    )
}

fn torch<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "mode",
            "factor",
            "patience",
            "threshold",
            "threshold_mode",
            "cooldown",
            "min_lr",
            "eps",
            "monitor",
            "observe",
        ],
    )?;
    let plateau = Plateau {
        mode: mode(&args, "min", &["min", "max"])?,
        factor: factor(&args, "factor", 0.1)?,
        patience: args.count_or("patience", 10)?,
        threshold: distance(&args, 1e-4, "rel", Distance::Torch)?,
        cooldown: args.count_or("cooldown", 0)?,
        min_lr: single(&args, "min_lr", 0.0)?,
        eps: args.number_or("eps", 1e-8)?,
        nan_is_bad: true,
        warmup: None,
    };
    Ok((args, Rule::Plateau(plateau)))
}

fn timm<'a>(text: &'a str, call: &'a Expr, run: &Run) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "decay_rate",
            "patience_t",
            "threshold",
            "cooldown_t",
            "warmup_t",
            "warmup_lr_init",
            "lr_min",
            "mode",
            "noise_range_t",
            "noise_type",
            "noise_pct",
            "noise_std",
            "noise_seed",
            "initialize",
            "monitor",
            "observe",
        ],
    )?;
    for name in [
        "noise_type",
        "noise_pct",
        "noise_std",
        "noise_seed",
        "initialize",
    ] {
        args.given(name);
    }
    if args.given("noise_range_t").is_some() {
        let message = "noise on a plateau is not supported; multiply by kiln's own: `noise(...) * timm.PlateauLRScheduler(...)`";
        return Err(args.error("noise_range_t", message));
    }
    let length = args.count_or("warmup_t", 0)?;
    let first = args.number_or("warmup_lr_init", 0.0)? / run.base_lr;
    let plateau = Plateau {
        mode: mode(&args, "max", &["min", "max"])?,
        factor: factor(&args, "decay_rate", 0.1)?,
        patience: args.count_or("patience_t", 10)?,
        threshold: Distance::Torch(args.number_or("threshold", 1e-4)?),
        cooldown: args.count_or("cooldown_t", 0)?,
        min_lr: args.number_or("lr_min", 0.0)?,
        eps: 1e-8,
        nan_is_bad: true,
        warmup: u32::try_from(length)
            .ok()
            .filter(|length| *length > 0)
            .map(|length| (length, first)),
    };
    Ok((args, Rule::Plateau(plateau)))
}

fn keras<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "monitor",
            "factor",
            "patience",
            "verbose",
            "mode",
            "min_delta",
            "cooldown",
            "min_lr",
            "observe",
        ],
    )?;
    args.given("verbose");
    let plateau = keras::Plateau {
        mode: mode(&args, "auto", &["auto", "min", "max"])?,
        factor: factor(&args, "factor", 0.1)?,
        patience: args.count_or("patience", 10)?,
        min_delta: args.number_or("min_delta", 1e-4)?.abs(),
        cooldown: args.count_or("cooldown", 0)?,
        min_lr: args.number_or("min_lr", 0.0)?,
    };
    Ok((args, Rule::Keras(plateau)))
}

fn optax<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "factor",
            "patience",
            "rtol",
            "atol",
            "cooldown",
            "accumulation_size",
            "min_scale",
            "monitor",
            "observe",
        ],
    )?;
    let (rtol, atol) = (args.number_or("rtol", 1e-4)?, args.number_or("atol", 0.0)?);
    let factor = args.number_or("factor", 0.1)?;
    if !(factor > 0.0 && factor < 1.0) {
        return Err(args.error(
            "factor",
            format!("`factor` must be greater than 0 and less than 1, not {factor}"),
        ));
    }
    if rtol < 0.0 || atol < 0.0 || rtol == 0.0 && atol == 0.0 || rtol > 1.0 {
        return Err(args.error("rtol", "`rtol` (at most 1) and `atol` must not be negative, and one of them must be greater than 0"));
    }
    let plateau = optax::Plateau {
        factor,
        patience: args.count_or("patience", 10)?,
        rtol,
        atol,
        cooldown: args.count_or("cooldown", 0)?,
        accumulation_size: args.count_or("accumulation_size", 1)?.max(1),
        min_scale: args.number_or("min_scale", 0.0)?,
    };
    Ok((args, Rule::Optax(plateau)))
}

fn hf_greedy<'a>(text: &'a str, call: &'a Expr) -> Bound<'a> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "mode",
            "factor",
            "patience",
            "threshold",
            "threshold_mode",
            "cooldown",
            "warmup",
            "min_lr",
            "max_lr",
            "eps",
            "verbose",
            "smooth",
            "window_size",
            "reset_start",
            "monitor",
            "observe",
        ],
    )?;
    args.given("verbose");
    let window = args.count_or("window_size", 50)?.max(1);
    let reset = args.count_or("reset_start", 500)?;
    let greedy = Greedy {
        mode: mode(&args, "min", &["min", "max"])?,
        factor: factor(&args, "factor", 0.95)?,
        patience: args.count_or("patience", 10)?,
        threshold: distance(&args, 1e-6, "abs", Distance::Torch)?,
        cooldown: args.count_or("cooldown", 0)?,
        warmup: args.count_or("warmup", 0)?,
        min_lr: single(&args, "min_lr", 1e-3)?,
        max_lr: single(&args, "max_lr", 1.0)?,
        eps: args.number_or("eps", 1e-8)?,
        window: if args.flag_or("smooth", false)? {
            window
        } else {
            1
        },
        reset_start: Some(u32::try_from(reset).unwrap_or(u32::MAX)),
    };
    Ok((args, Rule::Greedy(greedy)))
}
