//! `torch.optim.lr_scheduler` and `SWALR` of torch 2.15, as seekable functions of the update.
//!
//! torch's schedulers are objects that overwrite or multiply `group["lr"]` whenever `step()` is called. Here the
//! same classes are values: [`Scheduler`] is what the user wrote, [`Schedule`] what it does to one parameter
//! group, with the rate of any update computed in closed form (`lr[0]` after construction, `lr[t]` after the
//! t-th `step()`). The quirks are kept: the cosine that climbs after `T_max`, `SequentialLR`'s restarts from
//! `base_lr`, nested sequences that run one step ahead, `OneCycleLR`'s index `total_steps`.

mod cycle;
mod leaf;
mod machine;
mod parse;
mod schedule;

pub use cycle::{Anneal, Cyclic, OneCycle, Scale};
pub use leaf::warm_restarts_at_epoch;
pub use parse::{NAMES, parse};
pub use schedule::Schedule;

use crate::expr::Arith;

/// A scheduler of `torch.optim.lr_scheduler` with all its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheduler {
    /// `LambdaLR`: base · λ(t).
    Lambda(Arith),
    /// `MultiplicativeLR`: lr ← lr · λ(t).
    Multiplicative(Arith),
    /// `StepLR`: base · γ^⌊t/step_size⌋.
    Step {
        /// Updates between two decays, at least 1.
        step_size: u64,
        /// The factor of each decay.
        gamma: f64,
    },
    /// `MultiStepLR`: base · γ^(milestones ≤ t); equal milestones count each.
    MultiStep {
        /// Updates at which it decays, in any order.
        milestones: Vec<u64>,
        /// The factor of each decay.
        gamma: f64,
    },
    /// `ConstantLR`: base · factor before `total_iters`, base from there.
    Constant {
        /// The factor, in [0, 1].
        factor: f64,
        /// Updates with the factor.
        total_iters: u64,
    },
    /// `LinearLR`: base · a straight line between two factors.
    Linear {
        /// The factor at update 0, in (0, 1].
        start_factor: f64,
        /// The factor from `total_iters` on, in [0, 1].
        end_factor: f64,
        /// Updates of the line.
        total_iters: u64,
    },
    /// `ExponentialLR`: base · γ^t.
    Exponential {
        /// The factor of each update.
        gamma: f64,
    },
    /// `PolynomialLR`: base · (1 − t/total_iters)^power, 0 from there.
    Polynomial {
        /// Updates until 0.
        total_iters: u64,
        /// The exponent.
        power: f64,
    },
    /// `CosineAnnealingLR`: half a cosine down to `eta_min`, and up again after `T_max`.
    CosineAnnealing {
        /// Updates of the half cosine; need not be whole.
        t_max: f64,
        /// The lowest rate.
        eta_min: f64,
    },
    /// `CosineAnnealingWarmRestarts` (SGDR).
    WarmRestarts {
        /// Updates of the first period, at least 1.
        t_0: u64,
        /// Each period is this many times as long as the one before it, at least 1.
        t_mult: u64,
        /// The rate that each period falls towards.
        eta_min: f64,
    },
    /// `CyclicLR`.
    Cyclic(Cyclic),
    /// `OneCycleLR`.
    OneCycle(OneCycle),
    /// `torch.optim.swa_utils.SWALR`: anneals from the rate that it finds to `swa_lr`.
    Swa {
        /// The rate at the end.
        swa_lr: f64,
        /// Updates of the transition; 0 jumps.
        anneal_epochs: u64,
        /// Its shape.
        anneal: Anneal,
    },
    /// The loop of the SWALR documentation: two schedulers on one optimiser, the first stepped for the first
    /// `swa_start` updates, then `swa`.
    SwaAfter {
        /// The scheduler before.
        before: Box<Scheduler>,
        /// Updates that it is stepped.
        swa_start: u64,
        /// The scheduler after, normally [`Scheduler::Swa`].
        swa: Box<Scheduler>,
    },
    /// `SequentialLR`.
    Sequential {
        /// One more than there are milestones.
        schedulers: Vec<Scheduler>,
        /// Updates at which the next scheduler takes over.
        milestones: Vec<u64>,
    },
    /// `ChainedScheduler`: all of them, in this order, at every step.
    Chained(Vec<Scheduler>),
}
