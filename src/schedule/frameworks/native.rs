//! Framework spellings as kiln's own expressions, where there is one with the same rates at every update.

use super::torch::{Cyclic, Scale, Scheduler};
use super::{keras, optax};

/// A torch scheduler, relative to the base rate.
pub(super) fn torch(scheduler: &Scheduler) -> Option<String> {
    Some(match scheduler {
        Scheduler::Step { step_size, gamma } => format!("step(every={step_size}, gamma={gamma:?})"),
        Scheduler::MultiStep { milestones, gamma } => {
            let mut at = milestones.clone();
            at.sort_unstable();
            if at.windows(2).any(|pair| pair.first() == pair.last()) {
                return None; // equal milestones count twice
            }
            format!("multistep(at={at:?}, gamma={gamma:?})")
        }
        Scheduler::Constant {
            factor,
            total_iters,
        } if *factor > 0.0 && *total_iters > 0 => {
            format!("constant({factor:?}x, over={total_iters}) then constant")
        }
        Scheduler::Linear {
            start_factor,
            end_factor,
            total_iters,
        } if *total_iters > 0 => {
            format!("linear({start_factor:?}x -> {end_factor:?}x, {total_iters})")
        }
        Scheduler::Exponential { gamma } => format!("exponential(gamma={gamma:?})"),
        Scheduler::Polynomial { total_iters, power } if *total_iters > 0 => {
            format!("polynomial(to=0, over={total_iters}, power={power:?})")
        }
        Scheduler::CosineAnnealing { t_max, eta_min } if *t_max == t_max.trunc() => {
            format!("mirror(cosine(to={eta_min:?}, over={t_max}))")
        }
        Scheduler::WarmRestarts {
            t_0,
            t_mult,
            eta_min,
        } => {
            format!("restart(cosine(to={eta_min:?}, over={t_0}), every={t_0}, grow={t_mult})")
        }
        Scheduler::Cyclic(cyclic) => return self::cyclic(cyclic),
        Scheduler::Sequential {
            schedulers,
            milestones,
        } => return sequential(schedulers, milestones),
        _ => return None,
    })
}

fn cyclic(cyclic: &Cyclic) -> Option<String> {
    let whole = |steps: f64| (steps == steps.trunc()).then_some(steps);
    let (up, down) = (whole(cyclic.step_size_up)?, whole(cyclic.step_size_down)?);
    let mode = match &cyclic.scale {
        Scale::Triangular => String::new(),
        Scale::Triangular2 => ", mode=triangular2".to_owned(),
        Scale::ExpRange(gamma) => format!(", mode=exp_range, gamma={gamma:?}"),
        Scale::PerCycle(_) | Scale::PerIteration(_) => return None,
    };
    let momentum = match cyclic.cycle_momentum {
        true => format!(
            ", cycle_momentum=True, base_momentum={:?}, max_momentum={:?}",
            cyclic.base_momentum, cyclic.max_momentum
        ),
        false => ", cycle_momentum=False".to_owned(),
    };
    Some(format!(
        "cyclic(from={:?}, to={:?}, up={up}, down={down}{mode}{momentum})",
        cyclic.base_lr, cyclic.max_lr
    ))
}

/// Schedulers that start again from the base rate at their milestone.
fn sequential(schedulers: &[Scheduler], milestones: &[u64]) -> Option<String> {
    use Scheduler::{Chained, CosineAnnealing, Cyclic, Sequential};
    let own_start = |s: &Scheduler| matches!(s, Chained(_) | Sequential { .. } | Cyclic(_));
    if schedulers.iter().any(own_start) || milestones.first() == Some(&0) {
        return None;
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, scheduler) in schedulers.iter().enumerate() {
        let length = milestones.get(i).map(|end| end - start);
        let part = match scheduler {
            // within its phase it does not climb
            CosineAnnealing { t_max, eta_min }
                if *t_max == t_max.trunc() && length.is_some_and(|l| l as f64 <= *t_max) =>
            {
                format!("cosine(to={eta_min:?}, over={t_max})")
            }
            other => torch(other)?,
        };
        parts.push(match length {
            Some(0) => return None,
            Some(length) => format!("until({part}, over={length})"),
            None => part,
        });
        start += length.unwrap_or(0);
    }
    Some(parts.join(" then "))
}

/// A Keras schedule.
pub(super) fn keras(schedule: &keras::Schedule) -> Option<String> {
    use keras::Schedule::{Cosine, Exponential, InverseTime, PiecewiseConstant, Polynomial};
    let whole = |steps: f64| steps == steps.trunc();
    let python = |flag: bool| if flag { "True" } else { "False" };
    Some(match schedule {
        Exponential(d) if whole(d.steps) => {
            format!(
                "exponential(gamma={:?}, every={}, staircase={}, from={:?})",
                d.rate,
                d.steps,
                python(d.staircase),
                d.initial
            )
        }
        InverseTime(d) if whole(d.steps) => {
            format!(
                "inverse_time(rate={:?}, every={}, staircase={}, from={:?})",
                d.rate,
                d.steps,
                python(d.staircase),
                d.initial
            )
        }
        PiecewiseConstant { boundaries, values } if boundaries.iter().all(|&b| b >= 0.0) => {
            let at: Vec<u64> = boundaries
                .iter()
                .map(|&boundary| (boundary as u64).saturating_add(1))
                .collect();
            format!("piecewise({values:?}, at={at:?})")
        }
        Polynomial {
            initial,
            steps,
            end,
            power,
            cycle: false,
        } if whole(*steps) => {
            format!("polynomial(to={end:?}, over={steps}, from={initial:?}, power={power:?})")
        }
        Cosine {
            initial,
            steps,
            alpha,
            warmup: None,
        } if whole(*steps) => {
            format!(
                "cosine(to={:?}, over={steps}, from={initial:?})",
                alpha * initial
            )
        }
        Cosine {
            initial,
            steps,
            alpha,
            warmup: Some((target, updates)),
        } if whole(*steps) && whole(*updates) && *updates > 0.0 => {
            format!(
                "linear({initial:?} -> {target:?}, {updates}) then cosine(to={:?}, over={steps}, from={target:?})",
                alpha * target
            )
        }
        _ => return None,
    })
}

