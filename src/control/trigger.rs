//! Cuts at events: a loss that has fallen by so much, a metric that has reached a level.

use super::Mode;
use serde::{Deserialize, Serialize};

/// Multiplies the rate by `factor` whenever the number has fallen by `by` since the last cut.
///
/// The first number is the reference; each number that lies at least `by` below the reference cuts once, however
/// far it lies below, and becomes the reference. NaN is passed over.
#[derive(Clone, Debug, PartialEq)]
pub struct LossDrop {
    /// The fall: a share of the reference's size, or an amount.
    pub by: Fall,
    /// What the rate is multiplied by.
    pub factor: f64,
}

/// How far a number has to fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fall {
    /// A share of the reference's size, in (0, 1).
    Relative(f64),
    /// An amount greater than 0.
    Absolute(f64),
}

/// The memory of [`LossDrop`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossDropState {
    #[serde(with = "super::number")]
    pub(super) factor: f64,
    /// The number at the last cut.
    #[serde(with = "super::number::optional")]
    reference: Option<f64>,
}

impl Default for LossDropState {
    fn default() -> LossDropState {
        LossDropState {
            factor: 1.0,
            reference: None,
        }
    }
}

impl LossDrop {
    pub(super) fn observe(&self, state: &mut LossDropState, value: f64) {
        if value.is_nan() {
            return;
        }
        let Some(reference) = state.reference else {
            state.reference = Some(value);
            return;
        };
        let fall = match self.by {
            Fall::Relative(share) => share * reference.abs(),
            Fall::Absolute(amount) => amount,
        };
        if value <= reference - fall {
            state.reference = Some(value);
            state.factor *= self.factor;
        }
    }
}

/// Multiplies the rate by `factor` once for every level that the number reaches.
///
/// One number may reach several levels; a level that was reached stays so.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// `Min`: levels are reached from above; `Max`: from below.
    pub mode: Mode,
    /// The levels in the order in which they are reached.
    pub levels: Vec<f64>,
    /// What the rate is multiplied by at each level.
    pub factor: f64,
}

impl Threshold {
    pub(super) fn observe(&self, fired: &mut u32, value: f64) {
        let reached = |level: f64| {
            if self.mode == Mode::Max {
                value >= level
            } else {
                value <= level
            }
        };
        let now = self.levels.iter().filter(|&&level| reached(level)).count();
        *fired = (*fired).max(u32::try_from(now).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the loss-drop rule: one cut per observation, measured from the number at the last cut.
    #[test]
    fn losses_are_measured_from_the_last_cut() {
        let rule = LossDrop {
            by: Fall::Relative(0.2),
            factor: 0.5,
        };
        let mut state = LossDropState::default();
        let mut factors = Vec::new();
        for loss in [1.0, 0.9, 0.8, 0.7, f64::NAN, 0.3, 0.25, 2.0, 0.2] {
            rule.observe(&mut state, loss);
            factors.push(state.factor);
        }
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
    }

    /// Protects the threshold rule: every level once, for good, and several at once.
    #[test]
    fn levels_fire_once() {
        let rule = Threshold {
            mode: Mode::Max,
            levels: vec![0.8, 0.9, 0.95],
            factor: 0.1,
        };
        let mut fired = 0;
        let mut counts = Vec::new();
        for accuracy in [0.5, 0.8, 0.7, 0.96, f64::NAN, 0.99] {
            rule.observe(&mut fired, accuracy);
            counts.push(fired);
        }
        assert_eq!(counts, [0, 1, 1, 3, 3, 3]);
    }
}
