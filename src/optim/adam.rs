//! `torch.optim.Adam` and `torch.optim.AdamW`, in the order of operations of torch's single-tensor form.

use super::{Arguments, Method, Places, Scheduled, Value};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, adam::AMSGRAD, adam::DECOUPLED},
    record::Recorder,
    schedule::Page,
};

/// `torch.optim.Adam` without its rate (arXiv 1412.6980).
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// What is kept of the means of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the root of the mean square.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Divide by the largest mean square so far (Reddi et al. 2018).
    pub amsgrad: bool,
    /// Ascend instead of descending.
    pub maximize: bool,
}

/// `torch.optim.AdamW` without its rate: Adam whose weights decay by themselves, by `lr · weight_decay`
/// of their size at every update (arXiv 1711.05101).
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW(pub Adam);

pub(super) const NAMES: &[&str] = &["betas", "eps", "weight_decay", "amsgrad", "maximize", "lr"];

impl Default for Adam {
    /// torch's defaults.
    fn default() -> Adam {
        Adam {
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            maximize: false,
        }
    }
}

impl Default for AdamW {
    /// torch's defaults.
    fn default() -> AdamW {
        AdamW(Adam {
            weight_decay: 0.01,
            ..Adam::default()
        })
    }
}

impl Adam {
    pub(super) fn read(args: &Args) -> Result<Adam, Error> {
        Adam::read_from(args, &Adam::default())
    }

    fn read_from(args: &Args, usual: &Adam) -> Result<Adam, Error> {
        Ok(Adam {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            amsgrad: args.flag("amsgrad")?,
            maximize: args.flag("maximize")?,
        })
    }

    fn flags(&self) -> u32 {
        if self.amsgrad { AMSGRAD } else { 0 }
    }
}

impl AdamW {
    pub(super) fn read(args: &Args) -> Result<AdamW, Error> {
        Adam::read_from(args, &AdamW::default().0).map(AdamW)
    }
}

/// `1 − βᵗ`, in f64: what corrects the bias of a mean after `updates` values and this one.
pub(super) fn correction(beta: f64, updates: u64) -> f64 {
    // ln βᵗ without a loss of digits: t is exact to 2^53.
    -((updates as f64 + 1.0) * beta.ln()).exp_m1()
}

impl Method for Adam {
    fn name(&self) -> &'static str {
        "Adam"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("amsgrad", Value::Flag(self.amsgrad)),
            ("maximize", Value::Flag(self.maximize)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Adam::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1e-3
    }

    fn slots(&self) -> &'static [&'static str] {
        match self.amsgrad {
            true => &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
            false => &["exp_avg", "exp_avg_sq"],
        }
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
            square_scale: (1.0 - beta2) as f32,
            correction: correction(beta2, updates).sqrt() as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            maximize: self.maximize.into(),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Adam>(places, self.flags());
    }

    fn page(&self) -> Page {
        Page {
            formula: "m = b1 * m + (1 - b1) * g; v = b2 * v + (1 - b2) * g ** 2; w -= lr * m / (1 - b1 ** t) / (sqrt(v / (1 - \
                      b2 ** t)) + eps); weight_decay * w is added to g",
            origin: "torch.optim.Adam of PyTorch 2.15; Kingma and Ba 2015, arXiv 1412.6980",
            when: "A first try; gradients of very different sizes; transformers, with AdamW.",
            pros: "Steps of about the rate whatever the gradient's scale; bias of the means is corrected.",
            cons: "Two numbers a parameter, three with amsgrad. Its rate is not SGD's: 0.001 is torch's default, so give \
                   --lr. weight_decay goes through the means, where it hardly decays what has large gradients: AdamW \
                   does not do that. A schedule that cycles the momentum cycles b1.",
        }
    }
}

impl Method for AdamW {
    fn name(&self) -> &'static str {
        "AdamW"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        self.0.arguments()
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        AdamW::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1e-3
    }

    fn slots(&self) -> &'static [&'static str] {
        self.0.slots()
    }

    fn momentum(&self) -> Option<f64> {
        self.0.momentum()
    }

    fn weight_decay(&self) -> f64 {
        self.0.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        self.0.group(scheduled, updates)
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        r.update::<ops::Adam>(places, self.0.flags() | DECOUPLED);
    }

    fn page(&self) -> Page {
        Page {
            formula: "w *= 1 - lr * weight_decay; then as Adam without weight_decay",
            origin: "torch.optim.AdamW of PyTorch 2.15; Loshchilov and Hutter 2019, arXiv 1711.05101",
            when: "Transformers, and wherever Adam would be used with weight decay.",
            pros: "All weights decay alike; rate and decay are tuned apart from each other.",
            cons: "Two numbers a parameter, three with amsgrad. Weights decay by 0.01 unless weight_decay=0 is said. The decay \
                   is multiplied by the rate: a schedule that lowers the one lowers the other. Its rate is not SGD's: 0.001 \
                   is torch's default.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corrections are those of the powers while powers say anything, and 1 in the end.
    #[test]
    fn corrections_are_exact_for_ever() {
        for (beta, t) in [(0.9, 1u64), (0.999, 1), (0.999, 20), (0.999, 3000)] {
            let power = 1.0 - f64::powi(beta, t as i32);
            assert!(
                (correction(beta, t - 1) / power - 1.0).abs() < 1e-13,
                "{beta} {t}"
            );
        }
        assert_eq!(correction(0.999, 1 << 53), 1.0);
        assert_eq!(correction(0.0, 0), 1.0, "no mean at all");
    }
}