/// An Optax schedule.
pub(super) fn optax(schedule: &optax::Schedule) -> Option<String> {
    use optax::Schedule::{Constant, Cosine, Exponential, Join, PiecewiseConstant, Polynomial};
    let whole = |steps: f64| steps == steps.trunc() && steps > 0.0;
    Some(match schedule {
        Constant(value) => format!("constant({value:?})"),
        Polynomial { init, steps, .. } if *steps <= 0.0 => format!("constant({init:?})"),
        Polynomial {
            init,
            end,
            power,
            steps,
            begin: 0.0,
        } if whole(*steps) && *power == 1.0 => {
            format!("linear({init:?} -> {end:?}, {steps})")
        }
        Polynomial {
            init,
            end,
            power,
            steps,
            begin: 0.0,
        } if whole(*steps) => {
            format!("polynomial(to={end:?}, over={steps}, from={init:?}, power={power:?})")
        }
        Exponential {
            init,
            steps,
            rate,
            begin: 0.0,
            staircase,
            end: None,
        } if whole(*steps) && *rate > 0.0 => {
            let staircase = if *staircase { "True" } else { "False" };
            format!(
                "exponential(gamma={rate:?}, every={steps}, staircase={staircase}, from={init:?})"
            )
        }
        Cosine {
            init,
            steps,
            alpha,
            exponent: 1.0,
        } if whole(*steps) => {
            format!("cosine(to={:?}, over={steps}, from={init:?})", alpha * init)
        }
        PiecewiseConstant { init, scales } if scales.iter().all(|(at, _)| whole(*at)) => {
            let mut rates = vec![*init];
            rates.extend(scales.iter().scan(*init, |rate, (_, scale)| {
                *rate *= scale;
                Some(*rate)
            }));
            let at: Vec<u64> = scales.iter().map(|(at, _)| *at as u64).collect();
            format!("piecewise({rates:?}, at={at:?})")
        }
        Join {
            schedules,
            boundaries,
        } if boundaries
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a < b)) =>
        {
            let mut parts = Vec::new();
            let mut start = 0.0;
            for (i, schedule) in schedules.iter().enumerate() {
                let part = optax(schedule)?;
                parts.push(match boundaries.get(i) {
                    Some(end) if !whole(end - start) => return None,
                    Some(end) => format!("until({part}, over={})", end - start),
                    None => part,
                });
                start = boundaries.get(i).copied().unwrap_or(start);
            }
            parts.join(" then ")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::expr::parse;
    use crate::schedule::frameworks::Spelling;
    use crate::schedule::{Run, Spec};

    /// Protects conversions: the native expression has the framework's rates at every update.
    #[test]
    fn native_expressions_have_the_same_rates() {
        let lines = [
            "torch.StepLR(7, 0.5)",
            "torch.MultiStepLR([30, 8], 0.3)",
            "torch.ConstantLR(0.25, 9)",
            "torch.LinearLR(0.1, 0.7, 30)",
            "torch.ExponentialLR(0.97)",
            "torch.PolynomialLR(40, 1.7)",
            "torch.CosineAnnealingLR(25, 0.001)",
            "torch.CosineAnnealingWarmRestarts(5, 2, 0.002)",
            "torch.CyclicLR(0.01, 0.2, 4, 7, 'triangular2', cycle_momentum=False)",
            "torch.CyclicLR(0.01, 0.2, 5, mode='exp_range', gamma=0.99, cycle_momentum=False)",
            "torch.SequentialLR([torch.LinearLR(0.1, 1.0, 9), torch.CosineAnnealingLR(30), torch.StepLR(8)], [9, 39])",
            "keras.ExponentialDecay(0.3, 10, 0.8, True)",
            "keras.InverseTimeDecay(0.3, 10, 0.8)",
            "keras.PolynomialDecay(0.3, 40, power=2.0)",
            "keras.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])",
            "keras.CosineDecay(0.01, 40, 0.1, warmup_target=0.2, warmup_steps=6)",
            "optax.warmup_cosine_decay_schedule(0.0, 0.3, 8, 60, 0.01)",
            "optax.piecewise_constant_schedule(0.1, {10: 0.5, 20: 0.1})",
            "optax.exponential_decay(0.1, 10, 0.9)",
            "optax.polynomial_schedule(0.1, 0.01, 2, 30)",
            "optax.join_schedules([optax.linear_schedule(0.0, 0.2, 9), optax.cosine_decay_schedule(0.3, 12)], [5])",
        ];
        for line in lines {
            let run = Run {
                updates: Some(100),
                ..Run::new(0.1)
            };
            let spelling = Spelling::read(line, &parse(line).unwrap(), &run).unwrap();
            let native = spelling
                .native()
                .unwrap_or_else(|| panic!("{line} has no native form"));
            let spec: Spec = native
                .parse()
                .unwrap_or_else(|error| panic!("{line}: {native}: {error}"));
            let schedule = spec
                .resolve(&run)
                .unwrap_or_else(|error| panic!("{line}: {native}: {error}"));
            for step in 0..100 {
                let (a, b) = (spelling.at(step), schedule.at(step));
                assert!(
                    (a - b).abs() < 1e-12,
                    "{line} = {native} at {step}: {a} and {b}"
                );
            }
        }
    }
}
