//! Rates that stay for a while and then change: every so often, at given updates, or from a table.
//!
//! | name | rate | known from |
//! |---|---|---|
//! | `step` | from · gamma^⌊t/every⌋ | `StepLR`; "halve the rate every 10 epochs" |
//! | `multistep` | from · gamma^(milestones passed) | `MultiStepLR` |
//! | `table` | the ⌊t/every⌋-th rate | stage tables |
//! | `piecewise` | a rate at each of several updates, held or interpolated between them | `PiecewiseConstantDecay`, `piecewise_interpolate_schedule` |
//!
//! A change at update m is used by update m itself: `step(every=20)` lowers the rate for update 20.
#![doc = ""]
#![doc = include_str!("../../../docs/schedules/steps.svg")]

use crate::schedule::curve::{MAX_JOINTS, Page, Row};
use crate::schedule::signature::{Default, FROM, Kind, Param, Values};
use crate::schedule::time::Time;
use std::f64::consts::FRAC_PI_2;

const GAMMA: Param = Param::new(
    "gamma",
    Kind::Number(0.0, 1e6),
    Default::Number(0.1),
    "what the rate is multiplied by at each step",
);

/// A factor every so often.
pub static STEP: Row = Row::new(
    "step",
    &[Param::new("every", Kind::Period, Default::Required, "updates between two steps").or(&["step_size"]), GAMMA, FROM],
    |values, t| values.number(2) * values.number(1).powf((t.whole / values.updates(0).max(1)) as f64),
    Page {
        formula: "from * gamma ** floor(t / every)",
        origin: "torch StepLR, staircase ExponentialDecay; recursive forms in texts compound the decay",
        when: "Classical vision recipes: `step(every=30ep, gamma=0.1)`.",
        pros: "Easy to read in a loss curve; each drop shows what it gives.",
        cons: "Two parameters to tune; a step at the very end of the run never acts.",
    },
)
.jumping(|values| (1..=MAX_JOINTS as u64).map_while(|k| values.updates(0).checked_mul(k)).collect());

/// A factor at given updates.
pub static MULTISTEP: Row = Row::new(
    "multistep",
    &[
        Param::new(
            "at",
            Kind::Durations,
            Default::Required,
            "the updates at which it steps",
        )
        .or(&["milestones"]),
        GAMMA,
        FROM,
    ],
    |values, t| values.number(2) * values.number(1).powf(passed(values.steps(0), t) as f64),
    Page {
        formula: "from * gamma ** (number of milestones <= t)",
        origin: "torch MultiStepLR, Optax piecewise_constant_schedule",
        when: "Recipes that state their milestones: `multistep(at=[30ep, 60ep, 80ep])`.",
        pros: "Drops where they are known to help.",
        cons: "Milestones must be tuned anew for every length of run.",
    },
)
.ending(|values| Some(values.steps(0).last().copied().unwrap_or(0)))
.jumping(|values| values.steps(0).iter().copied().take(MAX_JOINTS).collect());

/// How many of the sorted milestones have come.
fn passed(milestones: &[u64], t: Time) -> usize {
    milestones.partition_point(|&milestone| milestone <= t.whole)
}

/// Rates read off a list, one for every period.
pub static TABLE: Row = Row::new(
    "table",
    &[
        Param::new(
            "rates",
            Kind::Rates,
            Default::Required,
            "the rates, in order; the last one stays",
        ),
        Param::new(
            "every",
            Kind::Period,
            Default::Number(1.0),
            "how long each rate is used",
        ),
    ],
    |values, t| {
        let rates = values.rates(0);
        let stage = usize::try_from(t.whole / values.updates(1).max(1)).unwrap_or(usize::MAX);
        rates.get(stage).or(rates.last()).copied().unwrap_or(0.0)
    },
    Page {
        formula: "rates[min(floor(t / every), last)]",
        origin: "stage tables; modded-nanogpt; a schedule measured or computed elsewhere",
        when: "When the rates are known one by one: `table([0.1, 0.05, 0.01], every=10ep)`.",
        pros: "Says anything.",
        cons: "Explains nothing, and must be rewritten for another length.",
    },
)
.ending(|values| values.updates(1).checked_mul(values.rates(0).len() as u64))
.jumping(|values| {
    (1..values.rates(0).len().min(MAX_JOINTS) as u64)
        .map_while(|k| values.updates(1).checked_mul(k))
        .collect()
});

/// Rates at given updates, held or interpolated.
pub static PIECEWISE: Row = Row::new(
    "piecewise",
    &[
        Param::new("rates", Kind::Rates, Default::Required, "the rate at the start, then one for each entry of `at`"),
        Param::new("at", Kind::Durations, Default::Required, "the updates at which the further rates are reached"),
        Param::new("shape", Kind::Choice(&["hold", "linear", "cosine"]), Default::Number(0.0), "what happens between them"),
    ],
    piecewise,
    Page {
        formula: "hold: rates[number of `at` <= t]; linear, cosine: from one rate to the next between two entries of `at`",
        origin: "Keras PiecewiseConstantDecay (which steps one update later), Optax piecewise_interpolate_schedule",
        when: "When a few points of the curve are known: `piecewise([0.1x, 1x, 0], at=[10%, 100%], shape=linear)`.",
        pros: "Any polygon in one line.",
        cons: "Harder to read than warmup(...) then linear(...).",
    },
)
.checked(|values| {
    let (rates, at) = (values.rates(0).len(), values.steps(1).len());
    let message = || format!("{rates} rates for {at} entries of `at`: there must be one rate more, the first");
    if rates == at + 1 { Ok(()) } else { Err(("rates", message())) }
})
.ending(|values| values.steps(1).last().copied())
.jumping(|values| values.steps(1).iter().copied().take(MAX_JOINTS).collect());

fn piecewise(values: &Values, t: Time) -> f64 {
    let (rates, at) = (values.rates(0), values.steps(1));
    let piece = passed(at, t);
    let rate = |i: usize| rates.get(i).or(rates.last()).copied().unwrap_or(0.0);
    let Some(&end) = at.get(piece) else {
        return rate(piece);
    };
    let start = piece
        .checked_sub(1)
        .and_then(|before| at.get(before))
        .copied()
        .unwrap_or(0);
    let (local, n) = (t.since(start), end - start);
    let (w, c) = match values.number(2) as u8 {
        0 => (1.0, 0.0),
        1 => (local.left(n), local.share(n)),
        _ => (
            (FRAC_PI_2 * local.left(n)).sin().powi(2),
            (FRAC_PI_2 * local.share(n)).sin().powi(2),
        ),
    };
    rate(piece) * w + rate(piece + 1) * c
}
