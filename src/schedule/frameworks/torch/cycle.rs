//! The schedulers that rise and fall, with their momentum: `CyclicLR` and `OneCycleLR`, and the shape of a transition.

use super::leaf::{DIVISION, FAR, value};
use crate::expr::Arith;
use std::f64::consts::PI;

/// The shape of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Half a cosine.
    Cos,
    /// A straight line.
    Linear,
}

/// The arguments of `CyclicLR`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cyclic {
    /// The rate between cycles; replaces the optimiser's.
    pub base_lr: f64,
    /// The rate at the first peak.
    pub max_lr: f64,
    /// Updates up, above 0.
    pub step_size_up: f64,
    /// Updates down.
    pub step_size_down: f64,
    /// How the amplitude changes.
    pub scale: Scale,
    /// Whether momentum (β1 of Adam) runs the other way.
    pub cycle_momentum: bool,
    /// The momentum at the first peak.
    pub base_momentum: f64,
    /// The momentum between cycles.
    pub max_momentum: f64,
}

/// How `CyclicLR`'s amplitude changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Not at all.
    Triangular,
    /// Halved in every cycle.
    Triangular2,
    /// γ^t.
    ExpRange(f64),
    /// `scale_fn` of the cycle's number, counted from 1.
    PerCycle(Arith),
    /// `scale_fn` of the update.
    PerIteration(Arith),
}

/// The arguments of `OneCycleLR`.
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// The highest rate.
    pub max_lr: f64,
    /// Updates of the cycle, at least 1.
    pub total_steps: u64,
    /// The part of the cycle that climbs, in [0, 1].
    pub pct_start: f64,
    /// The shape of every phase.
    pub anneal: Anneal,
    /// Whether momentum (β1 of Adam) runs the other way.
    pub cycle_momentum: bool,
    /// The momentum at the peak.
    pub base_momentum: f64,
    /// The momentum at both ends.
    pub max_momentum: f64,
    /// `max_lr` over the first rate.
    pub div_factor: f64,
    /// The first rate over the last one.
    pub final_div_factor: f64,
    /// Whether the fall to the first rate mirrors the climb and a third phase follows.
    pub three_phase: bool,
}

impl Anneal {
    /// How far SWALR's transition is after `step` of `length` steps; a length of 0 is over at once.
    pub(super) fn alpha(self, step: i64, length: u64) -> f64 {
        let z = if length == 0 {
            f64::from(u8::from(step >= 0))
        } else {
            (step as f64 / length as f64).clamp(0.0, 1.0)
        };
        match self {
            Anneal::Cos => (1.0 - (PI * z).cos()) / 2.0,
            Anneal::Linear => z,
        }
    }

    /// OneCycleLR's transition from `a` to `b`.
    fn between(self, a: f64, b: f64, z: f64) -> f64 {
        match self {
            Anneal::Cos => b + (a - b) / 2.0 * ((PI * z).cos() + 1.0),
            Anneal::Linear => (b - a) * z + a,
        }
    }
}

impl Cyclic {
    /// The height of the triangle times its scale.
    pub(super) fn height(&self, last: i64) -> f64 {
        let total = self.step_size_up + self.step_size_down;
        let ratio = self.step_size_up / total;
        let t = last as f64;
        let (cycle, x) = if t / total < FAR as f64 {
            let cycle = (1.0 + t / total).floor();
            (cycle, 1.0 + t / total - cycle)
        } else {
            ((t / total).floor() + 1.0, t % total / total)
        };
        let triangle = if x <= ratio {
            x / ratio
        } else {
            (x - 1.0) / (ratio - 1.0)
        };
        triangle
            * match &self.scale {
                Scale::Triangular => 1.0,
                Scale::Triangular2 => 1.0 / 2f64.powf(cycle - 1.0),
                Scale::ExpRange(gamma) => gamma.powf(t),
                Scale::PerCycle(scale) => value(scale.eval(&[cycle])),
                Scale::PerIteration(scale) => value(scale.eval(&[t])),
            }
    }
}

impl OneCycle {
    /// The rate that the cycle starts with.
    pub fn initial_lr(&self) -> f64 {
        self.max_lr / self.div_factor
    }

    /// `(end, lr from, lr to, momentum from, momentum to)` of each phase; the ends are not rounded.
    fn phases(&self) -> Vec<(f64, f64, f64, f64, f64)> {
        let (first, peak, total) = (self.initial_lr(), self.max_lr, self.total_steps as f64);
        let (low, high) = (self.base_momentum, self.max_momentum);
        let last = first / self.final_div_factor;
        let up = (self.pct_start * total - 1.0, first, peak, high, low);
        if self.three_phase {
            vec![
                up,
                (2.0 * self.pct_start * total - 2.0, peak, first, low, high),
                (total - 1.0, first, last, high, high),
            ]
        } else {
            vec![up, (total - 1.0, peak, last, low, high)]
        }
    }

    /// Rate and momentum.
    pub(super) fn at(&self, last: i64) -> Result<(f64, f64), String> {
        let t = last as f64;
        if t > self.total_steps as f64 {
            let message = format!(
                "ValueError: Tried to step {last} times. The specified number of total steps is {}",
                self.total_steps
            );
            return Err(message);
        }
        let phases = self.phases();
        let mut start = 0.0;
        for (i, &(end, a, b, c, d)) in phases.iter().enumerate() {
            if t <= end || i + 1 == phases.len() {
                if end == start {
                    return Err(DIVISION.to_owned());
                }
                let z = (t - start) / (end - start);
                return Ok((self.anneal.between(a, b, z), self.anneal.between(c, d, z)));
            }
            start = end;
        }
        Err(DIVISION.to_owned())
    }

    /// The first step after `last` that raises: one in an empty phase, or the one past the end.
    pub(super) fn raises(&self, last: i64) -> Option<(i64, String)> {
        let starts = self
            .phases()
            .into_iter()
            .map(|(end, ..)| end.floor() as i64 + 1);
        let past = i64::try_from(self.total_steps).ok()?.checked_add(1)?;
        let mut tries: Vec<i64> = starts
            .chain([0, past - 1, past])
            .map(|at| at.max(last + 1))
            .collect();
        tries.sort_unstable();
        tries
            .into_iter()
            .find_map(|at| self.at(at).err().map(|message| (at, message)))
    }
}
