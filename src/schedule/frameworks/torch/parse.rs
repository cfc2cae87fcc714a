//! `torch.X(...)` to [`Scheduler`], with torch's argument order, defaults and refusals.

use super::Scheduler;
use super::cycle::{Anneal, Cyclic, OneCycle, Scale};
use crate::expr::{Arith, Error, Expr, Node};
use crate::schedule::frameworks::arguments::Arguments;

/// The classes read by [`parse`]; `ReduceLROnPlateau` is a controller.
pub const NAMES: [&str; 15] = [
    "LambdaLR",
    "MultiplicativeLR",
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "PolynomialLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "OneCycleLR",
    "SWALR",
    "SequentialLR",
    "ChainedScheduler",
];

/// Reads a call of the class `kind`; also gives notes about arguments without effect.
///
/// # Errors
/// Unknown, missing or ill-typed arguments, and what torch's constructors refuse.
pub fn parse(text: &str, call: &Expr, kind: &str) -> Result<(Scheduler, Vec<String>), Error> {
    let mut inner = Vec::new();
    let args = |names: &[&'static str]| Arguments::bind(text, call, names);
    let (scheduler, args) = match kind {
        "LambdaLR" | "MultiplicativeLR" => {
            let args = args(&["lr_lambda"])?;
            let lambda = lambda(&args, "lr_lambda")?;
            (
                if kind == "LambdaLR" {
                    Scheduler::Lambda(lambda)
                } else {
                    Scheduler::Multiplicative(lambda)
                },
                args,
            )
        }
        "StepLR" => {
            let args = args(&["step_size", "gamma"])?;
            (
                Scheduler::Step {
                    step_size: args.positive("step_size")?,
                    gamma: args.number_or("gamma", 0.1)?,
                },
                args,
            )
        }
        "MultiStepLR" => {
            let args = args(&["milestones", "gamma"])?;
            (
                Scheduler::MultiStep {
                    milestones: args.counts("milestones")?,
                    gamma: args.number_or("gamma", 0.1)?,
                },
                args,
            )
        }
        "ConstantLR" => {
            let args = args(&["factor", "total_iters"])?;
            let factor = args.number_within("factor", 1.0 / 3.0, 0.0..=1.0)?;
            (
                Scheduler::Constant {
                    factor,
                    total_iters: args.count_or("total_iters", 5)?,
                },
                args,
            )
        }
        "LinearLR" => {
            let args = args(&["start_factor", "end_factor", "total_iters"])?;
            let start_factor = args
                .number_within("start_factor", 1.0 / 3.0, f64::MIN_POSITIVE..=1.0)
                .map_err(|_| {
                    args.error(
                        "start_factor",
                        "`start_factor` must be greater than 0 and at most 1: torch refuses others",
                    )
                })?;
            let end_factor = args.number_within("end_factor", 1.0, 0.0..=1.0)?;
            (
                Scheduler::Linear {
                    start_factor,
                    end_factor,
                    total_iters: args.count_or("total_iters", 5)?,
                },
                args,
            )
        }
        "ExponentialLR" => {
            let args = args(&["gamma"])?;
            (
                Scheduler::Exponential {
                    gamma: args.number("gamma")?,
                },
                args,
            )
        }
        "PolynomialLR" => {
            let args = args(&["total_iters", "power"])?;
            (
                Scheduler::Polynomial {
                    total_iters: args.count_or("total_iters", 5)?,
                    power: args.number_or("power", 1.0)?,
                },
                args,
            )
        }
        "CosineAnnealingLR" => {
            let args = args(&["T_max", "eta_min"])?;
            let t_max = args.number("T_max")?;
            if !(t_max > 0.0 && t_max.is_finite()) {
                return Err(args.error(
                    "T_max",
                    "`T_max` must be greater than 0: torch divides by it",
                ));
            }
            (
                Scheduler::CosineAnnealing {
                    t_max,
                    eta_min: args.number_or("eta_min", 0.0)?,
                },
                args,
            )
        }
        "CosineAnnealingWarmRestarts" => {
            let args = args(&["T_0", "T_mult", "eta_min"])?;
            let t_mult = if args.given("T_mult").is_some() {
                args.positive("T_mult")?
            } else {
                1
            };
            (
                Scheduler::WarmRestarts {
                    t_0: args.positive("T_0")?,
                    t_mult,
                    eta_min: args.number_or("eta_min", 0.0)?,
                },
                args,
            )
        }
        "CyclicLR" => cyclic(text, call)?,
        "OneCycleLR" => one_cycle(text, call)?,
        "SWALR" => {
            let args = args(&["swa_lr", "anneal_epochs", "anneal_strategy"])?;
            let (swa_lr, anneal_epochs) =
                (args.number("swa_lr")?, args.count_or("anneal_epochs", 10)?);
            (
                Scheduler::Swa {
                    swa_lr,
                    anneal_epochs,
                    anneal: anneal(&args)?,
                },
                args,
            )
        }
        "SequentialLR" => {
            let args = args(&["schedulers", "milestones"])?;
            let schedulers = schedulers(&args, kind, &mut inner)?;
            let milestones = args.counts("milestones")?;
            if milestones.len() + 1 != schedulers.len() {
                let message = format!(
                    "{} schedulers need {} milestones, found {}",
                    schedulers.len(),
                    schedulers.len() - 1,
                    milestones.len()
                );
                return Err(args.error("milestones", message));
            }
            if !milestones.is_sorted() {
                return Err(args.error(
                    "milestones",
                    "milestones must not decrease: torch looks them up by bisection",
                ));
            }
            (
                Scheduler::Sequential {
                    schedulers,
                    milestones,
                },
                args,
            )
        }
        "ChainedScheduler" => {
            let args = args(&["schedulers"])?;
            (
                Scheduler::Chained(schedulers(&args, kind, &mut inner)?),
                args,
            )
        }
        _ => {
            return Err(
                Error::at(text, call.span, format!("torch has no scheduler `{kind}`"))
                    .suggest(kind, &NAMES),
            );
        }
    };
    inner.extend(args.finish()?);
    Ok((scheduler, inner))
}

/// A lambda, or a list of one (for the one parameter group).
fn lambda(args: &Arguments, name: &str) -> Result<Arith, Error> {
    let expr = args.expr(name)?;
    match &expr.node {
        Node::List(items) => match items.as_slice() {
            [one] => Arith::from_lambda(args.text(), one, 1),
            _ => Err(args.error(
                name,
                "a list of lambdas is for several parameter groups: write one schedule per group",
            )),
        },
        _ => Arith::from_lambda(args.text(), expr, 1),
    }
}

fn anneal(args: &Arguments) -> Result<Anneal, Error> {
    Ok(
        match args.choice_or("anneal_strategy", "cos", &["cos", "linear"])? {
            "linear" => Anneal::Linear,
            _ => Anneal::Cos,
        },
    )
}

fn schedulers(
    args: &Arguments,
    outer: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Scheduler>, Error> {
    let items = args.items("schedulers")?;
    if items.is_empty() {
        return Err(args.error(
            "schedulers",
            format!("{outer} needs at least one scheduler"),
        ));
    }
    let read = |item: &Expr| {
        let (framework, kind) = crate::schedule::frameworks::kind_of(item).ok_or_else(|| {
            Error::at(
                args.text(),
                item.span,
                format!("expected a torch scheduler, found {}", item.kind()),
            )
        })?;
        if framework != crate::schedule::frameworks::Framework::Torch {
            return Err(Error::at(
                args.text(),
                item.span,
                format!("{outer} takes torch schedulers only"),
            ));
        }
        if kind == "ReduceLROnPlateau" {
            let message = format!(
                "{outer} does not take ReduceLROnPlateau (torch raises ValueError); multiply instead: `a * torch.ReduceLROnPlateau(...)`"
            );
            return Err(Error::at(args.text(), item.span, message));
        }
        parse(args.text(), item, kind)
    };
    items
        .iter()
        .map(|item| {
            read(item).map(|(scheduler, more)| {
                notes.extend(more);
                scheduler
            })
        })
        .collect()
}

fn cyclic<'a>(text: &'a str, call: &'a Expr) -> Result<(Scheduler, Arguments<'a>), Error> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "base_lr",
            "max_lr",
            "step_size_up",
            "step_size_down",
            "mode",
            "gamma",
            "scale_fn",
            "scale_mode",
            "cycle_momentum",
            "base_momentum",
            "max_momentum",
        ],
    )?;
    let step_size_up = args.number_or("step_size_up", 2000.0)?;
    let step_size_down = args.opt_number("step_size_down")?.unwrap_or(step_size_up);
    if !(step_size_up > 0.0 && step_size_down >= 0.0 && (step_size_up + step_size_down).is_finite())
    {
        return Err(args.error(
            "step_size_up",
            "`step_size_up` must be greater than 0 and `step_size_down` not negative",
        ));
    }
    let gamma = args.number_or("gamma", 1.0)?;
    let mode = args.choice_or(
        "mode",
        "triangular",
        &["triangular", "triangular2", "exp_range"],
    )?;
    let scale_mode = args.choice_or("scale_mode", "cycle", &["cycle", "iterations"])?;
    let scale = match args.given("scale_fn") {
        Some(scale) => {
            let scale = Arith::from_lambda(text, scale, 1)?;
            if scale_mode == "cycle" {
                Scale::PerCycle(scale)
            } else {
                Scale::PerIteration(scale)
            }
        }
        None => match mode {
            "triangular2" => Scale::Triangular2,
            "exp_range" => Scale::ExpRange(gamma),
            _ => Scale::Triangular,
        },
    };
    let cyclic = Cyclic {
        base_lr: args.number("base_lr")?,
        max_lr: args.number("max_lr")?,
        step_size_up,
        step_size_down,
        scale,
        cycle_momentum: args.flag_or("cycle_momentum", true)?,
        base_momentum: args.number_or("base_momentum", 0.8)?,
        max_momentum: args.number_or("max_momentum", 0.9)?,
    };
    Ok((Scheduler::Cyclic(cyclic), args))
}

