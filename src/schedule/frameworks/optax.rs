//! `optax.schedules` of Optax 0.2.8.
//!
//! Pure functions of the optimiser's count, which is 0 for the first update. JAX computes them in float32; these
//! are the same formulas in f64. The optimiser's own rate has no effect on them.

use super::arguments::{Arguments, call_of};
use super::{Framework, Reading, kind_of};
use crate::expr::{Arith, Error, Expr, Node};
use std::f64::consts::PI;

/// The functions read here; `reduce_on_plateau` is a controller.
pub const NAMES: [&str; 14] = [
    "constant_schedule",
    "linear_schedule",
    "polynomial_schedule",
    "exponential_decay",
    "cosine_decay_schedule",
    "piecewise_constant_schedule",
    "piecewise_interpolate_schedule",
    "linear_onecycle_schedule",
    "cosine_onecycle_schedule",
    "warmup_constant_schedule",
    "warmup_cosine_decay_schedule",
    "warmup_exponential_decay_schedule",
    "sgdr_schedule",
    "join_schedules",
];

/// An Optax schedule; those that Optax builds from others are built so here.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// One rate.
    Constant(f64),
    /// `(init − end) · (1 − t/steps)^power + end`; constant `init` where `steps ≤ 0`.
    Polynomial {
        /// The first rate.
        init: f64,
        /// The last rate.
        end: f64,
        /// The exponent; 1 is `linear_schedule`.
        power: f64,
        /// Updates from the first to the last rate.
        steps: f64,
        /// Updates before it begins.
        begin: f64,
    },
    /// `init · rate^(t/steps)`, clipped at `end`.
    Exponential {
        /// The first rate.
        init: f64,
        /// Updates to which `rate` refers.
        steps: f64,
        /// The factor over `steps` updates.
        rate: f64,
        /// Updates before it begins.
        begin: f64,
        /// Only at multiples of `steps`.
        staircase: bool,
        /// A lower bound where `rate < 1`, otherwise an upper one.
        end: Option<f64>,
    },
    /// `init · ((1 − alpha) · (½(1 + cos πt/steps))^exponent + alpha)`.
    Cosine {
        /// The first rate.
        init: f64,
        /// Updates until `alpha · init`.
        steps: f64,
        /// The last rate over the first.
        alpha: f64,
        /// The exponent of the wave.
        exponent: f64,
    },
    /// The first rate times every scale whose boundary has been reached.
    PiecewiseConstant {
        /// The first rate.
        init: f64,
        /// `(update, scale)` in order.
        scales: Vec<(f64, f64)>,
    },
    /// Between points.
    PiecewiseInterpolate {
        /// `(update, rate)` in order, from update 0.
        points: Vec<(f64, f64)>,
        /// Half cosines instead of lines.
        cosine: bool,
    },
    /// Each schedule from its boundary on, counting from there.
    Join {
        /// One more than boundaries.
        schedules: Vec<Schedule>,
        /// The updates at which the next schedule takes over.
        boundaries: Vec<f64>,
    },
    /// A Python function of the count.
    Function(Arith),
}

impl Schedule {
    /// The rate that update `step` uses.
    pub fn at(&self, step: u64) -> f64 {
        self.value(step as f64)
    }

    fn value(&self, t: f64) -> f64 {
        match self {
            Schedule::Constant(value) => *value,
            Schedule::Polynomial { init, steps, .. } if *steps <= 0.0 => *init,
            Schedule::Polynomial {
                init,
                end,
                power,
                steps,
                begin,
            } => (init - end) * (1.0 - (t - begin).clamp(0.0, *steps) / steps).powf(*power) + end,
            Schedule::Exponential {
                init, steps, rate, ..
            } if *steps <= 0.0 || *rate == 0.0 => *init,
            Schedule::Exponential {
                init,
                steps,
                rate,
                begin,
                staircase,
                end,
            } => {
                let periods = (t - begin) / steps;
                let periods = if *staircase { periods.floor() } else { periods };
                let value = if t - begin <= 0.0 {
                    *init
                } else {
                    init * rate.powf(periods)
                };
                end.map_or(value, |end| {
                    if *rate < 1.0 {
                        value.max(end)
                    } else {
                        value.min(end)
                    }
                })
            }
            Schedule::Cosine {
                init,
                steps,
                alpha,
                exponent,
            } => {
                let wave = 0.5 * (1.0 + (PI * t.min(*steps) / steps).cos());
                init * ((1.0 - alpha) * wave.powf(*exponent) + alpha)
            }
            Schedule::PiecewiseConstant { init, scales } => scales
                .iter()
                .filter(|(boundary, _)| t >= *boundary)
                .fold(*init, |value, (_, scale)| value * scale),
            Schedule::PiecewiseInterpolate { points, cosine } => {
                let within = points.windows(2).find_map(|pair| match pair {
                    &[(start, from), (end, to)] if (start..end).contains(&t) => {
                        let z = (t - start) / (end - start).max(1.0);
                        Some(if *cosine {
                            to + (from - to) / 2.0 * ((PI * z).cos() + 1.0)
                        } else {
                            (to - from) * z + from
                        })
                    }
                    _ => None,
                });
                within
                    .or(points.last().map(|&(_, value)| value))
                    .unwrap_or(f64::NAN)
            }
            Schedule::Join {
                schedules,
                boundaries,
            } => {
                let reached = boundaries.iter().rposition(|&boundary| t >= boundary);
                let (index, start) = match reached {
                    None => (0, 0.0),
                    Some(at) => (at + 1, boundaries.get(at).copied().unwrap_or(0.0)),
                };
                schedules
                    .get(index)
                    .map_or(f64::NAN, |schedule| schedule.value(t - start))
            }
            Schedule::Function(function) => function.eval(&[t]).unwrap_or(f64::NAN),
        }
    }

    /// The updates at which another schedule takes over, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        let inner: Vec<f64> = match self {
            Schedule::Join { boundaries, .. } => boundaries.clone(),
            Schedule::PiecewiseConstant { scales, .. } => {
                scales.iter().map(|(at, _)| *at).collect()
            }
            Schedule::PiecewiseInterpolate { points, .. } => {
                points.iter().map(|(at, _)| *at).collect()
            }
            _ => Vec::new(),
        };
        let mut joints: Vec<u64> = std::iter::once(0)
            .chain(inner.into_iter().map(|at| at.max(0.0).ceil() as u64))
            .collect();
        joints.sort_unstable();
        joints.dedup();
        joints
    }

    fn linear(init: f64, end: f64, steps: f64) -> Schedule {
        Schedule::Polynomial {
            init,
            end,
            power: 1.0,
            steps,
            begin: 0.0,
        }
    }

    fn interpolate(init: f64, scales: &[(f64, f64)], cosine: bool) -> Schedule {
        let mut points = vec![(0.0, init)];
        let mut value = init;
        for (at, scale) in scales {
            value *= scale;
            points.push((*at, value));
        }
        Schedule::PiecewiseInterpolate { points, cosine }
    }
}

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
    Ok(Reading { schedule, notes })
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
