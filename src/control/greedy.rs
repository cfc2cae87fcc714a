//! Up while the metric improves, down while it does not (GreedyLR, arXiv 2512.14527; Hugging Face's `greedy`).
//!
//! After more than `patience` improvements in a row the rate is divided by `factor`, after more than `patience`
//! failures it is multiplied by it, within bounds. Hugging Face's default `min_lr` of 1e-3 forbids any reduction of
//! a rate below it; kiln's own `greedy(...)` has no lower bound unless told.

use super::plateau::Threshold;
use super::{Mode, SetRate};
use serde::{Deserialize, Serialize};

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Greedy {
    /// Which direction is better.
    pub mode: Mode,
    /// Below 1.
    pub factor: f64,
    /// Observations in a row that it takes to change the rate, less one.
    pub patience: u64,
    /// By how much an observation must beat the best one.
    pub threshold: Threshold,
    /// Observations passed over after a reduction.
    pub cooldown: u64,
    /// Observations passed over after an increase.
    pub warmup: u64,
    /// The lowest rate.
    pub min_lr: f64,
    /// The highest rate.
    pub max_lr: f64,
    /// Smaller changes are dropped.
    pub eps: f64,
    /// Observations whose mean is used; 1 for the number itself.
    pub window: u64,
    /// Reductions in vain at `min_lr` until everything starts again; `None`: never.
    pub reset_start: Option<u32>,
}

/// The memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) rate: SetRate,
    #[serde(with = "super::number")]
    best: f64,
    good: u32,
    bad: u32,
    cooldown: u32,
    warmup: u32,
    /// Reductions at the lowest rate that are left until a reset.
    until_reset: u32,
}

impl Greedy {
    pub(super) fn start(&self) -> State {
        State {
            rate: SetRate::default(),
            best: self.mode.worst(),
            good: 0,
            bad: 0,
            cooldown: 0,
            warmup: 0,
            until_reset: self.reset_start.unwrap_or(0),
        }
    }

    pub(super) fn observe(&self, state: &mut State, window: &mut Vec<f64>, value: f64, rate: f64) {
        let value = self.smoothed(window, value);
        if state.cooldown > 0 || state.warmup > 0 {
            if state.cooldown > 0 {
                state.cooldown -= 1
            } else {
                state.warmup -= 1
            }
            (state.good, state.bad) = (0, 0);
            return;
        }
        if self.threshold.better(self.mode, value, state.best) {
            (state.best, state.good, state.bad) = (value, state.good.saturating_add(1), 0);
        } else {
            (state.good, state.bad) = (0, state.bad.saturating_add(1));
        }
        if u64::from(state.good) > self.patience {
            self.increase(state, rate);
            state.warmup = u32::try_from(self.warmup).unwrap_or(u32::MAX);
            state.good = 0;
        } else if u64::from(state.bad) > self.patience {
            if self.reduce(state, rate) {
                *state = self.start();
                window.clear();
            }
            state.cooldown = u32::try_from(self.cooldown).unwrap_or(u32::MAX);
            state.bad = 0;
        }
    }

    /// The mean of the last numbers, this one included.
    fn smoothed(&self, window: &mut Vec<f64>, value: f64) -> f64 {
        if self.window <= 1 {
            return value;
        }
        window.push(value);
        if window.len() as u64 > self.window {
            window.remove(0);
        }
        window.iter().sum::<f64>() / window.len() as f64
    }

    fn increase(&self, state: &mut State, rate: f64) {
        let old = state.rate.now(rate);
        let new = (old / self.factor).min(self.max_lr);
        if new - old > self.eps {
            state.rate.set(rate, new);
        }
        state.until_reset = self.reset_start.unwrap_or(0);
    }

    /// Whether everything starts again.
    fn reduce(&self, state: &mut State, rate: f64) -> bool {
        let old = state.rate.now(rate);
        let new = (old * self.factor).max(self.min_lr);
        if old - new > self.eps {
            state.rate.set(rate, new);
        }
        if self.reset_start.is_none() || state.rate.now(rate) > self.min_lr {
            return false;
        }
        state.until_reset = state.until_reset.saturating_sub(1);
        state.until_reset == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(window: u64, resets: u32) -> Greedy {
        Greedy {
            mode: Mode::Min,
            factor: 0.5,
            patience: 0,
            threshold: Threshold::Absolute(0.0),
            cooldown: 0,
            warmup: 0,
            min_lr: 0.1,
            max_lr: 1.0,
            eps: 0.0,
            window,
            reset_start: Some(resets),
        }
    }

    /// Reductions in vain are counted from the last increase.
    #[test]
    fn an_increase_puts_a_reset_off() {
        let (rule, mut window) = (rule(1, 2), Vec::new());
        let mut state = rule.start();
        let mut factors = Vec::new();
        for loss in [1.0, 2.0, 2.0, 0.5, 2.0, 2.0] {
            rule.observe(&mut state, &mut window, loss, 0.2);
            factors.push(state.rate.factor());
        }
        assert_eq!(factors, [2.0, 1.0, 0.5, 1.0, 0.5, 1.0]);
        assert_eq!(state.best, f64::INFINITY, "it starts again");
    }

    /// A reset forgets the numbers that were averaged.
    #[test]
    fn a_reset_empties_the_window() {
        let (rule, mut window) = (rule(2, 1), Vec::new());
        let mut state = rule.start();
        for loss in [2.0, 4.0, 8.0] {
            rule.observe(&mut state, &mut window, loss, 0.1);
        }
        assert_eq!((state.best, &window[..]), (8.0, &[8.0][..]));
    }
}
