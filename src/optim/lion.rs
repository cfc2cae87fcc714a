//! `optax.lion`, with torch's names for its arguments.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `optax.lion` without its rate: the sign of the gradient's mean (arXiv 2302.06675).
#[derive(Clone, Debug, PartialEq)]
pub struct Lion {
    /// What the mean weighs beside the gradient in the step, and what is kept of it: Optax's `b1` and `b2`.
    pub betas: [f64; 2],
    /// Decay of the weights themselves, by `lr · weight_decay` of their size.
    pub weight_decay: f64,
}

pub(super) const NAMES: &[&str] = &["betas", "weight_decay", "lr"];

impl Default for Lion {
    /// Optax's defaults.
    fn default() -> Lion {
        Lion {
            betas: [0.9, 0.99],
            weight_decay: 1e-3,
        }
    }
}

impl Lion {
    pub(super) fn read(args: &Args) -> Result<Lion, Error> {
        let usual = Lion::default();
        Ok(Lion {
            betas: args.betas(usual.betas)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
        })
    }
}

impl Method for Lion {
    fn name(&self) -> &'static str {
        "Lion"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Lion::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1e-4
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        Group {
            lr: scheduled.lr as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Lion>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "w -= lr * (sign(b1 * m + (1 - b1) * g) + weight_decay * w); m = b2 * m + (1 - b2) * g",
            origin: "optax.lion of Optax 0.2.8, with betas=(b1, b2); Chen et al. 2023, arXiv 2302.06675",
            when: "Large batches, transformers, little memory.",
            pros: "One number a parameter; every step has the same size.",
            cons: "Each element moves by the whole rate, so that it wants 3 to 10 times less than Adam's, and 3 to 10 \
                   times its weight decay; noise in small batches hurts; clipping changes almost nothing.",
        }
    }
}
