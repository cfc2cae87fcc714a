//! `torch.optim.RMSprop`.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{
        self, Group,
        rmsprop::{CENTERED, MOMENTUM},
    },
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.RMSprop` without its rate (Tieleman and Hinton 2012).
#[derive(Clone, Debug, PartialEq)]
pub struct RmsProp {
    /// What is kept of the mean of squares.
    pub alpha: f64,
    /// Added to the root of the mean.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// 0 for none.
    pub momentum: f64,
    /// Divide by the deviation instead of the root of the mean square.
    pub centered: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &[
    "alpha",
    "eps",
    "weight_decay",
    "momentum",
    "centered",
    "maximize",
    "lr",
];

impl Default for RmsProp {
    /// torch's defaults.
    fn default() -> RmsProp {
        RmsProp {
            alpha: 0.99,
            eps: 1e-8,
            weight_decay: 0.0,
            momentum: 0.0,
            centered: false,
            maximize: false,
        }
    }
}

impl RmsProp {
    pub(super) fn read(args: &Args) -> Result<RmsProp, Error> {
        let usual = RmsProp::default();
        Ok(RmsProp {
            alpha: args.share("alpha", usual.alpha)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            momentum: args.number("momentum", usual.momentum)?,
            centered: args.flag("centered")?,
            maximize: args.flag("maximize")?,
        })
    }
}

impl Method for RmsProp {
    fn name(&self) -> &'static str {
        "RMSprop"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("alpha", Value::Number(self.alpha)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("momentum", Value::Number(self.momentum)),
            ("centered", Value::Flag(self.centered)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        RmsProp::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        0.01
    }

    fn slots(&self) -> &'static [&'static str] {
        match (self.momentum > 0.0, self.centered) {
            (false, false) => &["square_avg"],
            (true, false) => &["square_avg", "momentum_buffer"],
            (false, true) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "momentum_buffer", "grad_avg"],
        }
    }

    fn momentum(&self) -> Option<f64> {
        (self.momentum > 0.0).then_some(self.momentum)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, _: u64) -> Group {
        Group {
            lr: scheduled.lr as f32,
            momentum: scheduled.momentum.unwrap_or(self.momentum) as f32,
            square_decay: self.alpha as f32,
            square_scale: (1.0 - self.alpha) as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let momentum = if self.momentum > 0.0 { MOMENTUM } else { 0 };
        let centered = if self.centered { CENTERED } else { 0 };
        r.update::<ops::RmsProp>(places, momentum | centered);
    }

    fn page(&self) -> Page {
        Page {
            formula: "v = alpha * v + (1 - alpha) * g ** 2; w -= lr * g / (sqrt(v) + eps); centered takes the mean \
                      gradient's square off v; momentum gathers the steps",
            origin: "torch.optim.RMSprop of PyTorch 2.15; Tieleman and Hinton 2012",
            when: "Recurrent networks, reinforcement learning, recipes that were written with it.",
            pros: "Steps do not depend on the scale of the gradient; one number a parameter without momentum.",
            cons: "No correction of the mean's bias: the first steps are up to 1 / sqrt(1 - alpha) times as long as \
                   the rate, so warm up. eps stands outside of the root, where TensorFlow's stands inside of it. A \
                   variance that rounding makes negative counts as 0; torch's step is no number there.",
        }
    }
}
