//! `torch.optim.RAdam`, in the order of operations of torch's single-tensor form.

use super::{Arguments, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, adam::DECOUPLED},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.RAdam` without its rate: Adam that waits until it knows the variance (arXiv 1908.03265).
#[derive(Clone, Debug, PartialEq)]
pub struct RAdam {
    /// What is kept of the means of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the root of the mean square, before that is corrected.
    pub eps: f64,
    /// L2 penalty, added to the gradient; or the decay of the weights themselves.
    pub weight_decay: f64,
    /// The weights decay by themselves, as AdamW's do.
    pub decoupled_weight_decay: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &[
    "betas",
    "eps",
    "weight_decay",
    "decoupled_weight_decay",
    "maximize",
    "lr",
];

impl Default for RAdam {
    /// torch's defaults.
    fn default() -> RAdam {
        RAdam {
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

impl RAdam {
    pub(super) fn read(args: &Args) -> Result<RAdam, Error> {
        let usual = RAdam::default();
        Ok(RAdam {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            decoupled_weight_decay: args.flag("decoupled_weight_decay")?,
            maximize: args.flag("maximize")?,
        })
    }
}

/// A root of a mean square that is divided by it is nothing beside 1, whatever it is: f32's largest square has a root
/// of 2⁶⁴.
const BEYOND: f32 = (1u128 << 100) as f32;

/// What a step is multiplied by after `updates` others, as the mean square is of so few gradients; None as long as it
/// says nothing.
fn rectification(beta2: f64, updates: u64) -> Option<f64> {
    let t = updates as f64 + 1.0;
    let most = 2.0 / (1.0 - beta2) - 1.0;
    let left = (t * beta2.ln()).exp();
    let length = most - 2.0 * t * left / correction(beta2, updates);
    let share = (length - 4.0) * (length - 2.0) * most / ((most - 4.0) * (most - 2.0) * length);
    (length > 5.0).then(|| share.sqrt())
}

impl Method for RAdam {
    fn name(&self) -> &'static str {
        "RAdam"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            (
                "decoupled_weight_decay",
                Value::Flag(self.decoupled_weight_decay),
            ),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        RAdam::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1e-3
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    /// Adam's numbers: the mean square's correction is in the rate, as eps is added before it; and where the mean square
    /// says nothing, what divides is 1.
    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        let rate = scheduled.lr / correction(beta1, updates);
        let root = correction(beta2, updates).sqrt();
        let (step_size, correction, eps) = match rectification(beta2, updates) {
            Some(rectified) => (rate * rectified * root, 1.0, self.eps as f32),
            None => (rate, BEYOND, 1.0),
        };
        Group {
            lr: scheduled.lr as f32,
            step_size: step_size as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            correction,
            eps,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let decoupled = DECOUPLED * u32::from(self.decoupled_weight_decay);
        r.update::<ops::Adam>(places, decoupled);
    }

    fn page(&self) -> Page {
        Page {
            formula: "m and v are Adam's; R = 2 / (1 - b2) - 1; r = R - 2 * t * b2 ** t / (1 - b2 ** t); w -= lr * m / (1 - b1 \
                      ** t) * sqrt(1 - b2 ** t) / (sqrt(v) + eps) * sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r)) \
                      where r > 5, else w -= lr * m / (1 - b1 ** t); weight_decay * w is added to g, or w *= 1 - lr * \
                      weight_decay before where it is decoupled",
            origin: "torch.optim.RAdam of PyTorch 2.15; Liu et al. 2020, arXiv 1908.03265",
            when: "Where Adam would need a warmup, and none is wanted.",
            pros: "Small steps while the mean square is of few gradients, without a schedule for it.",
            cons: "Two numbers a parameter. The first five updates, with b2 = 0.999, are gradient descent with momentum at \
                   Adam's rate, as long as the gradient makes them. Steps are then a third of Adam's after 225 updates and two \
                   thirds after 1000: short runs want a higher rate or a smaller b2, and a warmup beside it is one too many. \
                   With b2 of 2 / 3 or less nothing is ever divided. Its rate is not SGD's: 0.001 is torch's default. A schedule \
                   that cycles the momentum cycles b1.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps are rectified from the sixth update on with torch's betas, always less, and as Adam's are in the end.
    #[test]
    fn rectified_once_the_variance_is_known() {
        let known = |beta2: f64, t: u64| rectification(beta2, t - 1);
        assert_eq!(known(0.999, 5), None);
        assert!(known(0.999, 6).is_some_and(|r| r < 0.03));
        let mut before = 0.0;
        for t in 6..10_000 {
            let r = known(0.999, t).unwrap();
            assert!(r > before && r < 1.0, "{t}: {r} after {before}");
            before = r;
        }
        let [third, most] = [225, 1000].map(|t| known(0.999, t).unwrap());
        assert!((third - 1.0 / 3.0).abs() < 0.01 && (most - 2.0 / 3.0).abs() < 0.03);
        assert_eq!(known(0.999, 1 << 53), Some(1.0));
        for beta2 in [0.0, 0.3, 0.6, 2.0 / 3.0] {
            for t in [1, 2, 7, 100, 1 << 53] {
                assert_eq!(known(beta2, t), None, "{beta2}, {t}");
            }
        }
    }

    /// Whatever the mean square is, it is nothing beside 1 where it says nothing.
    #[test]
    fn what_says_nothing_divides_by_one() {
        let scheduled = Scheduled {
            lr: 0.0371,
            ..Scheduled::default()
        };
        let group = RAdam::default().group(&scheduled, 2);
        assert_eq!(f32::MAX.sqrt() / group.correction + group.eps, 1.0);
        assert_eq!(group.step_size, (0.0371 / correction(0.9, 2)) as f32);
    }
}
