//! Averages of the weights beside the weights: which there are, and what each update counts in them.

use super::Trainer;
use crate::{
    error::Result,
    ops::{Hyper, average},
    plan::Slice,
};

/// The mean of the weights along a run, as `torch.optim.swa_utils.AveragedModel` keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swa {
    /// Updates that are applied when the first weights are taken in; the initial weights never are.
    pub start: u64,
    /// Updates from one taking in to the next, at least 1.
    pub every: u64,
}

impl Swa {
    /// How many weights are averaged when so many updates are applied: a function of the update, so
    /// that a run can be entered anywhere.
    pub fn averaged(&self, applied: u64) -> u64 {
        let first = if self.start > 0 {
            self.start
        } else {
            self.every
        };
        match applied.checked_sub(first) {
            Some(since) => since / self.every + 1,
            None => 0,
        }
    }

    /// What the weights after update `step` (counted from 0) count in the mean.
    pub fn weight(&self, step: u64) -> f64 {
        let (before, after) = (self.averaged(step), self.averaged(step + 1));
        if after > before {
            1.0 / after as f64
        } else {
            0.0
        }
    }
}

/// Which of a run's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weights {
    /// Those that are trained.
    Raw,
    /// Their exponential moving average.
    Ema,
    /// Their mean.
    Swa,
}

impl Weights {
    /// Of programs and buffers.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Weights::Raw => "",
            Weights::Ema => " ema",
            Weights::Swa => " swa",
        }
    }

    /// The kernel's word for an average.
    pub(super) fn which(self) -> Option<u32> {
        match self {
            Weights::Raw => None,
            Weights::Ema => Some(average::EMA),
            Weights::Swa => Some(average::SWA),
        }
    }
}

impl Trainer<'_> {
    /// The uniform with what an update counts in the averages.
    pub(super) fn averaging(&self, step: u64, hyper: Hyper) -> Hyper {
        let decay = self.config.ema;
        let swa = self.config.swa.map_or(0.0, |swa| swa.weight(step));
        Hyper {
            ema: decay.map_or(0.0, |decay| 1.0 - decay) as f32,
            swa: swa as f32,
            ..hyper
        }
    }

    /// Where weights lie, if the run has them by now: a mean needs an update to be taken in.
    pub(super) fn arena_of(&self, weights: Weights) -> Option<Slice> {
        let begun = |swa: super::Swa| swa.averaged(self.step) > 0;
        match weights {
            Weights::Raw => Some(self.session.evaluated_arena()),
            Weights::Swa if !self.config.swa.is_some_and(begun) => None,
            _ => self.session.average(weights),
        }
    }

    /// The averaged weights as they are, in `state_dict` order: none where the run keeps no such
    /// average, or nothing was taken in yet.
    ///
    /// # Errors
    /// What the device reports.
    pub fn averaged(&mut self, weights: Weights) -> Result<Option<Vec<Vec<f32>>>> {
        self.arena_of(weights)
            .map(|arena| self.read_params(arena))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of all updates up to now make the mean of exactly those that are to be averaged.
    #[test]
    fn the_mean_is_of_every_nth_from_the_start() {
        for (start, every, expected) in [
            (0, 3, vec![3, 6, 9]),
            (4, 3, vec![4, 7, 10]),
            (1, 1, (1..=10).collect()),
            (10, 7, vec![10]),
            (11, 2, vec![]),
        ] {
            let swa = Swa { start, every };
            let mut mean = f64::NAN;
            for step in 0..10 {
                let weight = swa.weight(step);
                let applied = (step + 1) as f64;
                if weight == 1.0 {
                    mean = applied;
                } else if weight != 0.0 {
                    mean += weight * (applied - mean);
                }
            }
            let count = expected.len() as u64;
            assert_eq!(swa.averaged(10), count, "{swa:?}");
            if count > 0 {
                let want = expected.iter().sum::<u64>() as f64 / count as f64;
                assert!((mean - want).abs() < 1e-12, "{swa:?}: {mean}");
            }
        }
    }
}
