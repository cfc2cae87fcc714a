//! What a framework's line could be in kiln's words: texts to be compared with it, the clearest first.

mod hf;
mod keras;
mod optax;
mod phases;
mod timm;
mod torch;

use super::native::{exact, resolve};
use crate::expr::rewrite::{name, renamed};
use crate::expr::{Arith, Node, parse};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::{self, Framework, Spelling, kind_of};

/// The texts for a line.
pub(super) fn candidates(spelling: &Spelling, run: &Run) -> Vec<String> {
    let call = spelling.call();
    let text = call.to_string();
    let own_run = Run {
        base_lr: spelling.base_lr(),
        ..*run
    };
    let Some(((framework, kind), call)) = kind_of(call).zip(parse(&text).ok()) else {
        return Vec::new();
    };
    let found = match framework {
        Framework::Torch => frameworks::torch::parse(&text, &call, kind)
            .map(|(scheduler, _)| torch::candidates(&scheduler, &text, &call, &own_run))
            .unwrap_or_default(),
        Framework::Keras => frameworks::keras::parse(&text, &call, kind, &own_run)
            .map(|reading| keras::candidates(&reading.schedule, &text, &call, &own_run))
            .unwrap_or_default(),
        Framework::Optax => frameworks::optax::parse(&text, &call, kind)
            .ok()
            .and_then(|reading| optax::text(&reading.schedule))
            .into_iter()
            .collect(),
        Framework::Hf => hf::candidates(&text, &call, kind, &own_run).unwrap_or_default(),
        Framework::Timm => timm::candidates(&text, &call, kind, &own_run).unwrap_or_default(),
    };
    let own = spelling.native().map(str::to_owned);
    let all = found.into_iter().chain(own);
    if spelling.base_lr() == run.base_lr {
        return all.collect();
    }
    let base = Number(spelling.base_lr());
    all.map(|text| format!("base({base}, {text})")).collect()
}

/// A whole number of updates.
fn whole(updates: f64) -> Option<u64> {
    (updates.fract() == 0.0 && (0.0..9e15).contains(&updates)).then_some(updates as u64)
}

/// The body of a Python function of one number, as a formula over `variable`.
fn formula(function: &Arith, variable: &str) -> Option<String> {
    let expr = parse(function.source()).ok()?;
    let body = match &expr.node {
        Node::Lambda { body, .. } => body.as_ref(),
        _ => &expr,
    };
    let param = function.variables().first()?;
    Some(renamed(body, &|found| (found == param).then(|| name(variable))).to_string())
}

/// The factor of `lr ← lr · f(t)` over `t ≥ first` as a formula, where f is 1 and then another number for ever.
fn powers(
    slope: impl Fn(u64) -> Option<f64>,
    settled: u64,
    first: u64,
    time: &str,
) -> Option<String> {
    let last = slope(settled.max(first))?;
    let start = (first..=settled)
        .rev()
        .find(|&t| slope(t) != Some(last))
        .map_or(first, |t| t + 1);
    let before = (first..start).all(|t| slope(t) == Some(1.0));
    let gamma = Number(last);
    match (before, start.checked_sub(first)?) {
        (true, 0) if time == "step" && first == 1 => Some(format!("exponential(gamma={gamma})")),
        (true, _) => Some(format!(
            "1x * {gamma} ** max(0, {time} - {})",
            start as i64 - 1
        )),
        (false, _) => None,
    }
}
