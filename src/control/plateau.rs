//! Reduce the rate when a metric stops improving, as `torch.optim.lr_scheduler.ReduceLROnPlateau` of torch 2.15.
//!
//! An observation is better if it beats the best one by the threshold. After more than `patience` bad ones in a
//! row the rate is multiplied by `factor`; then `cooldown` observations are not counted. NaN is never better.
//!
//! kiln's own `plateau(...)` differs where torch surprises: the threshold is a share of |best|, so that negative
//! metrics work (torch calls −0.99 an improvement on −1 with a threshold of 0.1), NaN can be ignored, and patience
//! can be counted as Keras does.

use super::{Mode, SetRate};
use serde::{Deserialize, Serialize};

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// Which direction is better.
    pub mode: Mode,
    /// What the rate is multiplied by.
    pub factor: f64,
    /// The rate is reduced when more than this many observations in a row were bad.
    pub patience: u64,
    /// By how much an observation must beat the best one.
    pub threshold: Threshold,
    /// Observations after a reduction that do not count.
    pub cooldown: u64,
    /// The lowest rate.
    pub min_lr: f64,
    /// Smaller reductions are dropped.
    pub eps: f64,
    /// Whether NaN counts as bad (torch) or is passed over.
    pub nan_is_bad: bool,
    /// timm's linear warm-up, in observations: length, first factor.
    pub warmup: Option<(u32, f64)>,
}

/// A distance between metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// `best · (1 ± x)` as torch writes it, whatever the sign of `best`.
    Torch(f64),
    /// `best ± x · |best|`.
    Relative(f64),
    /// `best ± x`.
    Absolute(f64),
}

impl Threshold {
    /// Whether `value` beats `best`.
    pub(super) fn better(self, mode: Mode, value: f64, best: f64) -> bool {
        match (self, mode) {
            (Threshold::Torch(x), Mode::Max) => value > best * (x + 1.0),
            (Threshold::Torch(x), _) => value < best * (1.0 - x),
            // the first number beats infinity, which must not be multiplied by 0
            (Threshold::Relative(_), _) if best.is_infinite() => {
                if mode == Mode::Max {
                    value > best
                } else {
                    value < best
                }
            }
            (Threshold::Relative(x), Mode::Max) => value > best + x * best.abs(),
            (Threshold::Relative(x), _) => value < best - x * best.abs(),
            (Threshold::Absolute(x), Mode::Max) => value > best + x,
            (Threshold::Absolute(x), _) => value < best - x,
        }
    }
}

/// The memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) rate: SetRate,
    /// The best observation; infinite before the first.
    #[serde(with = "super::number")]
    best: f64,
    bad: u32,
    cooldown: u32,
    /// Observations during the warm-up.
    warmed: u32,
}

impl Plateau {
    pub(super) fn start(&self) -> State {
        let mut rate = SetRate::default();
        if let Some((_, first)) = self.warmup {
            rate.factor = first;
        }
        State {
            rate,
            best: self.mode.worst(),
            bad: 0,
            cooldown: 0,
            warmed: 0,
        }
    }

    pub(super) fn observe(&self, state: &mut State, value: f64, rate: f64) {
        if let Some((length, first)) = self.warmup.filter(|(length, _)| state.warmed < *length) {
            state.warmed += 1;
            state.rate.set(
                rate,
                rate * first
                    + f64::from(state.warmed) * ((rate - rate * first) / f64::from(length)),
            );
            return;
        }
        if value.is_nan() && !self.nan_is_bad {
            return;
        }
        if self.threshold.better(self.mode, value, state.best) {
            (state.best, state.bad) = (value, 0);
        } else {
            state.bad = state.bad.saturating_add(1);
        }
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.bad = 0;
        }
        if u64::from(state.bad) > self.patience {
            let old = state.rate.now(rate);
            let new = (old * self.factor).max(self.min_lr);
            if old - new > self.eps {
                state.rate.set(rate, new);
            }
            state.cooldown = u32::try_from(self.cooldown).unwrap_or(u32::MAX);
            state.bad = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the reading of negative metrics: getting worse is no improvement, in either direction.
    #[test]
    fn relative_thresholds_respect_the_sign() {
        assert!(!Threshold::Relative(0.1).better(Mode::Min, -0.95, -1.0));
        assert!(
            Threshold::Torch(0.1).better(Mode::Min, -0.95, -1.0),
            "torch's quirk is kept in torch's spelling"
        );
        assert!(Threshold::Relative(0.1).better(Mode::Min, -1.2, -1.0));
        assert!(Threshold::Relative(0.1).better(Mode::Max, -0.8, -1.0));
        assert!(Threshold::Relative(0.1).better(Mode::Min, 1e9, f64::INFINITY));
    }
}
