//! A rate that was set absolutely, kept as a factor.

use super::number;
use serde::{Deserialize, Serialize};

/// A learning rate that a controller has set, as a framework would have set it on the optimiser.
///
/// The rate itself is remembered beside the factor, so that comparisons with it do not suffer from a division
/// and a multiplication as long as the schedule stays where it was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetRate {
    #[serde(with = "number")]
    pub(super) factor: f64,
    /// The rate without the controller when it was set, and with it.
    #[serde(with = "number")]
    bare: f64,
    #[serde(with = "number")]
    set: f64,
}

impl Default for SetRate {
    fn default() -> SetRate {
        SetRate {
            factor: 1.0,
            bare: f64::NAN,
            set: f64::NAN,
        }
    }
}

impl SetRate {
    /// The multiple of the schedule's rate.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The rate in force.
    pub(super) fn now(&self, bare: f64) -> f64 {
        if bare == self.bare {
            self.set
        } else {
            bare * self.factor
        }
    }

    pub(super) fn set(&mut self, bare: f64, rate: f64) {
        if bare != 0.0 {
            *self = SetRate {
                factor: rate / bare,
                bare,
                set: rate,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was set follows the schedule where it goes on; a schedule at 0 leaves nothing to set.
    #[test]
    fn what_was_set_follows_the_schedule() {
        let mut rate = SetRate::default();
        rate.set(0.0, 0.0);
        assert_eq!(rate.factor(), 1.0);
        rate.set(0.4, 0.1);
        assert_eq!([0.4, 0.2, 0.8].map(|bare| rate.now(bare)), [0.1, 0.05, 0.2]);
    }
}
