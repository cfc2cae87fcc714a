//! `hf.x(...)` and `hf.get_scheduler("x", ...)` to [`Schedule`].

use super::{NAMES, Schedule, Shape, Wave};
use crate::expr::{Error, Expr, Node};
use crate::schedule::Run;
use crate::schedule::frameworks::arguments::{Arguments, call_of};
use crate::schedule::frameworks::{Quirk, Reading};

/// The call `hf.get_scheduler("cosine", optimizer, …)` as `hf.cosine(…)` with its keywords, the dict
/// `scheduler_specific_kwargs` merged in; other calls as they are.
pub fn unwrap_get_scheduler(text: &str, call: &Expr) -> Result<Option<Expr>, Error> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "name",
            "optimizer",
            "num_warmup_steps",
            "num_training_steps",
            "scheduler_specific_kwargs",
        ],
    )?;
    let name = args.expr("name")?;
    let known: Vec<&str> = NAMES
        .into_iter()
        .chain(["reduce_lr_on_plateau", "greedy"])
        .collect();
    let word = name.as_str().unwrap_or_default();
    let Some(kind) = known.iter().find(|known| **known == word) else {
        let message = format!("get_scheduler has no scheduler `{word}`");
        return Err(Error::at(text, name.span, message)
            .expected(known.iter().map(|k| format!("\"{k}\"")))
            .suggest(word, &known));
    };
    let Node::Call {
        callee_span,
        args: written,
        ..
    } = &call.node
    else {
        return Ok(None);
    };
    let specific = args
        .given("scheduler_specific_kwargs")
        .map(|dict| call_of(text, dict, kind))
        .transpose()?;
    let mut kept: Vec<_> = specific
        .into_iter()
        .flat_map(|call| {
            if let Node::Call { args, .. } = call.node {
                args
            } else {
                Vec::new()
            }
        })
        .collect();
    // constant and the metric-driven ones take no counts; get_scheduler drops them
    let counts: &[&str] = match *kind {
        "constant" | "reduce_lr_on_plateau" | "greedy" => &[],
        "constant_with_warmup" | "inverse_sqrt" => &["num_warmup_steps"],
        _ => &["num_warmup_steps", "num_training_steps"],
    };
    for count in counts {
        if let Some(value) = args.given(count) {
            let name_span = written
                .iter()
                .find(|arg| arg.name.as_deref() == Some(*count))
                .map_or(value.span, |arg| arg.name_span);
            kept.push(crate::expr::Arg {
                name: Some((*count).to_owned()),
                name_span,
                value: value.clone(),
            });
        }
    }
    let callee = format!("hf.{kind}");
    Ok(Some(Expr {
        node: Node::Call {
            callee,
            callee_span: *callee_span,
            args: kept,
        },
        span: call.span,
    }))
}

