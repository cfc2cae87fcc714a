//! `optax.x(...)` to [`Schedule`], with Optax's argument order, defaults and refusals.

use super::{NAMES, Schedule};
use crate::expr::{Arith, Error, Expr, Node};
use crate::schedule::frameworks::arguments::{Arguments, call_of};
use crate::schedule::frameworks::{Framework, Quirk, Reading, kind_of};

/// Reads a call of the function `kind`.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what Optax refuses.
pub fn parse(text: &str, call: &Expr, kind: &str) -> Result<Reading<Schedule>, Error> {
    let bind = |names: &[&'static str]| Arguments::bind(text, call, names);
    let mut notes = Vec::new();
    let (schedule, args) = match kind {
        "constant_schedule" => {
            let args = bind(&["value"])?;
            (Schedule::Constant(args.number("value")?), args)
        }
        "linear_schedule" | "polynomial_schedule" => {
            let names: &[&str] = match kind {
                "linear_schedule" => &[
                    "init_value",
                    "end_value",
                    "transition_steps",
                    "transition_begin",
                ],
                _ => &[
                    "init_value",
                    "end_value",
                    "power",
                    "transition_steps",
                    "transition_begin",
                ],
            };
            let args = Arguments::bind(text, call, names)?;
            let schedule = Schedule::Polynomial {
                init: args.number("init_value")?,
                end: args.number("end_value")?,
                power: if kind == "linear_schedule" {
                    1.0
                } else {
                    args.number("power")?
                },
                steps: args.number("transition_steps")?,
                begin: args.number_or("transition_begin", 0.0)?.max(0.0),
            };
            (schedule, args)
        }
        "exponential_decay" => {
            let args = bind(&[
                "init_value",
                "transition_steps",
                "decay_rate",
                "transition_begin",
                "staircase",
                "end_value",
            ])?;
            (exponential(&args, "init_value")?, args)
        }
        "cosine_decay_schedule" => {
            let args = bind(&["init_value", "decay_steps", "alpha", "exponent"])?;
            let schedule = Schedule::Cosine {
                init: args.number("init_value")?,
                steps: args.number("decay_steps")?,
                alpha: args.number_or("alpha", 0.0)?,
                exponent: args.number_or("exponent", 1.0)?,
            };
            if args.number("decay_steps")? <= 0.0 {
                return Err(args.error("decay_steps", "`decay_steps` must be greater than 0"));
            }
            (schedule, args)
        }
        "piecewise_constant_schedule" => {
            let args = bind(&["init_value", "boundaries_and_scales"])?;
            (
                Schedule::PiecewiseConstant {
                    init: args.number("init_value")?,
                    scales: scales(&args)?,
                },
                args,
            )
        }
        "piecewise_interpolate_schedule" => {
            let args = bind(&["interpolate_type", "init_value", "boundaries_and_scales"])?;
            args.expr("interpolate_type")?;
            let cosine =
                args.choice_or("interpolate_type", "linear", &["linear", "cosine"])? == "cosine";
            (
                Schedule::interpolate(args.number("init_value")?, &scales(&args)?, cosine),
                args,
            )
        }
        "linear_onecycle_schedule" | "cosine_onecycle_schedule" => {
            one_cycle(text, call, kind == "cosine_onecycle_schedule")?
        }
        "warmup_constant_schedule" => {
            let args = bind(&["init_value", "peak_value", "warmup_steps"])?;
            (warmup(&args)?.0, args)
        }
        "warmup_cosine_decay_schedule" => {
            let args = bind(&[
                "init_value",
                "peak_value",
                "warmup_steps",
                "decay_steps",
                "end_value",
                "exponent",
            ])?;
            (warmup_cosine(&args)?, args)
        }
        "warmup_exponential_decay_schedule" => {
            let args = bind(&[
                "init_value",
                "peak_value",
                "warmup_steps",
                "transition_steps",
                "decay_rate",
                "transition_begin",
                "staircase",
                "end_value",
            ])?;
            let (warmup, steps) = warmup(&args)?;
            let schedules = vec![warmup, exponential(&args, "peak_value")?];
            (
                Schedule::Join {
                    schedules,
                    boundaries: vec![steps],
                },
                args,
            )
        }
        "sgdr_schedule" => {
            let args = bind(&["cosine_kwargs"])?;
            (sgdr(&args)?, args)
        }
        "join_schedules" => {
            let args = bind(&["schedules", "boundaries"])?;
            let (schedules, boundaries) = (joined(&args, &mut notes)?, args.numbers("boundaries")?);
            if schedules.len() != boundaries.len() + 1 {
                let message = format!(
                    "{} schedules need {} boundaries, found {}",
                    schedules.len(),
                    schedules.len().saturating_sub(1),
                    boundaries.len()
                );
                return Err(args.error("boundaries", message));
            }
            (
                Schedule::Join {
                    schedules,
                    boundaries,
                },
                args,
            )
        }
        _ => {
            return Err(
                Error::at(text, call.span, format!("Optax has no schedule `{kind}`"))
                    .suggest(kind, &NAMES),
            );
        }
    };
    notes.extend(args.finish()?);
    let empty_phase = match &schedule {
        Schedule::PiecewiseInterpolate { points, .. } if kind.ends_with("onecycle_schedule") => {
            let phases = if kind == "linear_onecycle_schedule" {
                3
            } else {
                2
            };
            points.len() <= phases
                || points
                    .windows(2)
                    .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        }
        _ => false,
    };
    let quirk = Quirk::new(
        "this one-cycle is so short that phases fall on one update: Optax skips or drops the earlier, and may never reach the peak",
        "more transition_steps, or kiln's `one_cycle(...)`",
    );
    Ok(Reading {
        schedule,
        notes,
        quirks: if empty_phase { vec![quirk] } else { Vec::new() },
    })
}

fn exponential(args: &Arguments, init: &str) -> Result<Schedule, Error> {
    Ok(Schedule::Exponential {
        init: args.number(init)?,
        steps: args.number("transition_steps")?,
        rate: args.number("decay_rate")?,
        begin: args.number_or("transition_begin", 0.0)?.max(0.0),
        staircase: args.flag_or("staircase", false)?,
        end: args.opt_number("end_value")?,
    })
}

/// The line up to the peak, and its length.
fn warmup(args: &Arguments) -> Result<(Schedule, f64), Error> {
    let steps = args.number("warmup_steps")?;
    Ok((
        Schedule::linear(
            args.number("init_value")?,
            args.number("peak_value")?,
            steps,
        ),
        steps,
    ))
}

fn warmup_cosine(args: &Arguments) -> Result<Schedule, Error> {
    let (line, warmup_steps) = warmup(args)?;
    let (peak, end) = (
        args.number("peak_value")?,
        args.number_or("end_value", 0.0)?,
    );
    let steps = args.number("decay_steps")? - warmup_steps;
    if steps <= 0.0 {
        return Err(args.error(
            "decay_steps",
            "`decay_steps` counts the warm-up too, so it must be greater than `warmup_steps`",
        ));
    }
    let alpha = if peak == 0.0 { 0.0 } else { end / peak };
    let cosine = Schedule::Cosine {
        init: peak,
        steps,
        alpha,
        exponent: args.number_or("exponent", 1.0)?,
    };
    Ok(Schedule::Join {
        schedules: vec![line, cosine],
        boundaries: vec![warmup_steps],
    })
}

fn scales(args: &Arguments) -> Result<Vec<(f64, f64)>, Error> {
    let scales = args.boundaries("boundaries_and_scales")?;
    if scales.iter().any(|(_, scale)| *scale < 0.0) {
        return Err(args.error(
            "boundaries_and_scales",
            "scale factors must not be negative",
        ));
    }
    Ok(scales)
}

/// Optax builds a dict of boundaries: where two fall on one update, the later one replaces the earlier.
fn one_cycle<'a>(
    text: &'a str,
    call: &'a Expr,
    cosine: bool,
) -> Result<(Schedule, Arguments<'a>), Error> {
    let names: &[&str] = match cosine {
        true => &[
            "transition_steps",
            "peak_value",
            "pct_start",
            "div_factor",
            "final_div_factor",
        ],
        false => &[
            "transition_steps",
            "peak_value",
            "pct_start",
            "pct_final",
            "div_factor",
            "final_div_factor",
        ],
    };
    let args = Arguments::bind(text, call, names)?;
    let (steps, peak) = (args.number("transition_steps")?, args.number("peak_value")?);
    if steps <= 0.0 {
        return Err(args.error(
            "transition_steps",
            "`transition_steps` must be greater than 0",
        ));
    }
    let (div, last) = (
        args.number_or("div_factor", 25.0)?,
        args.number_or("final_div_factor", 1e4)?,
    );
    let mut scales = vec![((args.number_or("pct_start", 0.3)? * steps).trunc(), div)];
    let mut set = |at: f64, scale: f64| {
        scales.retain(|(known, _)| *known != at);
        scales.push((at, scale));
    };
    if cosine {
        set(steps.trunc(), 1.0 / (div * last));
    } else {
        set(
            (args.number_or("pct_final", 0.85)? * steps).trunc(),
            1.0 / div,
        );
        set(steps, 1.0 / last);
    }
    scales.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok((Schedule::interpolate(peak / div, &scales, cosine), args))
}

