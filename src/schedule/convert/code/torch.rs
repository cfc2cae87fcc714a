//! torch's classes.

use super::{Of, sequence};
use crate::schedule::Schedule;
use crate::schedule::curve::Curve;
use crate::schedule::display::Number;

/// The scheduler that should have the rates of a schedule, for an optimiser with the rate `base`.
pub(super) fn code(schedule: &Schedule, base: f64) -> Option<String> {
    let class = |name: &str, args: String| {
        Some(format!(
            "torch.optim.lr_scheduler.{name}(optimizer, {args})"
        ))
    };
    match schedule {
        Schedule::Curve(curve) => torch_curve(curve, base),
        Schedule::Mirror { inner, over } => match inner.as_ref() {
            Schedule::Curve(curve) if curve.name() == "cosine" && curve.length() == Some(*over) => {
                torch_curve(curve, base)
            }
            _ => None,
        },
        Schedule::Restart(restart) => match restart.inner.as_ref() {
            Schedule::Curve(curve) if curve.name() == "cosine" => class(
                "CosineAnnealingWarmRestarts",
                format!(
                    "T_0={}, T_mult={}, eta_min={}",
                    restart.every,
                    Number(restart.grow),
                    Number(Of(curve).number("to"))
                ),
            ),
            _ => None,
        },
        // torch starts each scheduler from the base rate again
        Schedule::Then(then) => {
            let (codes, starts) = sequence(then, |schedule| code(schedule, base))?;
            class(
                "SequentialLR",
                format!("schedulers=[{codes}], milestones=[{starts}]"),
            )
        }
        _ => None,
    }
}

fn torch_curve(curve: &Curve, base: f64) -> Option<String> {
    let of = Of(curve);
    let class = |name: &str, args: String| {
        Some(format!(
            "torch.optim.lr_scheduler.{name}(optimizer, {args})"
        ))
    };
    let line = |from: f64, to: f64, over: u64| {
        class(
            "LinearLR",
            format!(
                "start_factor={}, end_factor={}, total_iters={over}",
                Number(from / base),
                Number(to / base)
            ),
        )
    };
    let momentum = || {
        format!(
            "cycle_momentum={}, base_momentum={}, max_momentum={}",
            of.flag("cycle_momentum"),
            Number(of.number("base_momentum")),
            Number(of.number("max_momentum"))
        )
    };
    match curve.name() {
        "constant" => class(
            "LambdaLR",
            format!(
                "lr_lambda=lambda epoch: {}",
                Number(of.number("rate") / base)
            ),
        ),
        "linear" => line(of.number("from"), of.number("to"), of.updates("over")),
        "warmup" => of
            .warmup_line()
            .and_then(|(from, to, over)| line(from, to, over)),
        "cosine" => class(
            "CosineAnnealingLR",
            format!(
                "T_max={}, eta_min={}",
                of.updates("over"),
                Number(of.number("to"))
            ),
        ),
        "polynomial" => class(
            "PolynomialLR",
            format!(
                "total_iters={}, power={}",
                of.updates("over"),
                Number(of.number("power"))
            ),
        ),
        "exponential" if of.updates("every") == 1 => class(
            "ExponentialLR",
            format!("gamma={}", Number(of.number("gamma"))),
        ),
        "exponential" if of.flag("staircase") == "True" => class(
            "StepLR",
            format!(
                "step_size={}, gamma={}",
                of.updates("every"),
                Number(of.number("gamma"))
            ),
        ),
        "step" => class(
            "StepLR",
            format!(
                "step_size={}, gamma={}",
                of.updates("every"),
                Number(of.number("gamma"))
            ),
        ),
        "multistep" => class(
            "MultiStepLR",
            format!(
                "milestones={:?}, gamma={}",
                curve.values.steps(of.at("at")),
                Number(of.number("gamma"))
            ),
        ),
        "cyclic" => {
            let mode = ["triangular", "triangular2", "exp_range"].get(of.number("mode") as usize)?;
            class(
                "CyclicLR",
                format!(
                    "base_lr={}, max_lr={}, step_size_up={}, step_size_down={}, mode='{mode}', gamma={}, {}",
                    Number(of.number("from")),
                    Number(of.number("to")),
                    of.updates("up"),
                    of.updates("down"),
                    Number(of.number("gamma")),
                    momentum()
                ),
            )
        }
        "one_cycle" => {
            let over = of.updates("over");
            let rise = (of.number("pct_start") * over as f64).round();
            let anneal = if of.number("shape") == 1.0 {
                "linear"
            } else {
                "cos"
            };
            class(
                "OneCycleLR",
                format!(
                    "max_lr={}, total_steps={}, pct_start={}, anneal_strategy='{anneal}', div_factor={}, final_div_factor={}, {}",
                    Number(of.number("peak")),
                    over.saturating_add(1),
                    Number((rise + 1.0) / (over as f64 + 1.0)),
                    Number(of.number("div_factor")),
                    Number(of.number("final_div_factor")),
                    momentum()
                ),
            )
        }
        _ => None,
    }
}
