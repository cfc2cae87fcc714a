//! `torch.optim.Adagrad`.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.Adagrad` without its rate (Duchi et al. 2011).
#[derive(Clone, Debug, PartialEq)]
pub struct Adagrad {
    /// The rate is divided by `1 + t · lr_decay` at update t, counted from 0.
    pub lr_decay: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// What the sum of squares begins with.
    pub initial_accumulator_value: f64,
    /// Added to the root of the sum.
    pub eps: f64,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &[
    "lr_decay",
    "weight_decay",
    "initial_accumulator_value",
    "eps",
    "maximize",
    "lr",
];

impl Default for Adagrad {
    /// torch's defaults.
    fn default() -> Adagrad {
        Adagrad {
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator_value: 0.0,
            eps: 1e-10,
            maximize: false,
        }
    }
}

impl Adagrad {
    pub(super) fn read(args: &Args) -> Result<Adagrad, Error> {
        let usual = Adagrad::default();
        Ok(Adagrad {
            lr_decay: args.number("lr_decay", usual.lr_decay)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            initial_accumulator_value: args
                .number("initial_accumulator_value", usual.initial_accumulator_value)?,
            eps: args.number("eps", usual.eps)?,
            maximize: args.flag("maximize")?,
        })
    }
}

impl Method for Adagrad {
    fn name(&self) -> &'static str {
        "Adagrad"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("lr_decay", Value::Number(self.lr_decay)),
            ("weight_decay", Value::Number(self.weight_decay)),
            (
                "initial_accumulator_value",
                Value::Number(self.initial_accumulator_value),
            ),
            ("eps", Value::Number(self.eps)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Adagrad::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        0.01
    }

    fn slots(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn first(&self) -> f32 {
        self.initial_accumulator_value as f32
    }

    fn momentum(&self) -> Option<f64> {
        None
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let decayed = scheduled.lr / (1.0 + updates as f64 * self.lr_decay);
        Group {
            lr: scheduled.lr as f32,
            step_size: decayed as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Adagrad>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "s += g ** 2; w -= lr / (1 + t * lr_decay) * g / (sqrt(s) + eps)",
            origin: "torch.optim.Adagrad of PyTorch 2.15; Duchi, Hazan and Singer 2011",
            when: "Sparse features, convex problems, short runs.",
            pros: "No momentum to tune; what seldom has a gradient keeps a large rate.",
            cons: "The sum never shrinks, so that long runs starve, whatever the schedule does. It keeps one number \
                   a parameter. Its rate is not SGD's: 0.01 is torch's default.",
        }
    }
}
