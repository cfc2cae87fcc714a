//! SGD-HD: gradient descent whose rate descends, too.

use super::{Arguments, Estimation, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, rate_estimate::Estimate, rate_stats::DIRECTION, sgd::KEEP},
    record::Recorder,
    schedule::Page,
};

/// SGD-HD (Baydin et al. 2018, arXiv 1703.04782). The schedule multiplies its rate.
#[derive(Clone, Debug, PartialEq)]
pub struct HypergradientSgd {
    /// The rate at first.
    pub alpha0: f64,
    /// The rate's own rate.
    pub hypergrad_lr: f64,
    /// As SGD's, without dampening.
    pub momentum: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

pub(super) const NAMES: &[&str] = &["alpha0", "hypergrad_lr", "momentum", "weight_decay", "lr"];

impl Default for HypergradientSgd {
    /// Those of the results that the authors published with their code, which itself has a `hypergrad_lr` of 1e-6: runs
    /// of some thousand updates end at the rate that they began with.
    fn default() -> HypergradientSgd {
        HypergradientSgd {
            alpha0: 1e-3,
            hypergrad_lr: 1e-3,
            momentum: 0.0,
            weight_decay: 0.0,
        }
    }
}

impl HypergradientSgd {
    pub(super) fn read(args: &Args) -> Result<HypergradientSgd, Error> {
        let usual = HypergradientSgd::default();
        Ok(HypergradientSgd {
            alpha0: args.number("alpha0", usual.alpha0)?,
            hypergrad_lr: args.positive("hypergrad_lr", usual.hypergrad_lr)?,
            momentum: args.share("momentum", usual.momentum)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
        })
    }
}

impl Method for HypergradientSgd {
    fn name(&self) -> &'static str {
        "HypergradientSGD"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("alpha0", Value::Number(self.alpha0)),
            ("hypergrad_lr", Value::Number(self.hypergrad_lr)),
            ("momentum", Value::Number(self.momentum)),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        HypergradientSgd::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        Some([self.alpha0, 0.0, 0.0, 0.0])
    }

    fn sets_rate(&self) -> bool {
        true
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
            first: (updates == 0).into(),
            ..Group::default()
        }
    }

    /// The buffer is the direction of an update, without momentum its gradient.
    fn record(&self, r: &mut Recorder, places: &Places) {
        r.rate_stats(places, DIRECTION);
        r.rate_estimate(
            places,
            &Estimation {
                coefficient: self.hypergrad_lr,
                ..Estimation::of(Estimate::Hypergradient)
            },
        );
        r.update::<ops::Sgd>(places, KEEP);
    }

    fn page(&self) -> Page {
        Page {
            formula: "a += hypergrad_lr * (g . u); u = momentum * u + g; w -= lr * a * u, where g . u is over all weights and u \
                      is the direction of the update before",
            origin: "SGD-HD: Baydin et al. 2018, arXiv 1703.04782, with the numbers of its authors' published results",
            when: "A rate that is known roughly, and is to be corrected on the way: --lr is a factor on it, 1 if not given.",
            pros: "The rate rises while updates agree and falls when they turn back; one number a parameter.",
            cons: "alpha0 and hypergrad_lr replace one thing to tune by two, and hypergrad_lr depends on the scale of the \
                   gradients to the square. Nothing keeps the rate above 0. A schedule's factor does not enter the rate's own \
                   gradient.",
        }
    }
}
