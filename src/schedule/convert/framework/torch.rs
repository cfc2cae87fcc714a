//! torch's schedulers, in multiples of the base rate.

use super::phases::joined;
use super::{exact, formula, powers, resolve, whole};
use crate::expr::rewrite::renamed;
use crate::expr::{Expr, parse};
use crate::schedule::Run;
use crate::schedule::display::Number;
use crate::schedule::frameworks::Spelling;
use crate::schedule::frameworks::arguments::Arguments;
use crate::schedule::frameworks::torch::{Anneal, Cyclic, OneCycle, Scale, Scheduler};

/// The texts for a scheduler; `call` is the line that it was read from, in `text`.
pub(super) fn candidates(scheduler: &Scheduler, text: &str, call: &Expr, run: &Run) -> Vec<String> {
    let one = |text: String| vec![text];
    match scheduler {
        Scheduler::CosineAnnealing { t_max, eta_min } => {
            let to = Number(*eta_min);
            match whole(*t_max) {
                Some(over) => one(format!("cosine(to={to}, over={over})")),
                None => one(format!(
                    "{to} + (1x - {to}) * (1 + cos(pi * step / {})) / 2",
                    Number(*t_max)
                )),
            }
        }
        Scheduler::MultiStep { milestones, gamma } => {
            one(milestones_with_repeats(milestones, *gamma))
        }
        Scheduler::Constant {
            factor,
            total_iters: 0,
        }
        | Scheduler::Linear {
            start_factor: factor,
            total_iters: 0,
            ..
        } => one(format!("constant({}x)", Number(*factor))),
        Scheduler::Lambda(function) if !function.uses(0) => match function.eval(&[]) {
            Ok(factor) => one(format!("constant({}x)", Number(factor))),
            Err(_) => Vec::new(),
        },
        Scheduler::Lambda(function) => formula(function, "step")
            .and_then(|body| Some(parse(&format!("1x * ({body})")).ok()?.to_string()))
            .into_iter()
            .collect(),
        Scheduler::Polynomial { total_iters: 0, .. } => one("constant".to_owned()),
        // the rate that it finds is used once
        Scheduler::Swa {
            swa_lr,
            anneal_epochs: 0,
            ..
        } => {
            let to = Number(*swa_lr);
            vec![
                format!("constant(1x, over=1) then constant({to})"),
                format!("constant({to})"),
            ]
        }
        Scheduler::Multiplicative(function) => {
            let slope = |t: u64| function.eval(&[t as f64]).ok();
            let settled = function
                .settled(0)
                .filter(|s| s.period == 1 && s.prefix < 100_000);
            settled
                .and_then(|s| powers(slope, s.prefix, 1, "step"))
                .into_iter()
                .collect()
        }
        Scheduler::Cyclic(cyclic) => of_cyclic(cyclic).into_iter().collect(),
        Scheduler::OneCycle(cycle) => of_one_cycle(cycle),
        Scheduler::Swa {
            swa_lr,
            anneal_epochs,
            anneal,
        } => {
            let shape = if *anneal == Anneal::Cos {
                "cosine"
            } else {
                "linear"
            };
            one(format!(
                "{shape}(to={}, over={})",
                Number(*swa_lr),
                anneal_epochs
            ))
        }
        Scheduler::Sequential { milestones, .. } => {
            sequence(text, call, milestones, run).into_iter().collect()
        }
        Scheduler::Chained(_) => product(text, call, run).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `MultiStepLR` where milestones coincide, each of which counts.
fn milestones_with_repeats(milestones: &[u64], gamma: f64) -> String {
    let mut at = milestones.to_vec();
    at.sort_unstable();
    let factor = |passed: usize| format!("{}x", Number(gamma.powf(passed as f64)));
    let mut factors = vec![factor(0)];
    let mut steps = at.clone();
    steps.dedup();
    factors.extend(
        steps
            .iter()
            .map(|step| factor(at.partition_point(|milestone| milestone <= step))),
    );
    match (at.len(), at.len() == steps.len()) {
        (0, _) => "constant".to_owned(),
        (_, true) => format!("multistep(at={at:?}, gamma={})", Number(gamma)),
        (_, false) => format!("piecewise([{}], at={steps:?})", factors.join(", ")),
    }
}

/// `CyclicLR` where `cyclic` cannot say it: fractional step sizes, a function for the height.
fn of_cyclic(cyclic: &Cyclic) -> Option<String> {
    let (up, down) = (cyclic.step_size_up, cyclic.step_size_down);
    let total = up + down;
    let scale = match &cyclic.scale {
        Scale::Triangular => "1".to_owned(),
        Scale::Triangular2 => format!("0.5 ** (step // {})", Number(total)),
        Scale::ExpRange(gamma) => format!("{} ** step", Number(*gamma)),
        Scale::PerIteration(function) => format!("({})", formula(function, "step")?),
        Scale::PerCycle(function) => {
            let cycle = parse(&format!("1 + step // {}", Number(total))).ok()?;
            let body = parse(&formula(function, "cycle")?).ok()?;
            format!(
                "({})",
                renamed(&body, &|found| (found == "cycle").then(|| cycle.clone()))
            )
        }
    };
    let (low, height) = (
        Number(cyclic.base_lr),
        Number(cyclic.max_lr - cyclic.base_lr),
    );
    let (up, total, down) = (Number(up), Number(total), Number(down));
    let triangle = format!(
        "(step % {total} / {up} if step % {total} <= {up} else ({total} - step % {total}) / {down})"
    );
    Some(
        parse(&format!("{low} + {height} * {triangle} * {scale}"))
            .ok()?
            .to_string(),
    )
}

fn of_one_cycle(cycle: &OneCycle) -> Vec<String> {
    let first = cycle.max_lr / cycle.div_factor;
    let last = first / cycle.final_div_factor;
    let end = cycle.total_steps as f64 - 1.0;
    let peak = cycle.pct_start * cycle.total_steps as f64 - 1.0;
    let cosine = cycle.anneal == Anneal::Cos;
    let mut found = Vec::new();
    if !cycle.three_phase && end > 0.0 && peak >= 0.0 {
        let shape = if cosine { "cos" } else { "linear" };
        let momentum = match cycle.cycle_momentum {
            true => format!(
                "True, max_momentum={}, base_momentum={}",
                Number(cycle.max_momentum),
                Number(cycle.base_momentum)
            ),
            false => "False".to_owned(),
        };
        let text = format!(
            "one_cycle(over={end}, peak={}, pct_start={}, div_factor={}, final_div_factor={}, shape={shape}, cycle_momentum={momentum})",
            Number(cycle.max_lr),
            Number(peak.round() / end),
            Number(cycle.div_factor),
            Number(cycle.final_div_factor)
        );
        found.push(text);
    }
    let mut points = vec![(0.0, first), (peak, cycle.max_lr), (end, last)];
    if cycle.three_phase {
        points.insert(2, (2.0 * peak, first));
    }
    found.extend(joined(&points, cosine));
    found
}

/// The items of `schedulers`, each as a line of its own.
fn inner<'a>(text: &'a str, call: &'a Expr) -> Option<&'a [Expr]> {
    let args = Arguments::bind(text, call, &["schedulers", "milestones"]).ok()?;
    args.items("schedulers").ok()
}

/// `SequentialLR` whose schedulers each start from the base rate again.
fn sequence(text: &str, call: &Expr, milestones: &[u64], run: &Run) -> Option<String> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, item) in inner(text, call)?.iter().enumerate() {
        let end = milestones.get(i).copied();
        let length = end.map(|end| end - start);
        if length == Some(0) {
            continue; // never runs
        }
        let left = length.or(run
            .updates
            .map(|updates| updates.saturating_sub(start).max(1)));
        let phase = Run {
            updates: left,
            ..*run
        };
        let part = exact(&Spelling::read(text, item, &phase).ok()?, &phase)?;
        let own = resolve(&part, &phase)?.length();
        parts.push(match length {
            Some(length) if own != Some(length) => format!("until({part}, over={length})"),
            _ => part,
        });
        start = end.unwrap_or(start);
    }
    Some(parts.join(" then "))
}

/// `ChainedScheduler` whose schedulers are factors.
fn product(text: &str, call: &Expr, run: &Run) -> Option<String> {
    let factors = inner(text, call)?.iter().map(|item| {
        let part = exact(&Spelling::read(text, item, run).ok()?, run)?;
        let simple = !part.contains(" then ") && !part.contains(" + ");
        Some(if simple { part } else { format!("({part})") })
    });
    let factors = factors.collect::<Option<Vec<_>>>()?;
    let one = |factor: &String| factor == "constant";
    let kept: Vec<_> = factors.into_iter().filter(|factor| !one(factor)).collect();
    Some(if kept.is_empty() {
        "constant".to_owned()
    } else {
        kept.join(" * ")
    })
}
