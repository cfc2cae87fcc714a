//! What every optimiser says of itself.

use super::{Places, Scheduled, arguments::Value};
use crate::{
    control::Rule,
    ops::{Group, rate_estimate::Estimate},
    record::Recorder,
    schedule::Page,
};

/// How a method's own rate is made of what was measured: see [`rate_estimate`](crate::ops::rate_estimate).
pub(crate) struct Estimation {
    pub method: Estimate,
    /// d₀, or the least loss.
    pub first: f64,
    pub eps: f64,
    /// `d_coef`, the rate's own rate, c, or the power of the rate.
    pub coefficient: f64,
    /// What is kept of the sums.
    pub decay: f64,
    /// The growth in one update, or the largest step.
    pub bound: f64,
}

impl Estimation {
    /// With nothing else set.
    pub fn of(method: Estimate) -> Estimation {
        Estimation {
            method,
            first: 0.0,
            eps: 0.0,
            coefficient: 1.0,
            decay: 0.0,
            bound: f64::INFINITY,
        }
    }
}

/// What every optimiser says of itself.
pub(super) trait Method {
    /// As torch or Optax call it.
    fn name(&self) -> &'static str;

    /// Its arguments with their values, in the order in which they may be given.
    fn arguments(&self) -> Vec<(&'static str, Value)>;

    /// The same as where nothing is given.
    fn defaults(&self) -> Vec<(&'static str, Value)>;

    /// What it keeps for every parameter, by torch's or Optax's names, in their order in the arena.
    fn slots(&self) -> &'static [&'static str];

    /// What every slot holds before the first update.
    fn first(&self) -> f32 {
        0.0
    }

    /// Whether every parameter needs a segment of its own, as norms are taken of each.
    fn per_parameter(&self) -> bool {
        false
    }

    /// A factor on its rate that is worked out on the device.
    fn rule(&self) -> Option<Rule> {
        None
    }

    /// Slots that hold the weights before the first update.
    fn hold_weights(&self) -> &'static [&'static str] {
        &[]
    }

    /// The slot with the weights that are evaluated and saved, where that are not those that are trained.
    fn evaluated(&self) -> Option<&'static str> {
        None
    }

    /// What it remembers on the device before the first update, for initial weights of such a norm: see
    /// [`rate_estimate::MEMORY`](crate::ops::rate_estimate::MEMORY).
    fn memory(&self, _norm: f64) -> Option<[f64; 4]> {
        None
    }

    /// Whether it sets its rate by itself, so that the schedule's is a factor on that.
    fn sets_rate(&self) -> bool {
        false
    }

    /// What a schedule of the momentum steers: the momentum, or β₁. None where there is neither.
    fn momentum(&self) -> Option<f64>;

    /// The rate where none is given: the reference's, or SGD's that kiln's examples were chosen with.
    fn usual_lr(&self) -> f64;

    /// Its weight decay.
    fn weight_decay(&self) -> f64;

    /// Whether a schedule's momentum may begin at 0.
    fn begins_without_momentum(&self) -> bool {
        true
    }

    /// The uniform's numbers of an update after `updates` others.
    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group;

    /// Records one fused update of all parameters.
    fn record(&self, r: &mut Recorder, places: &Places);

    /// What a person wants to know before using it.
    fn page(&self) -> Page;
}
