//! Optax's schedules, in absolute rates.

use super::phases::joined;
use super::{formula, resolve, whole};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::optax;

/// The text for a schedule.
pub(super) fn text(schedule: &optax::Schedule) -> Option<String> {
    use optax::Schedule::{
        Constant, Cosine, Exponential, Function, Join, PiecewiseConstant, PiecewiseInterpolate,
        Polynomial,
    };
    let delayed = |text: String, begin: f64| match whole(begin)? {
        0 => Some(text),
        by => Some(format!("delay({text}, {by})")),
    };
    match schedule {
        Constant(rate) => Some(format!("constant({})", Number(*rate))),
        Polynomial { init, steps, .. } if *steps <= 0.0 => {
            Some(format!("constant({})", Number(*init)))
        }
        Polynomial {
            init,
            end,
            power,
            steps,
            begin,
        } => {
            let range = format!("{} -> {}, {}", Number(*init), Number(*end), whole(*steps)?);
            let text = match *power == 1.0 {
                true => format!("linear({range})"),
                false => format!("polynomial({range}, power={})", Number(*power)),
            };
            delayed(text, *begin)
        }
        Exponential {
            init, steps, rate, ..
        } if *steps <= 0.0 || *rate == 0.0 => Some(format!("constant({})", Number(*init))),
        Exponential {
            init,
            steps,
            rate,
            begin,
            staircase,
            end,
        } => {
            let staircase = if *staircase { ", staircase=True" } else { "" };
            let text = format!(
                "exponential(gamma={}, every={}{staircase}, from={})",
                Number(*rate),
                whole(*steps)?,
                Number(*init)
            );
            let text = delayed(text, *begin)?;
            Some(match end {
                None => text,
                Some(end) if *rate < 1.0 => format!("clamp({text}, min={})", Number(*end)),
                Some(end) => format!("clamp({text}, max={})", Number(*end)),
            })
        }
        Cosine {
            init,
            steps,
            alpha,
            exponent: 1.0,
        } => Some(format!(
            "cosine({} -> {}, {})",
            Number(*init),
            Number(alpha * init),
            whole(*steps)?
        )),
        Cosine {
            init,
            steps,
            alpha,
            exponent,
        } => Some(format!(
            "{} + {} * ((1 + cos(pi * min(1, step / {}))) / 2) ** {}",
            Number(alpha * init),
            Number(init - alpha * init),
            Number(*steps),
            Number(*exponent)
        )),
        PiecewiseConstant { init, scales } => {
            let mut rates = vec![Number(*init).to_string()];
            rates.extend(scales.iter().scan(*init, |rate, (_, scale)| {
                *rate *= scale;
                Some(Number(*rate).to_string())
            }));
            let at = scales
                .iter()
                .map(|(at, _)| whole(*at))
                .collect::<Option<Vec<_>>>()?;
            Some(match at.is_empty() {
                true => format!("constant({})", Number(*init)),
                false => format!("piecewise([{}], at={at:?})", rates.join(", ")),
            })
        }
        PiecewiseInterpolate { points, cosine } => {
            let (_, held) = points.iter().rev().find(|(at, _)| *at == 0.0)?;
            let later = points.iter().filter(|(at, _)| *at > 0.0);
            let points: Vec<(f64, f64)> = std::iter::once((0.0, *held))
                .chain(later.copied())
                .collect();
            match points.len() {
                1 => Some(format!("constant({})", Number(*held))),
                _ => joined(&points, *cosine),
            }
        }
        Join {
            schedules,
            boundaries,
        } => {
            let mut parts = Vec::new();
            let mut start = 0.0;
            for (i, schedule) in schedules.iter().enumerate() {
                let end = boundaries.get(i).copied();
                let length = match end {
                    Some(end) => Some(whole(end - start)?),
                    None => None,
                };
                start = end.unwrap_or(start);
                if length == Some(0) {
                    continue; // never asked
                }
                let part = text(schedule)?;
                let own = resolve(&part, &Run::new(1.0)).and_then(|schedule| schedule.length());
                parts.push(match length {
                    Some(length) if own != Some(length) => format!("until({part}, over={length})"),
                    _ => part,
                });
            }
            Some(parts.join(" then "))
        }
        Function(function) => formula(function, "step"),
    }
}
