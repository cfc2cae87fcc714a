//! `keras.callbacks.ReduceLROnPlateau` of Keras 3.15.
//!
//! The rate is reduced when `patience` observations (0 counts as 1) have not improved, one earlier than torch's;
//! `cooldown` is counted down before the check, so that c of it pass over c − 1 observations; the threshold
//! `min_delta` is absolute; the first observation is the best one even if it is NaN, and then nothing ever
//! improves on it.

use super::{Mode, SetRate};
use serde::{Deserialize, Serialize};

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// Which direction is better.
    pub mode: Mode,
    /// What the rate is multiplied by.
    pub factor: f64,
    /// Bad observations until a reduction.
    pub patience: u64,
    /// By how much an observation must beat the best one; not negative.
    pub min_delta: f64,
    /// See above.
    pub cooldown: u64,
    /// The lowest rate.
    pub min_lr: f64,
}

/// The memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) rate: SetRate,
    #[serde(with = "super::number")]
    best: f64,
    wait: u32,
    cooldown: u32,
    /// Whether there was an observation.
    seen: bool,
}

impl Plateau {
    pub(super) fn observe(&self, state: &mut State, value: f64, rate: f64) {
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.wait = 0;
        }
        let better = match self.mode {
            Mode::Max => value - self.min_delta > state.best,
            _ => value + self.min_delta < state.best,
        };
        if better || !state.seen {
            (state.best, state.wait, state.seen) = (value, 0, true);
        } else if state.cooldown == 0 {
            state.wait = state.wait.saturating_add(1);
            let old = state.rate.now(rate);
            if u64::from(state.wait) >= self.patience && old > self.min_lr {
                state.rate.set(rate, (old * self.factor).max(self.min_lr));
                state.cooldown = u32::try_from(self.cooldown).unwrap_or(u32::MAX);
                state.wait = 0;
            }
        }
    }
}
