//! Schedule-free SGD and AdamW: a mean of the weights instead of a schedule that decays.

use super::{Arguments, Estimation, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error},
    ops::{self, Group, rate_estimate::Estimate, schedule_free::ADAM},
    record::Recorder,
    schedule::Page,
};

/// How weights enter the mean.
#[derive(Clone, Debug, PartialEq)]
struct Mean {
    r: f64,
    weight_lr_power: f64,
}

/// `schedulefree.SGDScheduleFree` 1.4.1 (arXiv 2405.15682) without its warm-up, which is a schedule's.
#[derive(Clone, Debug, PartialEq)]
pub struct SgdScheduleFree {
    momentum: f64,
    weight_decay: f64,
    mean: Mean,
}

/// `schedulefree.AdamWScheduleFree` 1.4.1 (arXiv 2405.15682) without its warm-up, which is a schedule's.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamWScheduleFree {
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
    mean: Mean,
}

pub(super) const SGD_NAMES: &[&str] = &[
    "momentum",
    "weight_decay",
    "warmup_steps",
    "r",
    "weight_lr_power",
    "lr",
];
pub(super) const ADAMW_NAMES: &[&str] = &[
    "betas",
    "eps",
    "weight_decay",
    "warmup_steps",
    "r",
    "weight_lr_power",
    "lr",
];

impl Mean {
    const USUAL: Mean = Mean {
        r: 0.0,
        weight_lr_power: 2.0,
    };

    fn read(args: &Args) -> Result<Mean, Error> {
        if args.opt_f64("warmup_steps")?.unwrap_or(0.0) != 0.0 {
            let message = "a warm-up is the schedule's: --schedule \"warmup(500) then constant\"";
            return Err(args.error("warmup_steps", message));
        }
        Ok(Mean {
            r: args.number("r", Mean::USUAL.r)?,
            weight_lr_power: args.number("weight_lr_power", Mean::USUAL.weight_lr_power)?,
        })
    }

    /// What the number of updates makes the newest weights count.
    fn share(&self, updates: u64) -> f32 {
        (updates as f64 + 1.0).powf(self.r) as f32
    }

    fn record(&self, r: &mut Recorder, places: &Places, flags: u32) {
        let estimation = Estimation {
            coefficient: self.weight_lr_power,
            ..Estimation::of(Estimate::ScheduleFree)
        };
        r.rate_estimate(places, &estimation);
        r.update::<ops::ScheduleFree>(places, flags);
    }
}

impl Default for SgdScheduleFree {
    /// The package's defaults.
    fn default() -> SgdScheduleFree {
        SgdScheduleFree {
            momentum: 0.9,
            weight_decay: 0.0,
            mean: Mean::USUAL,
        }
    }
}

impl Default for AdamWScheduleFree {
    /// The package's defaults.
    fn default() -> AdamWScheduleFree {
        AdamWScheduleFree {
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            mean: Mean::USUAL,
        }
    }
}

/// y is a mixture: with β = 0 it would be z, and x could not be told from it.
fn beta(args: &Args, name: &str, value: f64) -> Result<f64, Error> {
    match value > 0.0 {
        true => Ok(value),
        false => Err(args.error(name, format!("`{name}` must be above 0, not {value}"))),
    }
}

impl SgdScheduleFree {
    pub(super) fn read(args: &Args) -> Result<SgdScheduleFree, Error> {
        let usual = SgdScheduleFree::default();
        let momentum = args.share("momentum", usual.momentum)?;
        Ok(SgdScheduleFree {
            momentum: beta(args, "momentum", momentum)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            mean: Mean::read(args)?,
        })
    }
}

impl AdamWScheduleFree {
    pub(super) fn read(args: &Args) -> Result<AdamWScheduleFree, Error> {
        let usual = AdamWScheduleFree::default();
        let betas = args.betas(usual.betas)?;
        beta(args, "betas", betas[0])?;
        Ok(AdamWScheduleFree {
            betas,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            mean: Mean::read(args)?,
        })
    }
}

impl Method for SgdScheduleFree {
    fn name(&self) -> &'static str {
        "SGDScheduleFree"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("momentum", Value::Number(self.momentum)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("r", Value::Number(self.mean.r)),
            ("weight_lr_power", Value::Number(self.mean.weight_lr_power)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        SgdScheduleFree::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["z", "x"]
    }

    fn hold_weights(&self) -> &'static [&'static str] {
        &["z", "x"]
    }

    fn evaluated(&self) -> Option<&'static str> {
        Some("x")
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        Some([0.0; 4])
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn begins_without_momentum(&self) -> bool {
        false
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let beta = scheduled.momentum.unwrap_or(self.momentum);
        Group {
            lr: scheduled.lr as f32,
            momentum: beta as f32,
            gradient_scale: (1.0 - beta) as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            trust: self.mean.share(updates),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        self.mean.record(r, places, 0);
    }

    fn page(&self) -> Page {
        Page {
            formula: "z -= lr * g; x = (1 - c) * x + c * z; y = (1 - momentum) * z + momentum * x; g is taken at y, x is \
                      evaluated; c = k ** r * m ** weight_lr_power by the sum of these, m the largest rate so far",
            origin: "schedulefree.SGDScheduleFree 1.4.1; Defazio et al. 2024, arXiv 2405.15682",
            when: "Runs whose end is not known: it needs no schedule but a warmup, and x is good at any time.",
            pros: "About as good as a schedule that decays, without knowing when the run ends. kiln evaluates, saves and \
                   exports x by itself.",
            cons: "Two numbers a parameter. Its rate still has to be found, and is larger than SGD's. A schedule that decays \
                   does not help: the mean counts by the largest rate so far. Batch norm's statistics are those of y.",
        }
    }
}

impl Method for AdamWScheduleFree {
    fn name(&self) -> &'static str {
        "AdamWScheduleFree"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("betas", Value::Pair(self.betas)),
            ("eps", Value::Number(self.eps)),
            ("weight_decay", Value::Number(self.weight_decay)),
            ("r", Value::Number(self.mean.r)),
            ("weight_lr_power", Value::Number(self.mean.weight_lr_power)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        AdamWScheduleFree::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        0.0025
    }

    fn slots(&self) -> &'static [&'static str] {
        &["z", "x", "exp_avg_sq"]
    }

    fn hold_weights(&self) -> &'static [&'static str] {
        &["z", "x"]
    }

    fn evaluated(&self) -> Option<&'static str> {
        Some("x")
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        Some([0.0; 4])
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn begins_without_momentum(&self) -> bool {
        false
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        Group {
            lr: scheduled.lr as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            correction: correction(beta2, updates).sqrt() as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            trust: self.mean.share(updates),
            ..Group::default()
        }
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        self.mean.record(r, places, ADAM);
    }

    fn page(&self) -> Page {
        Page {
            formula: "as SGDScheduleFree with g / (sqrt(v / (1 - b2 ** k)) + eps) + weight_decay * y for g, where v = b2 * v + \
                      (1 - b2) * g ** 2, and b1 for momentum",
            origin: "schedulefree.AdamWScheduleFree 1.4.1; Defazio et al. 2024, arXiv 2405.15682",
            when: "Where AdamW would be used, and the end of the run is not known; with a warmup.",
            pros: "About as good as AdamW with a schedule that decays. kiln evaluates, saves and exports x by itself.",
            cons: "Three numbers a parameter. Its rate still has to be found: 0.0025 is the authors' default. A schedule that \
                   decays does not help: the mean counts by the largest rate so far. Batch norm's statistics are those of y.",
        }
    }
}
