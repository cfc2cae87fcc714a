//! `optax.lamb`, with torch's names for its arguments.

use super::{Arguments, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `optax.lamb` without its rate: Adam whose steps are as long as `lr` of each parameter (arXiv 1904.00962).
#[derive(Clone, Debug, PartialEq)]
pub struct Lamb {
    /// What is kept of the means of the gradient and of its square: Optax's `b1` and `b2`.
    pub betas: [f64; 2],
    /// Added to the root of the mean square.
    pub eps: f64,
    /// Decay of the weights, part of the step whose norm is taken.
    pub weight_decay: f64,
}

pub(super) const NAMES: &[&str] = &["betas", "eps", "weight_decay", "lr"];

impl Default for Lamb {
    /// Optax's defaults.
    fn default() -> Lamb {
        Lamb {
            betas: [0.9, 0.999],
            eps: 1e-6,
            weight_decay: 0.0,
        }
    }
}

impl Lamb {
    pub(super) fn read(args: &Args) -> Result<Lamb, Error> {
        let usual = Lamb::default();
        Ok(Lamb {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
        })
    }
}

impl Method for Lamb {
    fn name(&self) -> &'static str {
        "LAMB"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Lamb::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1e-3
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn per_parameter(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        Group {
            lr: scheduled.lr as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            trust: correction(beta1, updates) as f32,
            correction: correction(beta2, updates).sqrt() as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.norms::<ops::LambNorms>(places);
        r.update::<ops::Lamb>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "u = Adam's step + weight_decay * w; w -= lr * |w| / |u| * u, norms of one parameter each",
            origin: "optax.lamb of Optax 0.2.8, with its defaults; You et al. 2020, arXiv 1904.00962",
            when: "Very large batches of text.",
            pros: "Adam's robustness, and no layer moves further than a share of itself.",
            cons: "Two numbers a parameter. Every parameter moves by the rate of its own norm, biases too: 0.01 is large. Where \
                   a norm is 0 the ratio is 1. The norm is not clamped, as the paper's φ may do.",
        }
    }
}
