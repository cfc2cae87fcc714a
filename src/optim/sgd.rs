//! `torch.optim.SGD`.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.SGD` without its rate, which is the schedule's.
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// 0 for plain gradient descent.
    pub momentum: f64,
    /// How much of the gradient is kept out of the momentum buffer.
    pub dampening: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &[
    "momentum",
    "dampening",
    "weight_decay",
    "nesterov",
    "maximize",
    "lr",
];

impl Default for Sgd {
    /// kiln's default: momentum 0.9 and nothing else.
    fn default() -> Sgd {
        Sgd {
            momentum: 0.9,
            ..Sgd::plain()
        }
    }
}

impl Sgd {
    /// PyTorch's defaults: no momentum.
    pub fn plain() -> Sgd {
        Sgd {
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            maximize: false,
        }
    }

    pub(super) fn read(args: &Args) -> Result<Sgd, Error> {
        let sgd = Sgd {
            momentum: args.number("momentum", 0.0)?,
            dampening: args.number("dampening", 0.0)?,
            weight_decay: args.number("weight_decay", 0.0)?,
            nesterov: args.flag("nesterov")?,
            maximize: args.flag("maximize")?,
        };
        if sgd.nesterov && (sgd.momentum == 0.0 || sgd.dampening != 0.0) {
            let message = "Nesterov momentum requires a momentum and zero dampening";
            return Err(args.error("nesterov", message));
        }
        if sgd.dampening != 0.0 && sgd.momentum == 0.0 {
            let message = "dampening has no effect without momentum: remove it or give a momentum";
            return Err(args.error("dampening", message));
        }
        Ok(sgd)
    }
}

impl Method for Sgd {
    fn name(&self) -> &'static str {
        "SGD"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("momentum", Value::Number(self.momentum)),
            ("dampening", Value::Number(self.dampening)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("nesterov", Value::Flag(self.nesterov)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Sgd::plain().arguments()
    }

    fn usual_lr(&self) -> f64 {
        0.05
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn begins_without_momentum(&self) -> bool {
        self.dampening == 0.0 && !self.nesterov
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        Group {
            lr: scheduled.lr as f32,
            momentum: scheduled.momentum.unwrap_or(self.momentum) as f32,
            gradient_scale: (1.0 - self.dampening) as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            nesterov: self.nesterov.into(),
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
            formula: "g += weight_decay * w; m = momentum * m + (1 - dampening) * g; w -= lr * m, or lr * (g + momentum * m) \
                      with nesterov",
            origin: "torch.optim.SGD of PyTorch 2.15: the first update's momentum buffer is the gradient, undampened",
            when: "Images and convolutions, with a schedule that decays.",
            pros: "One number a parameter; generalises well; what most schedules were made for.",
            cons: "The rate depends on the scale of the gradients: look for it with kiln lr-find. A momentum of 0.9 makes \
                   steps 10 times as long in the end, so that a rate for one without it is too high.",
        }
    }
}
