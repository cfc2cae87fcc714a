//! `torch.optim.Adadelta`.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.Adadelta` without its rate (arXiv 1212.5701).
#[derive(Clone, Debug, PartialEq)]
pub struct Adadelta {
    /// What is kept of the mean squares of the gradient and of the steps.
    pub rho: f64,
    /// Added to both mean squares, inside of the roots.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &["rho", "eps", "weight_decay", "maximize", "lr"];

impl Default for Adadelta {
    /// torch's defaults.
    fn default() -> Adadelta {
        Adadelta {
            rho: 0.9,
            eps: 1e-6,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl Adadelta {
    pub(super) fn read(args: &Args) -> Result<Adadelta, Error> {
        let usual = Adadelta::default();
        Ok(Adadelta {
            rho: args.share("rho", usual.rho)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            maximize: args.flag("maximize")?,
        })
    }
}

impl Method for Adadelta {
    fn name(&self) -> &'static str {
        "Adadelta"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("rho", Value::Number(self.rho)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Adadelta::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }

    fn momentum(&self) -> Option<f64> {
        None
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        Group {
            lr: scheduled.lr as f32,
            square_decay: self.rho as f32,
            square_scale: (1.0 - self.rho) as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Adadelta>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "v = rho * v + (1 - rho) * g ** 2; d = sqrt(u + eps) / sqrt(v + eps) * g; u = rho * u + (1 - rho) * d \
                      ** 2; w -= lr * d",
            origin: "torch.optim.Adadelta of PyTorch 2.15; Zeiler 2012, arXiv 1212.5701",
            when: "Recipes that were written with it.",
            pros: "Steps have the weights' own unit, whatever the gradient's scale; a rate of 1 is the paper's.",
            cons: "Two numbers a parameter. Steps begin at about sqrt(eps) and grow slowly, so that eps is the rate in \
                   disguise. u is of steps before the rate, so that a schedule scales what is applied and nothing that is \
                   remembered. Its rate is not SGD's: 1 is torch's default.",
        }
    }
}