/// Reads a call of one of [`NAMES`]. Where `num_training_steps` is missing, the length of the run is meant.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what transformers refuses.
pub fn parse(text: &str, call: &Expr, kind: &str, run: &Run) -> Result<Reading<Schedule>, Error> {
    let names: &[&'static str] = match kind {
        "constant" => &[],
        "constant_with_warmup" => &["num_warmup_steps"],
        "linear" => &["num_warmup_steps", "num_training_steps"],
        "cosine" | "cosine_with_restarts" => {
            &["num_warmup_steps", "num_training_steps", "num_cycles"]
        }
        "polynomial" => &["num_warmup_steps", "num_training_steps", "lr_end", "power"],
        "inverse_sqrt" => &["num_warmup_steps", "timescale"],
        "cosine_with_min_lr" => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
            "min_lr",
            "min_lr_rate",
        ],
        "cosine_warmup_with_min_lr" => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
            "min_lr",
            "min_lr_rate",
            "warmup_lr_rate",
        ],
        "warmup_stable_decay" => &[
            "num_warmup_steps",
            "num_decay_steps",
            "num_training_steps",
            "num_stable_steps",
            "warmup_type",
            "decay_type",
            "min_lr_ratio",
            "num_cycles",
        ],
        _ => {
            return Err(Error::at(
                text,
                call.span,
                format!("transformers has no schedule `{kind}`"),
            )
            .suggest(kind, &NAMES));
        }
    };
    let args = Arguments::bind(text, call, names)?;
    if names.contains(&"last_epoch")
        && args
            .opt_number("last_epoch")?
            .is_some_and(|epoch| epoch != -1.0)
    {
        return Err(args.error("last_epoch", "`last_epoch` other than -1 resumes inside a schedule; kiln resumes from its own checkpoints"));
    }
    let warmup = match names.contains(&"num_warmup_steps") {
        true if kind == "warmup_stable_decay" => args.count("num_warmup_steps")? as f64,
        true => args.count_or("num_warmup_steps", 0)? as f64,
        false => 0.0,
    };
    let steps = || match args.opt_count("num_training_steps")?.or(run.updates) {
        Some(steps) => Ok(steps as f64),
        None => Err(args.error(
            "num_training_steps",
            format!("hf.{kind} needs `num_training_steps`, or the length of the run"),
        )),
    };
    let floor = || match (args.opt_number("min_lr")?, args.opt_number("min_lr_rate")?) {
        (Some(_), Some(_)) => Err(args.error(
            "min_lr_rate",
            "only one of `min_lr` and `min_lr_rate` may be set",
        )),
        (Some(lr), None) => Ok(lr / run.base_lr),
        (None, Some(rate)) => Ok(rate),
        (None, None) => Err(Error::at(
            text,
            args.span(),
            format!("hf.{kind} needs `min_lr` or `min_lr_rate`"),
        )),
    };
    let cycles = |default: f64| args.number_or("num_cycles", default);
    let shape = match kind {
        "linear" => Shape::Linear { steps: steps()? },
        "cosine" => Shape::Cosine {
            steps: steps()?,
            cycles: cycles(0.5)?,
            floor: 0.0,
        },
        "cosine_with_restarts" => Shape::Restarts {
            steps: steps()?,
            cycles: cycles(1.0)?,
        },
        "polynomial" => polynomial(&args, steps()?, warmup, run)?,
        "inverse_sqrt" => {
            let timescale = args
                .opt_count("timescale")?
                .map(|t| t as f64)
                .unwrap_or(if warmup > 0.0 { warmup } else { 10_000.0 });
            Shape::InverseSqrt { timescale }
        }
        "cosine_with_min_lr" => Shape::Cosine {
            steps: steps()?,
            cycles: cycles(0.5)?,
            floor: floor()?,
        },
        "cosine_warmup_with_min_lr" => {
            let start = args.opt_number("warmup_lr_rate")?;
            Shape::CosineWarmup {
                steps: steps()?,
                cycles: cycles(0.5)?,
                floor: floor()?,
                start,
            }
        }
        "warmup_stable_decay" => warmup_stable_decay(&args, warmup, run)?,
        _ => Shape::Constant,
    };
    let schedule = Schedule {
        base: run.base_lr,
        warmup,
        shape,
    };
    let idle = warmup > 0.0 && schedule.at(0) == 0.0;
    let quirk = Quirk::new(
        "the warm-up of transformers starts at the rate 0: the first update changes nothing",
        format!("kiln's `warmup({warmup}) then ...`, which starts at 1/{warmup} of the rate"),
    );
    Ok(Reading {
        schedule,
        notes: args.finish()?,
        quirks: if idle { vec![quirk] } else { Vec::new() },
    })
}

fn polynomial(args: &Arguments, steps: f64, warmup: f64, run: &Run) -> Result<Shape, Error> {
    let (end, power) = (
        args.number_or("lr_end", 1e-7)?,
        args.number_or("power", 1.0)?,
    );
    if run.base_lr <= end {
        return Err(args.error(
            "lr_end",
            format!(
                "`lr_end` ({end}) must be smaller than the base rate ({})",
                run.base_lr
            ),
        ));
    }
    if steps <= warmup {
        return Err(args.error(
            "num_training_steps",
            "`num_training_steps` must be greater than `num_warmup_steps`",
        ));
    }
    Ok(Shape::Polynomial { steps, end, power })
}

fn warmup_stable_decay(args: &Arguments, warmup: f64, run: &Run) -> Result<Shape, Error> {
    let wave = |name: &str, default: &'static str| {
        Ok::<_, Error>(
            match args.choice_or(name, default, &["linear", "cosine", "1-sqrt"])? {
                "linear" => Wave::Linear,
                "cosine" => Wave::Cosine,
                _ => Wave::OneMinusSqrt,
            },
        )
    };
    let decay = args.count("num_decay_steps")? as f64;
    let total = args
        .opt_count("num_training_steps")?
        .or(run.updates)
        .map(|steps| steps as f64);
    let stable = match (args.opt_count("num_stable_steps")?, total) {
        (Some(stable), _) => stable as f64,
        (None, Some(total)) => total - warmup - decay,
        (None, None) => {
            return Err(args.error(
                "num_stable_steps",
                "hf.warmup_stable_decay needs `num_stable_steps` or `num_training_steps`",
            ));
        }
    };
    Ok(Shape::WarmupStableDecay {
        stable,
        decay,
        rise: wave("warmup_type", "linear")?,
        fall: wave("decay_type", "cosine")?,
        floor: args.number_or("min_lr_ratio", 0.0)?,
        cycles: args.number_or("num_cycles", 0.5)?,
    })
}
