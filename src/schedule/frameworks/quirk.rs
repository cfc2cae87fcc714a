//! Where a framework does what its users do not expect: named, with the clean expression.
//!
//! The spellings keep every quirk; lint shows this.

use super::torch::{OneCycle, Scheduler};

/// A surprise in a framework's spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Quirk {
    /// What happens.
    pub message: String,
    /// What to write to get what was probably meant.
    pub fix: String,
}

impl Quirk {
    pub(crate) fn new(message: impl Into<String>, fix: impl Into<String>) -> Quirk {
        Quirk {
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// The surprises of a torch scheduler in a run of `updates`.
pub(super) fn torch(scheduler: &Scheduler, updates: Option<u64>) -> Vec<Quirk> {
    let mut found = Vec::new();
    alone(scheduler, updates, &mut found);
    match scheduler {
        Scheduler::Sequential {
            schedulers,
            milestones,
        } => sequential(schedulers, milestones, &mut found),
        Scheduler::Chained(schedulers) => chained(schedulers, &mut found),
        _ => {}
    }
    found
}

fn alone(scheduler: &Scheduler, updates: Option<u64>, found: &mut Vec<Quirk>) {
    let ends_after = |end: f64| updates.is_some_and(|updates| updates as f64 - 1.0 > end);
    match scheduler {
        Scheduler::CosineAnnealing { t_max, eta_min } if ends_after(*t_max) => found.push(Quirk::new(
            format!("CosineAnnealingLR climbs back to the base rate after T_max = {t_max}"),
            format!("`cosine(to={eta_min:?}, over={t_max})`, which holds its end, or T_max = the length of the run"),
        )),
        Scheduler::Constant { factor, total_iters: 0 } => found.push(Quirk::new(
            format!("ConstantLR with total_iters=0 applies its factor {factor} for ever: torch never undoes it"),
            "leave it out",
        )),
        Scheduler::Linear { start_factor, total_iters: 0, .. } => found.push(Quirk::new(
            format!("LinearLR with total_iters=0 applies its start_factor {start_factor} for ever: torch never undoes it"),
            "leave it out",
        )),
        Scheduler::MultiStep { milestones, .. } if milestones.contains(&0) => found.push(Quirk::new(
            "MultiStepLR with the milestone 0 decays before the first update",
            "leave the milestone out",
        )),
        Scheduler::OneCycle(cycle) => one_cycle(cycle, updates, found),
        _ => {}
    }
}

fn one_cycle(cycle: &OneCycle, updates: Option<u64>, found: &mut Vec<Quirk>) {
    let clean = format!(
        "`one_cycle(over={}, peak={:?})`, which ends at its lowest rate",
        cycle.total_steps, cycle.max_lr
    );
    if updates.is_some_and(|updates| updates > cycle.total_steps) {
        let message = format!(
            "OneCycleLR's rate for update {} lies past the end of the cycle: it turns back up, and below 0 with anneal_strategy='linear'",
            cycle.total_steps
        );
        found.push(Quirk::new(message, clean.clone()));
    }
    let peak = cycle.pct_start * cycle.total_steps as f64 - 1.0;
    if peak < 0.0 {
        found.push(Quirk::new(
            "OneCycleLR's peak lies before update 0, so that max_lr is never reached",
            clean,
        ));
    }
}

fn is_composite(scheduler: &Scheduler) -> bool {
    matches!(
        scheduler,
        Scheduler::Sequential { .. } | Scheduler::Chained(_)
    )
}

fn overwrites(scheduler: &Scheduler) -> bool {
    use Scheduler::{Cyclic, Lambda, OneCycle, WarmRestarts};
    matches!(
        scheduler,
        Lambda(_) | WarmRestarts { .. } | Cyclic(_) | OneCycle(_)
    )
}

fn sequential(schedulers: &[Scheduler], milestones: &[u64], found: &mut Vec<Quirk>) {
    if schedulers.first().is_some_and(is_composite) {
        found.push(Quirk::new(
            "a SequentialLR or ChainedScheduler as the first of a SequentialLR takes an extra step at construction: it runs one update ahead",
            "one flat SequentialLR, or kiln's `a then b then c`",
        ));
    }
    if milestones
        .windows(2)
        .any(|pair| pair.first() == pair.last())
        || milestones.first() == Some(&0)
    {
        found.push(Quirk::new(
            "between equal milestones, or before a milestone of 0, a scheduler never runs",
            "leave it out",
        ));
    }
    if schedulers
        .iter()
        .any(|s| matches!(s, Scheduler::OneCycle(_)))
        && !matches!(schedulers.first(), Some(Scheduler::OneCycle(_)))
    {
        found.push(Quirk::new(
            "OneCycleLR inside SequentialLR replaces the rate that the first phase starts from by max_lr/div_factor",
            "kiln's `a then one_cycle(...)`",
        ));
    }
    if schedulers
        .iter()
        .skip(1)
        .any(|s| matches!(s, Scheduler::Multiplicative(_)))
    {
        found.push(Quirk::new(
            "MultiplicativeLR inside SequentialLR goes on from the last rate, where the other schedulers start again from the base rate",
            "LambdaLR with the product written out, if the base rate is meant",
        ));
    }
}

fn chained(schedulers: &[Scheduler], found: &mut Vec<Quirk>) {
    if let Some(last) = schedulers
        .iter()
        .rposition(overwrites)
        .filter(|&last| last > 0)
    {
        found.push(Quirk::new(
            format!("in this ChainedScheduler number {} overwrites the rate: those before it have no effect", last + 1),
            "put it first, or multiply: kiln's `a * b`",
        ));
    }
    if schedulers
        .iter()
        .position(overwrites)
        .is_some_and(|first| first + 1 < schedulers.len())
    {
        found.push(Quirk::new(
            "after a scheduler that overwrites the rate, the others of a ChainedScheduler apply one step's factor only and do not compound",
            "multiply: kiln's `a * b`",
        ));
    }
    if schedulers.len() > 1
        && schedulers
            .iter()
            .any(|s| matches!(s, Scheduler::CosineAnnealing { eta_min, .. } if *eta_min != 0.0))
    {
        found.push(Quirk::new(
            "CosineAnnealingLR with eta_min in a ChainedScheduler is no product of the two schedules: it pulls the scaled rate towards eta_min",
            "multiply: kiln's `a * b`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::parse;
    use crate::schedule::Run;
    use crate::schedule::frameworks::Spelling;

    /// Protects the warnings about each known surprise, and their absence elsewhere.
    #[test]
    fn surprises_are_named() {
        let cases = [
            ("torch.CosineAnnealingLR(T_max=50)", Some("climbs")),
            ("torch.CosineAnnealingLR(T_max=100)", None),
            (
                "torch.OneCycleLR(max_lr=0.1, total_steps=99)",
                Some("turns back up"),
            ),
            ("torch.OneCycleLR(max_lr=0.1, total_steps=100)", None),
            ("torch.LinearLR(total_iters=0)", Some("never undoes")),
            (
                "torch.SequentialLR([torch.SequentialLR([torch.StepLR(3)], []), torch.StepLR(3)], [9])",
                Some("one update ahead"),
            ),
            (
                "torch.SequentialLR([torch.LinearLR(), torch.StepLR(3)], [5])",
                None,
            ),
            (
                "torch.SequentialLR([torch.StepLR(3), torch.OneCycleLR(0.1, 99)], [9])",
                Some("first phase"),
            ),
            (
                "torch.ChainedScheduler([torch.ExponentialLR(0.9), torch.LambdaLR(lambda e: 1)])",
                Some("no effect"),
            ),
            (
                "torch.ChainedScheduler([torch.ExponentialLR(0.9), torch.LinearLR()])",
                None,
            ),
            ("hf.linear(num_warmup_steps=5)", Some("rate 0")),
            (
                "keras.CosineDecay(0.1, 100, warmup_steps=5)",
                Some("warmup_target"),
            ),
            ("optax.linear_onecycle_schedule(2, 0.1)", Some("one update")),
            (
                "timm.MultiStepLRScheduler(decay_t=[30])",
                Some("one update earlier"),
            ),
        ];
        for (text, expected) in cases {
            let run = Run {
                updates: Some(100),
                ..Run::new(0.1)
            };
            let spelling = Spelling::read(text, &parse(text).unwrap(), &run).unwrap();
            let quirks = spelling.quirks();
            match expected {
                None => assert_eq!(quirks, [], "{text}"),
                Some(part) => assert!(
                    quirks.iter().any(|quirk| quirk.message.contains(part)),
                    "{text}: {quirks:?}"
                ),
            }
        }
    }
}
