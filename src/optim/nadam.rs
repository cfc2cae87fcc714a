//! `torch.optim.NAdam`, in the order of operations of torch's single-tensor form.

use super::{Arguments, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error},
    ops::{
        self, Group,
        adam::{DECOUPLED, NESTEROV},
    },
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.NAdam` without its rate: Adam with Nesterov's momentum, which grows (Dozat 2016).
#[derive(Clone, Debug, PartialEq)]
pub struct NAdam {
    /// What is kept of the means of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the root of the mean square.
    pub eps: f64,
    /// L2 penalty, added to the gradient; or the decay of the weights themselves.
    pub weight_decay: f64,
    /// How fast the momentum of the steps goes from half of β₁ to all of it, which it is but for `½ · 0.96^(t ·
    /// momentum_decay)` of it at update `t`.
    pub momentum_decay: f64,
    /// The weights decay by themselves, as AdamW's do.
    pub decoupled_weight_decay: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

pub(super) const NAMES: &[&str] = &[
    "betas",
    "eps",
    "weight_decay",
    "momentum_decay",
    "decoupled_weight_decay",
    "maximize",
    "lr",
];

impl Default for NAdam {
    /// torch's defaults.
    fn default() -> NAdam {
        NAdam {
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

impl NAdam {
    pub(super) fn read(args: &Args) -> Result<NAdam, Error> {
        let usual = NAdam::default();
        Ok(NAdam {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            momentum_decay: args.number("momentum_decay", usual.momentum_decay)?,
            decoupled_weight_decay: args.flag("decoupled_weight_decay")?,
            maximize: args.flag("maximize")?,
        })
    }
}

/// What the momentum's distance to β₁ is multiplied by in `1 / momentum_decay` updates.
const FADE: f64 = 0.96;

/// What is no longer seen beside 1 in f64.
const NOTHING: f64 = 1.0 / (1u64 << 60) as f64;

/// The momentum of the step at update `t`, counted from 1: `β₁ (1 − ½ · 0.96^(t · momentum_decay))`.
fn momentum(beta1: f64, momentum_decay: f64, t: f64) -> f64 {
    beta1 * (1.0 - 0.5 * FADE.powf(t * momentum_decay))
}

/// The product of the momenta of the first `t` updates, as good as 0 where it is below 2⁻⁶⁰.
///
/// It needs no memory, and at most some 3000 factors, 60 by default: either the momentum grows so slowly that the
/// product soon is nothing, or the momentum soon is β₁, and the rest a power.
fn product(beta1: f64, momentum_decay: f64, t: u64) -> f64 {
    let (fade, mut distance, mut product) = (FADE.powf(momentum_decay), 0.5, 1.0);
    for done in 0..t {
        distance *= fade;
        if distance < NOTHING {
            return product * beta1.powf((t - done) as f64);
        }
        product *= beta1 * (1.0 - distance);
        if product < NOTHING {
            break;
        }
    }
    product
}

impl Method for NAdam {
    fn name(&self) -> &'static str {
        "NAdam"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("momentum_decay", Value::Number(self.momentum_decay)),
            (
                "decoupled_weight_decay",
                Value::Flag(self.decoupled_weight_decay),
            ),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        NAdam::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        2e-3
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

    /// The product of the momenta is that of a β₁ that has always been what it is now, as is the correction of Adam's
    /// bias: a number of the update alone, whatever its schedule did before.
    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        let t = updates as f64 + 1.0;
        let now = momentum(beta1, self.momentum_decay, t);
        let next = momentum(beta1, self.momentum_decay, t + 1.0);
        let product = product(beta1, self.momentum_decay, updates + 1);
        Group {
            lr: scheduled.lr as f32,
            step_size: scheduled.lr as f32,
            momentum: (next / (1.0 - product * next)) as f32,
            trust: ((1.0 - now) / (1.0 - product)) as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            correction: correction(beta2, updates).sqrt() as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let decoupled = DECOUPLED * u32::from(self.decoupled_weight_decay);
        r.update::<ops::Adam>(places, NESTEROV | decoupled);
    }

    fn page(&self) -> Page {
        Page {
            formula: "mu(t) = b1 * (1 - 0.96 ** (t * momentum_decay) / 2); P(t) = mu(1) * ... * mu(t); m and v are Adam's; w \
                      -= lr * ((1 - mu(t)) / (1 - P(t)) * g + mu(t + 1) / (1 - P(t + 1)) * m) / (sqrt(v / (1 - b2 ** t)) + \
                      eps); weight_decay * w is added to g, or w *= 1 - lr * weight_decay before where it is decoupled",
            origin: "torch.optim.NAdam of PyTorch 2.15; Dozat 2016, Incorporating Nesterov Momentum into Adam",
            when: "Where Adam would be used; recurrent networks.",
            pros: "A step follows the gradient under way at once, as Nesterov's momentum does.",
            cons: "Two numbers a parameter. Seldom clearly better than Adam, and without amsgrad. Its rate is not SGD's: 0.002 \
                   is torch's default. A schedule that cycles the momentum cycles b1, and P(t) is that of a b1 that has always \
                   been what it is now, where torch multiplies those that were: P(t) is nothing after some 50 updates, and a \
                   one_cycle of 100 updates makes a difference of 0.0004 of a step.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product is that of all its factors, or nothing, whichever way it is found; and is found at once for ever.
    #[test]
    fn products_are_those_of_their_factors() {
        let all_but_one = 1.0 - 2f64.powi(-24);
        for beta1 in [0.0, 0.5, 0.9, 0.999, all_but_one] {
            for decay in [0.0, 4e-3, 0.3, 0.35, 1.0, 60.0, 1e30] {
                let mut factors = 1.0;
                for t in 1..=4000u64 {
                    factors *= momentum(beta1, decay, t as f64);
                    let found = product(beta1, decay, t);
                    let apart = (found - factors).abs();
                    let nothing = found < NOTHING && factors < NOTHING;
                    assert!(
                        nothing || apart < 1e-11 * factors,
                        "{beta1}, {decay}, {t}: {found} and {factors}"
                    );
                }
                assert!(product(beta1, decay, u64::MAX) < NOTHING);
            }
        }
    }

    /// Once the product is nothing, the momenta alone say what counts.
    #[test]
    fn corrections_end() {
        let scheduled = Scheduled {
            lr: 0.0371,
            ..Scheduled::default()
        };
        let group = NAdam::default().group(&scheduled, 1 << 53);
        assert_eq!([group.momentum, group.trust], [0.9, 0.1]);
        let first = NAdam::default().group(&scheduled, 0);
        let [now, next] = [1.0, 2.0].map(|t| 0.9 * (1.0 - 0.5 * f64::powf(0.96, t * 0.004)));
        assert_eq!(first.trust, 1.0, "the first gradient is its own mean");
        assert_eq!(first.momentum, (next / (1.0 - now * next)) as f32);
    }
}
