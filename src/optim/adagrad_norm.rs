//! AdaGrad-Norm: gradient descent whose one rate is divided by the root of all squared norms so far.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    control::{Rule, gradient},
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// AdaGrad-Norm (arXiv 1806.01811): [`Sgd`](super::Sgd) whose rate a sum on the device divides. The schedule is the
/// method's η.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaGradNorm {
    /// What the sum begins with the square of, above 0.
    pub b0: f64,
    /// As SGD's; 0 for none, as in the paper.
    pub momentum: f64,
    /// L2 penalty, added to the gradient; the norm is the one before it.
    pub weight_decay: f64,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &["b0", "momentum", "weight_decay", "maximize", "lr"];

impl Default for AdaGradNorm {
    fn default() -> AdaGradNorm {
        AdaGradNorm {
            b0: 1.0,
            momentum: 0.0,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl AdaGradNorm {
    pub(super) fn read(args: &Args) -> Result<AdaGradNorm, Error> {
        let usual = AdaGradNorm::default();
        let b0 = args.number("b0", usual.b0)?;
        if b0 as f32 == 0.0 {
            return Err(args.error("b0", "`b0` must be above 0: the first rate is lr / b0"));
        }
        Ok(AdaGradNorm {
            b0,
            momentum: args.number("momentum", 0.0)?,
            weight_decay: args.number("weight_decay", 0.0)?,
            maximize: args.flag("maximize")?,
        })
    }
}

impl Method for AdaGradNorm {
    fn name(&self) -> &'static str {
        "AdaGradNorm"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("b0", Value::Number(self.b0)),
            ("momentum", Value::Number(self.momentum)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        AdaGradNorm::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn rule(&self) -> Option<Rule> {
        let norm = gradient::AdaGradNorm { b0: self.b0 };
        Some(Rule::AdaGradNorm(norm))
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        Group {
            lr: scheduled.lr as f32,
            momentum: scheduled.momentum.unwrap_or(self.momentum) as f32,
            gradient_scale: 1.0,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            first: (updates == 0).into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Sgd>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "b ** 2 += |g| ** 2; w -= lr / b * g, where |g| is the norm of the whole gradient",
            origin: "AdaGrad-Norm: Ward, Wu and Bottou 2019, arXiv 1806.01811. It is SGD beside the controller \
                     adagrad_norm",
            when: "Where nothing is known about the scale of the gradients.",
            pros: "Robust to the choice of the rate; converges without knowing smoothness or noise. The rate in the \
                   metrics is the one that was applied.",
            cons: "It never rises again, so that long runs starve; scaling the loss scales the rate; every layer has \
                   the same.",
        }
    }
}
