//! Keras's schedules, in absolute rates.

use super::{formula, powers, whole};
use crate::expr::{Arith, Expr};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::arguments::Arguments;
use crate::schedule::frameworks::keras;

/// The texts for a schedule; `call` is the line that it was read from, in `text`.
pub(super) fn candidates(
    schedule: &keras::Schedule,
    text: &str,
    call: &Expr,
    run: &Run,
) -> Vec<String> {
    use keras::Schedule::{
        Cosine, CosineRestarts, Exponential, InverseTime, PerEpoch, PiecewiseConstant, Polynomial,
    };
    let found = match schedule {
        Exponential(d) | InverseTime(d) if whole(d.steps).is_none() => {
            let periods = if d.staircase { "//" } else { "/" };
            let periods = format!("(step {periods} {})", Number(d.steps));
            let (initial, rate) = (Number(d.initial), Number(d.rate));
            Some(match schedule {
                Exponential(_) => format!("{initial} * {rate} ** {periods}"),
                _ => format!("{initial} / (1 + {rate} * {periods})"),
            })
        }
        PiecewiseConstant { boundaries, values } => {
            let passed = boundaries.partition_point(|&boundary| boundary < 0.0);
            let at: Vec<u64> = boundaries
                .iter()
                .skip(passed)
                .map(|&boundary| (boundary as u64).saturating_add(1))
                .collect();
            let rates: Vec<String> = values
                .iter()
                .skip(passed)
                .map(|&rate| Number(rate).to_string())
                .collect();
            match at.is_empty() {
                true => rates.first().map(|rate| format!("constant({rate})")),
                false => Some(format!("piecewise([{}], at={at:?})", rates.join(", "))),
            }
        }
        Polynomial {
            initial,
            steps,
            end,
            power,
            cycle,
        } => {
            let (n, end, power) = (Number(*steps), Number(*end), Number(*power));
            match (cycle, whole(*steps)) {
                (false, Some(over)) if power.0 == 1.0 => {
                    Some(format!("linear({} -> {end}, {over})", Number(*initial)))
                }
                (false, Some(over)) => Some(format!(
                    "polynomial({} -> {end}, {over}, power={power})",
                    Number(*initial)
                )),
                (false, None) => Some(format!(
                    "{end} + {} * max(0, 1 - step / {n}) ** {power}",
                    Number(initial - end.0)
                )),
                (true, _) => Some(format!(
                    "{end} + {} * max(0, 1 - step / ({n} * max(1, ceil(step / {n})))) ** {power}",
                    Number(initial - end.0)
                )),
            }
        }
        Cosine {
            initial,
            steps,
            alpha,
            warmup,
        } => {
            let (high, updates) = warmup.unwrap_or((*initial, 0.0));
            let decay = match whole(*steps) {
                Some(over) => format!(
                    "cosine({} -> {}, {over})",
                    Number(high),
                    Number(alpha * high)
                ),
                None => format!(
                    "{} + {} * (1 + cos(pi * min(1, step / {}))) / 2",
                    Number(alpha * high),
                    Number(high - alpha * high),
                    Number(*steps)
                ),
            };
            match whole(updates) {
                Some(0) => Some(decay),
                Some(updates) => Some(format!(
                    "linear({} -> {}, {updates}) then {decay}",
                    Number(*initial),
                    Number(high)
                )),
                None => None,
            }
        }
        CosineRestarts {
            initial,
            first,
            t_mul,
            m_mul,
            alpha,
        } => whole(*first).map(|every| {
            let grow = if *t_mul == 1.0 {
                String::new()
            } else {
                format!(", grow={}", Number(*t_mul))
            };
            let low = Number(alpha * initial);
            match (*m_mul == 1.0, low.0 == 0.0) {
                (true, _) => format!(
                    "restart(cosine({} -> {low}), every={every}{grow})",
                    Number(*initial)
                ),
                (false, floorless) => {
                    let floor = if floorless {
                        String::new()
                    } else {
                        format!("{low} + ")
                    };
                    format!(
                        "{floor}restart(cosine({} -> 0), every={every}{grow}, decay={})",
                        Number(initial - low.0),
                        Number(*m_mul)
                    )
                }
            }
        }),
        PerEpoch(_) => per_epoch(text, call, run),
        _ => None,
    };
    found.into_iter().collect()
}

/// The callback `LearningRateScheduler`: a formula of the epoch, or a rate that shrinks from some epoch on.
fn per_epoch(text: &str, call: &Expr, run: &Run) -> Option<String> {
    let args = Arguments::bind(text, call, &["schedule"]).ok()?;
    let function = Arith::from_lambda(text, args.expr("schedule").ok()?, 2).ok()?;
    let time = if run.epoch_updates.is_some() {
        "epoch"
    } else {
        "step"
    };
    if !function.uses(1) {
        let body = formula(&function, time)?;
        return Some(if function.uses(0) {
            body
        } else {
            format!("constant({body})")
        });
    }
    let slope = |epoch: u64| match function.line(&[epoch as f64, 0.0], 1)? {
        (slope, 0.0) => Some(slope),
        _ => None,
    };
    let settled = function
        .settled(0)
        .filter(|s| s.period == 1 && s.prefix < 100_000)?;
    powers(slope, settled.prefix, 0, time)
}
