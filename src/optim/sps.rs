//! SPS: gradient descent by Polyak's step.

use super::{Arguments, Estimation, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, rate_estimate::Estimate},
    record::Recorder,
    schedule::Page,
};

/// SPS_max (Loizou et al. 2021, arXiv 2002.10542). With `c=1` it is `optax.polyak_sgd` of variant `sps+` whose scaling is
/// 1. The schedule multiplies the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Sps {
    /// What the gradient's squared norm counts, above 0.
    pub c: f64,
    /// The largest step.
    pub max_learning_rate: f64,
    /// The least loss that a batch can have.
    pub f_min: f64,
    /// Added to the divisor.
    pub eps: f64,
    /// As SGD's; 0 for none, as in the paper.
    pub momentum: f64,
    /// L2 penalty, added to the gradient but not to the loss.
    pub weight_decay: f64,
}

pub(super) const NAMES: &[&str] = &[
    "max_learning_rate",
    "c",
    "f_min",
    "eps",
    "momentum",
    "weight_decay",
    "lr",
];

impl Default for Sps {
    fn default() -> Sps {
        Sps {
            c: 1.0,
            max_learning_rate: 1.0,
            f_min: 0.0,
            eps: 0.0,
            momentum: 0.0,
            weight_decay: 0.0,
        }
    }
}

impl Sps {
    pub(super) fn read(args: &Args) -> Result<Sps, Error> {
        let usual = Sps::default();
        let f_min = args.opt_f64("f_min")?.unwrap_or(usual.f_min);
        if !(f_min as f32).is_finite() {
            return Err(args.error("f_min", "`f_min` must be a number that f32 holds"));
        }
        Ok(Sps {
            c: args.positive("c", usual.c)?,
            max_learning_rate: args.positive("max_learning_rate", usual.max_learning_rate)?,
            f_min,
            eps: args.number("eps", usual.eps)?,
            momentum: args.share("momentum", usual.momentum)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
        })
    }
}

impl Method for Sps {
    fn name(&self) -> &'static str {
        "SPS"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("max_learning_rate", Value::Number(self.max_learning_rate)),
            ("c", Value::Number(self.c)),
            ("f_min", Value::Number(self.f_min)),
            ("eps", Value::Number(self.eps)),
            ("momentum", Value::Number(self.momentum)),
            ("weight_decay", Value::Number(self.weight_decay)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Sps::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        Some([0.0; 4])
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
            first: (updates == 0).into(),
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.rate_stats(places, 0);
        r.rate_estimate(
            places,
            &Estimation {
                first: self.f_min,
                eps: self.eps,
                coefficient: self.c,
                bound: self.max_learning_rate,
                ..Estimation::of(Estimate::Sps)
            },
        );
        r.update::<ops::Sgd>(places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "w -= lr * min((loss - f_min) / (c * |g| ** 2 + eps), max_learning_rate) * g, where |g| is the norm of \
                      the whole gradient; no step where the loss is below f_min",
            origin: "SPS_max: Loizou et al. 2021, arXiv 2002.10542; with c=1 optax.polyak_sgd of Optax 0.2.8, variant sps+, \
                     scaling 1",
            when: "Networks that fit their data to a loss near f_min: --lr is a factor on the step, 1 if not given.",
            pros: "Nothing to remember, nothing to tune if the least loss is known; large steps far away, small ones near.",
            cons: "Where batches cannot be fitted (label noise, label smoothing, weight decay) the steps stay too large: set \
                   f_min, or lower max_learning_rate or --lr. optax applies its scaling to the gradient before \
                   the division, so that there a smaller one makes longer steps; here a smaller --lr makes shorter ones.",
        }
    }
}
