//! `timm.X(...)` to [`Schedule`], with timm's argument order, defaults and refusals.

use super::noise::Noise;
use super::{Cycles, Decay, Fall, NAMES, Schedule, Shape, Stable};
use crate::expr::{Error, Expr, Node};
use crate::schedule::Run;
use crate::schedule::frameworks::arguments::Arguments;
use crate::schedule::frameworks::{Quirk, Reading};

const WARMUP: [&str; 3] = ["warmup_t", "warmup_lr_init", "warmup_prefix"];

const CYCLES: [&str; 4] = ["lr_min", "cycle_mul", "cycle_decay", "cycle_limit"];

const NOISE: [&str; 5] = [
    "t_in_epochs",
    "noise_range_t",
    "noise_pct",
    "noise_std",
    "noise_seed",
];

/// Reads a call of the class `kind`.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what timm refuses.
pub fn parse(text: &str, call: &Expr, kind: &str, run: &Run) -> Result<Reading<Schedule>, Error> {
    let own: &[&[&'static str]] = match kind {
        "CosineLRScheduler" => &[&["t_initial"], &CYCLES, &WARMUP, &NOISE, &["k_decay"]],
        "TanhLRScheduler" => &[&["t_initial", "lb", "ub"], &CYCLES, &WARMUP, &NOISE],
        "PolyLRScheduler" => &[
            &["t_initial", "power"],
            &CYCLES,
            &WARMUP,
            &NOISE,
            &["k_decay"],
        ],
        "StepLRScheduler" | "MultiStepLRScheduler" => {
            &[&["decay_t", "decay_rate"], &WARMUP, &NOISE]
        }
        "WSDLRScheduler" => &[
            &[
                "t_initial",
                "decay_t",
                "lr_min",
                "stable_fn",
                "stable_timescale",
                "stable_power",
                "decay_fn",
                "decay_power",
            ],
            &["decay_ratio", "warmup_t", "warmup_lr_init"],
            &NOISE,
        ],
        _ => {
            return Err(
                Error::at(text, call.span, format!("timm has no scheduler `{kind}`"))
                    .suggest(kind, &NAMES),
            );
        }
    };
    let names: Vec<&'static str> = own
        .iter()
        .copied()
        .flatten()
        .copied()
        .chain(["initialize"])
        .collect();
    let args = Arguments::bind(text, call, &names)?;
    args.flag_or("initialize", true)?;
    args.flag_or("t_in_epochs", true)?;
    let warmup = args.number_within("warmup_t", 0.0, 0.0..=1e18)?;
    let stepped = matches!(kind, "StepLRScheduler" | "MultiStepLRScheduler");
    let prefix = kind == "WSDLRScheduler" || args.flag_or("warmup_prefix", stepped)?;
    let mut schedule = Schedule {
        base: run.base_lr,
        warmup,
        warmup_lr: args.number_or("warmup_lr_init", 0.0)?,
        warmup_step: 0.0,
        prefix,
        decay: match kind {
            "StepLRScheduler" => {
                let every = args.number("decay_t")?;
                if every <= 0.0 {
                    return Err(args.error("decay_t", "`decay_t` must be greater than 0"));
                }
                Decay::Step {
                    every,
                    rate: args.number_or("decay_rate", 1.0)?,
                }
            }
            "MultiStepLRScheduler" => {
                let milestones = args.numbers("decay_t")?;
                if !milestones.is_sorted() {
                    return Err(args.error(
                        "decay_t",
                        "milestones must not decrease: timm looks them up by bisection",
                    ));
                }
                Decay::MultiStep {
                    milestones,
                    rate: args.number_or("decay_rate", 1.0)?,
                }
            }
            "WSDLRScheduler" => Decay::Stable(stable(&args, warmup)?),
            _ => cycles(&args, kind)?,
        },
        noise: noise(&args)?,
    };
    if warmup > 0.0 {
        // only the tanh scheduler without prefix aims at where its decay will be
        let target = if kind == "TanhLRScheduler" && !prefix {
            schedule.decayed(warmup)
        } else {
            run.base_lr
        };
        schedule.warmup_step = (target - schedule.warmup_lr) / warmup;
    }
    let quirk = Quirk::new(
        "timm's milestones apply one update earlier than torch's: it compares them with t + 1",
        "milestones one larger, if torch's timing is meant",
    );
    let early = kind == "MultiStepLRScheduler";
    Ok(Reading {
        schedule,
        notes: args.finish()?,
        quirks: if early { vec![quirk] } else { Vec::new() },
    })
}

fn cycles(args: &Arguments, kind: &str) -> Result<Decay, Error> {
    let initial = args.number("t_initial")?;
    if initial <= 0.0 {
        return Err(args.error("t_initial", "`t_initial` must be greater than 0"));
    }
    let cycles = Cycles {
        initial,
        mul: args.number_or("cycle_mul", 1.0)?,
        decay: args.number_or("cycle_decay", 1.0)?,
        limit: args.number_or("cycle_limit", 1.0)?,
    };
    if cycles.mul <= 0.0 {
        return Err(args.error("cycle_mul", "`cycle_mul` must be greater than 0"));
    }
    let shape = match kind {
        "TanhLRScheduler" => {
            let (lower, upper) = (args.number_or("lb", -7.0)?, args.number_or("ub", 3.0)?);
            if lower >= upper {
                return Err(args.error("lb", "`lb` must be smaller than `ub`"));
            }
            Shape::Tanh { lower, upper }
        }
        "PolyLRScheduler" => Shape::Poly {
            power: args.number_or("power", 0.5)?,
            k: args.number_or("k_decay", 1.0)?,
        },
        _ => Shape::Cosine {
            k: args.number_or("k_decay", 1.0)?,
        },
    };
    Ok(Decay::Cycles {
        cycles,
        floor: args.number_within("lr_min", 0.0, 0.0..=f64::MAX)?,
        shape,
    })
}

fn stable(args: &Arguments, warmup: f64) -> Result<Stable, Error> {
    let (initial, decay) = (args.number("t_initial")?, args.number("decay_t")?);
    if !(0.0 < decay && decay <= initial) {
        return Err(args.error(
            "decay_t",
            format!("`decay_t` must be greater than 0 and at most `t_initial` ({initial})"),
        ));
    }
    let positive = |name: &str, default: f64| match args.number_or(name, default)? {
        value if value > 0.0 => Ok(value),
        value => Err(args.error(
            name,
            format!("`{name}` must be greater than 0, not {value}"),
        )),
    };
    let power = positive("stable_power", 0.5)?;
    let timescale = args.number_or("stable_timescale", warmup)?;
    let decline = match args.choice_or("stable_fn", "constant", &["constant", "rsqrt", "power"])? {
        "constant" => None,
        _ if timescale <= 0.0 => {
            let message = "this stable function needs a `stable_timescale` greater than 0; it defaults to `warmup_t`";
            return Err(args.error("stable_timescale", message));
        }
        "rsqrt" => Some((0.5, timescale)),
        _ => Some((power, timescale)),
    };
    let (decay_power, ratio) = (
        positive("decay_power", 0.5)?,
        args.number_within("decay_ratio", 0.1, f64::MIN_POSITIVE..=1.0 - f64::EPSILON)?,
    );
    let fall = match args.choice_or(
        "decay_fn",
        "1-sqrt",
        &["linear", "1-sqrt", "cosine", "power", "exp"],
    )? {
        "linear" => Fall::Linear,
        "cosine" => Fall::Cosine,
        "power" => Fall::Power(decay_power),
        "exp" => Fall::Exp(ratio),
        _ => Fall::OneMinusSqrt,
    };
    Ok(Stable {
        initial,
        decay,
        floor: args.number_within("lr_min", 0.0, 0.0..=f64::MAX)?,
        decline,
        fall,
    })
}

fn noise(args: &Arguments) -> Result<Option<Noise>, Error> {
    let (limit, deviation) = (
        args.number_or("noise_pct", 0.67)?,
        args.number_or("noise_std", 1.0)?,
    );
    let seed = args.count_or("noise_seed", 42)?;
    let Some(range) = args.given("noise_range_t") else {
        return Ok(None);
    };
    let (start, end) = match &range.node {
        Node::List(_) | Node::Tuple(_) => match args.numbers("noise_range_t")?.as_slice() {
            &[start, end] => (start, end),
            _ => {
                return Err(args.error(
                    "noise_range_t",
                    "`noise_range_t` is one number, or a list of a start and an end",
                ));
            }
        },
        _ => (args.number("noise_range_t")?, f64::INFINITY),
    };
    if !(limit > 0.0 && deviation.is_finite()) {
        return Err(args.error(
            "noise_pct",
            "`noise_pct` must be greater than 0: no noise lies below it",
        ));
    }
    Ok(Some(Noise {
        start,
        end,
        limit,
        deviation,
        seed,
    }))
}
