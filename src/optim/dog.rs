//! DoG and DoWG: gradient descent by the distance that the weights have come, over the gradients on the way.

use super::{Arguments, Estimation, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, rate_estimate::Estimate},
    record::Recorder,
    schedule::Page,
};

/// DoG (arXiv 2302.12022) as `optax.contrib.dog` computes it. The schedule multiplies the rate that it sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Dog {
    /// The first distance, by one more than the norm of the initial weights; above 0.
    pub reps_rel: f64,
    /// Added to the sum of squared norms.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

/// DoWG (arXiv 2305.16284) as `optax.contrib.dowg` computes it. The schedule multiplies the rate that it sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Dowg {
    /// What is added to the root of the weighted sum, above 0.
    pub eps: f64,
    /// The first squared distance, above 0; as `eps` if none is given.
    pub init_estim_sq_dist: Option<f64>,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

pub(super) const DOG_NAMES: &[&str] = &["reps_rel", "eps", "weight_decay", "lr"];
pub(super) const DOWG_NAMES: &[&str] = &["eps", "init_estim_sq_dist", "weight_decay", "lr"];

impl Default for Dog {
    fn default() -> Dog {
        Dog {
            reps_rel: 1e-6,
            eps: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Default for Dowg {
    fn default() -> Dowg {
        Dowg {
            eps: 1e-4,
            init_estim_sq_dist: None,
            weight_decay: 0.0,
        }
    }
}

impl Dog {
    pub(super) fn read(args: &Args) -> Result<Dog, Error> {
        let usual = Dog::default();
        Ok(Dog {
            reps_rel: args.positive("reps_rel", usual.reps_rel)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", 0.0)?,
        })
    }
}

impl Dowg {
    pub(super) fn read(args: &Args) -> Result<Dowg, Error> {
        let eps = args.positive("eps", Dowg::default().eps)?;
        let first = args.positive("init_estim_sq_dist", eps)?;
        Ok(Dowg {
            eps,
            init_estim_sq_dist: (first != eps).then_some(first),
            weight_decay: args.number("weight_decay", 0.0)?,
        })
    }

    /// The first squared distance.
    fn first(&self) -> f64 {
        self.init_estim_sq_dist.unwrap_or(self.eps)
    }
}

/// The numbers of gradient descent by the estimate.
fn descent(scheduled: &Scheduled, weight_decay: f64) -> Group {
    Group {
        lr: scheduled.lr as f32,
        weight_decay: scheduled.weight_decay.unwrap_or(weight_decay) as f32,
        ..Group::default()
    }
}

/// Measures, estimates, and descends without momentum: the slot, which is where the weights began, stays.
fn record(r: &mut Recorder, places: &Places, estimation: &Estimation) {
    r.rate_stats(places, 0);
    r.rate_estimate(places, estimation);
    r.update::<ops::Sgd>(places, 0);
}

impl Method for Dog {
    fn name(&self) -> &'static str {
        "DoG"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("reps_rel", Value::Number(self.reps_rel)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Dog::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["x0"]
    }

    fn hold_weights(&self) -> &'static [&'static str] {
        &["x0"]
    }

    fn memory(&self, norm: f64) -> Option<[f64; 4]> {
        Some([self.reps_rel * (1.0 + norm), 0.0, 0.0, 0.0])
    }

    fn sets_rate(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        None
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        descent(scheduled, self.weight_decay)
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let estimation = Estimation {
            eps: self.eps,
            ..Estimation::of(Estimate::Dog)
        };
        record(r, places, &estimation);
    }

    fn page(&self) -> Page {
        Page {
            formula: "r = max(r, |w - w0|); s += |g| ** 2; w -= lr * r / sqrt(s + eps) * g, where norms are those of all \
                      weights and r begins at reps_rel * (1 + |w0|)",
            origin: "optax.contrib.dog of Optax 0.2.8; Ivgi, Hinder and Carmon 2023, arXiv 2302.12022",
            when: "SGD where nothing is known about the rate: --lr is a factor on the rate that it sets, 1 if not given.",
            pros: "Nothing to tune; about as good as SGD with a rate that was searched for.",
            cons: "One number a parameter (the initial weights) and a look at all of them at every update. It is slow at \
                   first, while r grows from reps_rel. The authors call averaging necessary: evaluate the weights of --ema \
                   or --swa. No momentum. A schedule that decays slows r down, too: docs/choosing.md \
                   has runs that stayed near chance with one.",
        }
    }
}

impl Method for Dowg {
    fn name(&self) -> &'static str {
        "DoWG"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("eps", Value::Number(self.eps)),
            ("init_estim_sq_dist", Value::Number(self.first())),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        let usual = Dowg::default();
        // Its default is another one's value.
        let first = match self.init_estim_sq_dist {
            None => self.eps,
            Some(_) => usual.first(),
        };
        vec![
            ("eps", Value::Number(usual.eps)),
            ("init_estim_sq_dist", Value::Number(first)),
            ("weight_decay", Value::Number(usual.weight_decay)),
        ]
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["x0"]
    }

    fn hold_weights(&self) -> &'static [&'static str] {
        &["x0"]
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        Some([self.first(), 0.0, 0.0, 0.0])
    }

    fn sets_rate(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        None
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        descent(scheduled, self.weight_decay)
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let estimation = Estimation {
            eps: self.eps,
            ..Estimation::of(Estimate::Dowg)
        };
        record(r, places, &estimation);
    }

    fn page(&self) -> Page {
        Page {
            formula: "q = max(q, |w - w0| ** 2); v += q * |g| ** 2; w -= lr * q / (sqrt(v) + eps) * g, where norms are those \
                      of all weights and q begins at init_estim_sq_dist, which is eps if not given",
            origin: "optax.contrib.dowg of Optax 0.2.8; Khaled, Mishchenko and Jin 2023, arXiv 2305.16284",
            when: "As DoG, where gradients shrink on the way: --lr is a factor on the rate that it sets, 1 if not given.",
            pros: "Nothing to tune; early gradients, from before the weights had come far, count little.",
            cons: "One number a parameter (the initial weights) and a look at all of them at every update. Its rate is larger \
                   than DoG's, too large for some networks: give an --lr below 1 there. No momentum.",
        }
    }
}