fn one_cycle<'a>(text: &'a str, call: &'a Expr) -> Result<(Scheduler, Arguments<'a>), Error> {
    let args = Arguments::bind(
        text,
        call,
        &[
            "max_lr",
            "total_steps",
            "epochs",
            "steps_per_epoch",
            "pct_start",
            "anneal_strategy",
            "cycle_momentum",
            "base_momentum",
            "max_momentum",
            "div_factor",
            "final_div_factor",
            "three_phase",
        ],
    )?;
    let total_steps = match (
        args.opt_count("total_steps")?,
        args.opt_count("epochs")?,
        args.opt_count("steps_per_epoch")?,
    ) {
        (Some(steps), ..) => Some(steps),
        (None, Some(epochs), Some(steps)) => epochs.checked_mul(steps),
        _ => None,
    };
    let Some(total_steps) = total_steps.filter(|&steps| steps > 0) else {
        let message = "OneCycleLR needs `total_steps`, or both `epochs` and `steps_per_epoch`, greater than 0";
        return Err(Error::at(text, args.span(), message));
    };
    let cycle = OneCycle {
        max_lr: args.number("max_lr")?,
        total_steps,
        pct_start: args.number_within("pct_start", 0.3, 0.0..=1.0)?,
        anneal: anneal(&args)?,
        cycle_momentum: args.flag_or("cycle_momentum", true)?,
        base_momentum: args.number_or("base_momentum", 0.85)?,
        max_momentum: args.number_or("max_momentum", 0.95)?,
        div_factor: args.number_or("div_factor", 25.0)?,
        final_div_factor: args.number_or("final_div_factor", 1e4)?,
        three_phase: args.flag_or("three_phase", false)?,
    };
    Ok((Scheduler::OneCycle(cycle), args))
}
