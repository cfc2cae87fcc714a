//! Optax's functions.

use super::python::Python;
use super::{Of, sequence};
use crate::schedule::Schedule;
use crate::schedule::curve::Curve;
use crate::schedule::display::Number;

/// The function that should have the rates of a schedule.
pub(super) fn code(schedule: &Schedule) -> Option<String> {
    match schedule {
        Schedule::Curve(curve) => optax_curve(curve, 0),
        Schedule::Delay { inner, by } => match inner.as_ref() {
            Schedule::Curve(curve) => optax_curve(curve, *by),
            _ => None,
        },
        Schedule::Clamp { inner, min, max } => {
            let inner = code(inner)?;
            let open = inner
                .strip_prefix("optax.exponential_decay(")?
                .strip_suffix(')')?;
            let end = match (*min > 0.0, max) {
                (true, None) => *min,
                (false, Some(max)) => *max,
                _ => return None,
            };
            Some(format!(
                "optax.exponential_decay({open}, end_value={})",
                Number(end)
            ))
        }
        Schedule::Then(then) => {
            let (codes, starts) = sequence(then, code)?;
            Some(format!(
                "optax.join_schedules([{codes}], boundaries=[{starts}])"
            ))
        }
        _ => None,
    }
}

fn optax_curve(curve: &Curve, delay: u64) -> Option<String> {
    let of = Of(curve);
    let begin = match delay {
        0 => String::new(),
        by => format!(", transition_begin={by}"),
    };
    let line = |from: f64, to: f64, over: u64| {
        Some(format!(
            "optax.linear_schedule(init_value={}, end_value={}, transition_steps={over}{begin})",
            Number(from),
            Number(to)
        ))
    };
    match curve.name() {
        "constant" => Some(format!(
            "optax.constant_schedule({})",
            Number(of.number("rate"))
        )),
        "linear" => line(of.number("from"), of.number("to"), of.updates("over")),
        "warmup" => of
            .warmup_line()
            .and_then(|(from, to, over)| line(from, to, over)),
        "polynomial" => Some(format!(
            "optax.polynomial_schedule(init_value={}, end_value={}, power={}, transition_steps={}{begin})",
            Number(of.number("from")),
            Number(of.number("to")),
            Number(of.number("power")),
            of.updates("over")
        )),
        "exponential" | "step" => {
            let staircase = if curve.name() == "step" {
                "True"
            } else {
                of.flag("staircase")
            };
            Some(format!(
                "optax.exponential_decay(init_value={}, transition_steps={}, decay_rate={}{begin}, staircase={staircase})",
                Number(of.number("from")),
                of.updates("every"),
                Number(of.number("gamma"))
            ))
        }
        "cosine" if delay == 0 => {
            let (from, to) = (of.number("from"), of.number("to"));
            Some(format!(
                "optax.cosine_decay_schedule(init_value={}, decay_steps={}, alpha={})",
                Number(from),
                of.updates("over"),
                Number(to / from)
            ))
        }
        "multistep" if delay == 0 => {
            let steps = curve.values.steps(of.at("at"));
            let gamma = Number(of.number("gamma"));
            let scales: Vec<String> = steps
                .iter()
                .map(|step| format!("{step}: {gamma}"))
                .collect();
            Some(format!(
                "optax.piecewise_constant_schedule({}, {{{}}})",
                Number(of.number("from")),
                scales.join(", ")
            ))
        }
        "piecewise" if delay == 0 => {
            let (rates, steps) = (curve.values.rates(0), curve.values.steps(1));
            let scales: Vec<String> = rates
                .windows(2)
                .zip(steps)
                .map(|(pair, step)| match pair {
                    [a, b] => format!("{step}: {}", Number(b / a)),
                    _ => String::new(),
                })
                .collect();
            let (first, scales) = (Number(*rates.first()?), scales.join(", "));
            Some(match of.number("shape") as u8 {
                0 => format!("optax.piecewise_constant_schedule({first}, {{{scales}}})"),
                1 => {
                    format!("optax.piecewise_interpolate_schedule('linear', {first}, {{{scales}}})")
                }
                _ => {
                    format!("optax.piecewise_interpolate_schedule('cosine', {first}, {{{scales}}})")
                }
            })
        }
        // plain arithmetic, which JAX traces
        "inverse_time" | "power_law" | "inverse_sqrt" | "hyperbolic" if delay == 0 => {
            let body = Python { unit: 1.0 }
                .rate(&Schedule::Curve(curve.clone()), "count")
                .ok()?;
            Some(format!("lambda count: {body}"))
        }
        _ => None,
    }
}
