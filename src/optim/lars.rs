//! `optax.lars`, with torch's names for its arguments.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `optax.lars` without its rate: every parameter's step is as long as `lr · trust_coefficient` of itself
/// (arXiv 1708.03888).
#[derive(Clone, Debug, PartialEq)]
pub struct Lars {
    /// L2 penalty, added to the gradient before its norm is taken.
    pub weight_decay: f64,
    /// What the ratio of the norms is multiplied by.
    pub trust_coefficient: f64,
    /// Added to the step's norm.
    pub eps: f64,
    /// Of the steps, their rates included.
    pub momentum: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
}

pub(super) const NAMES: &[&str] = &[
    "weight_decay",
    "trust_coefficient",
    "eps",
    "momentum",
    "nesterov",
    "lr",
];

impl Default for Lars {
    /// Optax's defaults.
    fn default() -> Lars {
        Lars {
            weight_decay: 0.0,
            trust_coefficient: 0.001,
            eps: 0.0,
            momentum: 0.9,
            nesterov: false,
        }
    }
}

impl Lars {
    pub(super) fn read(args: &Args) -> Result<Lars, Error> {
        let usual = Lars::default();
        Ok(Lars {
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            trust_coefficient: args.number("trust_coefficient", usual.trust_coefficient)?,
            eps: args.number("eps", usual.eps)?,
            momentum: args.number("momentum", usual.momentum)?,
            nesterov: args.flag("nesterov")?,
        })
    }
}

impl Method for Lars {
    fn name(&self) -> &'static str {
        "LARS"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("weight_decay", Value::Number(self.weight_decay)),
            ("trust_coefficient", Value::Number(self.trust_coefficient)),
            ("eps", Value::Number(self.eps)),
            ("momentum", Value::Number(self.momentum)),
            ("nesterov", Value::Flag(self.nesterov)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Lars::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn per_parameter(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        Group {
            lr: scheduled.lr as f32,
            momentum: scheduled.momentum.unwrap_or(self.momentum) as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            trust: self.trust_coefficient as f32,
            eps: self.eps as f32,
            nesterov: self.nesterov.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.norms::<ops::LarsNorms>(places);
        r.update::<ops::Lars>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "u = g + weight_decay * w; u *= trust_coefficient * |w| / (|u| + eps), norms of one parameter each; m = \
                      momentum * m + lr * u; w -= m",
            origin: "optax.lars of Optax 0.2.8, with its defaults; You, Gitman and Ginsburg 2017, arXiv 1708.03888",
            when: "Very large batches of images.",
            pros: "No layer moves further than a share of itself, so that large rates do not diverge.",
            cons: "Rates are hundreds of times SGD's, as trust_coefficient is 0.001. Biases are adapted like weights, which \
                   recipes usually leave out. The momentum gathers steps with their rates: a falling rate brakes late. Where \
                   a norm is 0 the ratio is 1.",
        }
    }
}
