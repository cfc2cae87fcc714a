//! `torch.optim.Adamax`.

use super::{Arguments, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.Adamax` without its rate: Adam that divides by the largest gradient (arXiv 1412.6980).
#[derive(Clone, Debug, PartialEq)]
pub struct Adamax {
    /// What is kept of the mean of the gradient, and of the largest one, at every update.
    pub betas: [f64; 2],
    /// Added to the size of the gradient before it is compared.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &["betas", "eps", "weight_decay", "maximize", "lr"];

impl Default for Adamax {
    /// torch's defaults.
    fn default() -> Adamax {
        Adamax {
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl Adamax {
    pub(super) fn read(args: &Args) -> Result<Adamax, Error> {
        let usual = Adamax::default();
        Ok(Adamax {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            maximize: args.flag("maximize")?,
        })
    }
}

impl Method for Adamax {
    fn name(&self) -> &'static str {
        "Adamax"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Adamax::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        2e-3
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
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
            step_size: (scheduled.lr / correction(beta1, updates)) as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Adamax>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "m = b1 * m + (1 - b1) * g; u = max(b2 * u, abs(g) + eps); w -= lr / (1 - b1 ** t) * m / u; weight_decay \
                      * w is added to g",
            origin: "torch.optim.Adamax of PyTorch 2.15; Kingma and Ba 2015, arXiv 1412.6980, section 7.1",
            when: "Where Adam would be used and gradients are now and then much larger than usual: embeddings, recurrent \
                   networks.",
            pros: "No element moves by more than about the rate; what divides needs no correction of a bias.",
            cons: "Two numbers a parameter. One large gradient makes steps small for some 1 / (1 - b2) updates. Its rate is \
                   not SGD's: 0.002 is torch's default. A schedule that cycles the momentum cycles b1.",
        }
    }
}
