//! `optax.contrib.reduce_on_plateau` of Optax 0.2.8.
//!
//! The mean of `accumulation_size` numbers is compared with the best mean; the update that delivers the
//! `patience`-th bad one is already reduced. With a patience of 0 it reduces when the mean *improves*, and never
//! otherwise; that is what Optax does.

use serde::{Deserialize, Serialize};

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// What the scale is multiplied by.
    pub factor: f64,
    /// Bad means until a reduction.
    pub patience: u64,
    /// The relative part of the threshold: `(1 − rtol) · best − atol`.
    pub rtol: f64,
    /// The absolute part.
    pub atol: f64,
    /// Means after a reduction that do not count.
    pub cooldown: u64,
    /// Numbers in a mean, at least 1.
    pub accumulation_size: u64,
    /// The lowest scale.
    pub min_scale: f64,
}

/// The memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    #[serde(with = "super::number")]
    pub(super) scale: f64,
    #[serde(with = "super::number")]
    best: f64,
    #[serde(with = "super::number")]
    mean: f64,
    count: u32,
    bad: u32,
    cooldown: u32,
}

impl Default for State {
    fn default() -> State {
        State {
            scale: 1.0,
            best: f64::INFINITY,
            mean: 0.0,
            count: 0,
            bad: 0,
            cooldown: 0,
        }
    }
}

impl Plateau {
    pub(super) fn observe(&self, state: &mut State, value: f64) {
        let count = f64::from(state.count);
        state.mean = (count * state.mean + value) / (count + 1.0);
        state.count = state.count.saturating_add(1);
        if u64::from(state.count) < self.accumulation_size {
            return;
        }
        let better = state.mean < (1.0 - self.rtol) * state.best - self.atol;
        if better {
            state.best = state.mean;
        }
        let bad = if better {
            0
        } else {
            state.bad.saturating_add(1)
        };
        if state.cooldown > 0 {
            (state.bad, state.cooldown) = (0, state.cooldown - 1);
        } else {
            let reduce = u64::from(bad) == self.patience;
            state.scale = if reduce {
                state.scale * self.factor
            } else {
                state.scale
            }
            .max(self.min_scale);
            state.bad = if reduce { 0 } else { bad };
            state.cooldown = if reduce {
                u32::try_from(self.cooldown).unwrap_or(u32::MAX)
            } else {
                0
            };
        }
        (state.mean, state.count) = (0.0, 0);
    }
}