fn sgdr(args: &Arguments) -> Result<Schedule, Error> {
    let (mut schedules, mut boundaries, mut start) = (Vec::new(), Vec::new(), 0.0);
    for item in args.items("cosine_kwargs")? {
        let call = call_of(args.text(), item, "cosine_kwargs")?;
        let names = [
            "init_value",
            "peak_value",
            "warmup_steps",
            "decay_steps",
            "end_value",
            "exponent",
        ];
        let kwargs = Arguments::bind(args.text(), &call, &names)?;
        schedules.push(warmup_cosine(&kwargs)?);
        start += kwargs.number("decay_steps")?;
        kwargs.finish()?;
        boundaries.push(start);
    }
    boundaries.pop();
    if schedules.is_empty() {
        return Err(args.error("cosine_kwargs", "sgdr_schedule needs at least one cycle"));
    }
    Ok(Schedule::Join {
        schedules,
        boundaries,
    })
}

fn joined(args: &Arguments, notes: &mut Vec<String>) -> Result<Vec<Schedule>, Error> {
    let text = args.text();
    let read = |item: &Expr| match (&item.node, kind_of(item)) {
        (Node::Lambda { .. }, _) => Ok(Reading {
            schedule: Schedule::Function(Arith::from_lambda(text, item, 1)?),
            notes: Vec::new(),
            quirks: Vec::new(),
        }),
        (_, Some((Framework::Optax, kind))) => parse(text, item, kind),
        _ => Err(Error::at(
            text,
            item.span,
            format!("expected an Optax schedule, found {}", item.kind()),
        )),
    };
    args.items("schedules")?
        .iter()
        .map(|item| {
            read(item).map(|reading| {
                notes.extend(reading.notes);
                reading.schedule
            })
        })
        .collect()
}
