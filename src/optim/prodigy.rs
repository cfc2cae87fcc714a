//! Prodigy and D-Adaptation: Adam whose rate is an estimate of the distance to the solution.

use super::{Arguments, Estimation, Method, Places, Scheduled, Value, adam::correction};
use crate::{
    expr::{Args, Error, Node},
    ops::{
        Group,
        dadapt_moments::{COUPLED, PRODIGY, SAFEGUARD},
        rate_estimate::Estimate,
    },
    record::Recorder,
    schedule::Page,
};

/// What both have.
#[derive(Clone, Debug, PartialEq)]
struct Common {
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
    decouple: bool,
    use_bias_correction: bool,
    d0: f64,
    growth_rate: f64,
}

/// `prodigyopt.Prodigy` 1.1.2 (arXiv 2306.06101). The schedule multiplies the rate that it sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Prodigy {
    common: Common,
    beta3: Option<f64>,
    safeguard_warmup: bool,
    d_coef: f64,
}

/// `dadaptation.DAdaptAdam` 3.2 with decoupled decay (arXiv 2301.07733). The schedule multiplies the rate that it sets.
#[derive(Clone, Debug, PartialEq)]
pub struct DAdaptAdamW {
    common: Common,
}

pub(super) const PRODIGY_NAMES: &[&str] = &[
    "betas",
    "beta3",
    "eps",
    "weight_decay",
    "decouple",
    "use_bias_correction",
    "safeguard_warmup",
    "d0",
    "d_coef",
    "growth_rate",
    "lr",
];

pub(super) const DADAPT_NAMES: &[&str] = &[
    "betas",
    "eps",
    "weight_decay",
    "decouple",
    "use_bias_correction",
    "d0",
    "growth_rate",
    "lr",
];

impl Common {
    const USUAL: Common = Common {
        betas: [0.9, 0.999],
        eps: 1e-8,
        weight_decay: 0.0,
        decouple: true,
        use_bias_correction: false,
        d0: 1e-6,
        growth_rate: f64::INFINITY,
    };

    fn read(args: &Args) -> Result<Common, Error> {
        let usual = Common::USUAL;
        let growth_rate = match args.opt_expr("growth_rate").map(|given| &given.node) {
            None => usual.growth_rate,
            Some(Node::Name(name)) if name == "inf" => f64::INFINITY,
            Some(_) => args.opt_f64("growth_rate")?.unwrap_or(usual.growth_rate),
        };
        if growth_rate.is_nan() || growth_rate < 1.0 {
            let message = format!("`growth_rate` must be 1 or more, or inf, not {growth_rate}");
            return Err(args.error("growth_rate", message));
        }
        Ok(Common {
            betas: args.betas(usual.betas)?,
            eps: args.number("eps", usual.eps)?,
            weight_decay: args.number("weight_decay", usual.weight_decay)?,
            decouple: args.opt_bool("decouple")?.unwrap_or(usual.decouple),
            use_bias_correction: args.flag("use_bias_correction")?,
            d0: args.positive("d0", usual.d0)?,
            growth_rate,
        })
    }

    /// `s_decay` and `trust` are what differs.
    fn group(&self, scheduled: &Scheduled, updates: u64, s_decay: f64, trust: f64) -> Group {
        let [beta1, beta2] = self.betas;
        let beta1 = scheduled.momentum.unwrap_or(beta1);
        let corrected = match self.use_bias_correction {
            true => correction(beta2, updates).sqrt() / correction(beta1, updates),
            false => 1.0,
        };
        Group {
            lr: scheduled.lr as f32,
            step_size: (scheduled.lr * corrected) as f32,
            momentum: beta1 as f32,
            gradient_scale: (1.0 - beta1) as f32,
            square_decay: beta2 as f32,
            square_scale: (1.0 - beta2) as f32,
            eps: self.eps as f32,
            weight_decay: scheduled.weight_decay.unwrap_or(self.weight_decay) as f32,
            s_decay: s_decay as f32,
            trust: trust as f32,
            ..Group::default()
        }
    }

    fn memory(&self) -> Option<[f64; 4]> {
        Some([self.d0, self.d0, 0.0, self.d0])
    }

    fn flags(&self) -> u32 {
        if self.decouple { 0 } else { COUPLED }
    }

    /// Moments and measures, the estimate, and the step.
    fn record(&self, r: &mut Recorder, places: &Places, flags: u32, estimation: Estimation) {
        let flags = self.flags() | flags;
        r.dadapt_moments(places, flags);
        r.rate_estimate(
            places,
            &Estimation {
                first: self.d0,
                bound: self.growth_rate,
                ..estimation
            },
        );
        // What the moments took is the estimate's affair, not the step's.
        r.dadapt(places, flags & (PRODIGY | COUPLED));
    }
}

impl Default for Prodigy {
    /// The package's defaults.
    fn default() -> Prodigy {
        Prodigy {
            common: Common::USUAL,
            beta3: None,
            safeguard_warmup: false,
            d_coef: 1.0,
        }
    }
}

impl Default for DAdaptAdamW {
    /// The package's defaults, and decoupled decay.
    fn default() -> DAdaptAdamW {
        DAdaptAdamW {
            common: Common::USUAL,
        }
    }
}

impl Prodigy {
    pub(super) fn read(args: &Args) -> Result<Prodigy, Error> {
        let usual = Prodigy::default();
        let common = Common::read(args)?;
        let root = common.betas[1].sqrt();
        let beta3 = args.share("beta3", root)?;
        Ok(Prodigy {
            common,
            beta3: (beta3 != root).then_some(beta3),
            safeguard_warmup: args.flag("safeguard_warmup")?,
            d_coef: args.positive("d_coef", usual.d_coef)?,
        })
    }

    /// √β₂ if nothing else is said.
    fn beta3(&self) -> f64 {
        self.beta3.unwrap_or(self.common.betas[1].sqrt())
    }
}

impl DAdaptAdamW {
    pub(super) fn read(args: &Args) -> Result<DAdaptAdamW, Error> {
        let common = Common::read(args)?;
        Ok(DAdaptAdamW { common })
    }
}

impl Method for Prodigy {
    fn name(&self) -> &'static str {
        "Prodigy"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        let c = &self.common;
        vec![
            ("betas", Value::Pair(c.betas)),
            ("beta3", Value::Number(self.beta3())),
            ("eps", Value::Number(c.eps)),
            ("weight_decay", Value::Number(c.weight_decay)),
            ("decouple", Value::Flag(c.decouple)),
            ("use_bias_correction", Value::Flag(c.use_bias_correction)),
            ("safeguard_warmup", Value::Flag(self.safeguard_warmup)),
            ("d0", Value::Number(c.d0)),
            ("d_coef", Value::Number(self.d_coef)),
            ("growth_rate", Value::Number(c.growth_rate)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        // Its default is another one's root.
        let betas = match self.beta3 {
            None => self.common.betas,
            Some(_) => Common::USUAL.betas,
        };
        let mut usual = Prodigy::default();
        usual.common.betas = betas;
        let mut arguments = usual.arguments();
        if let Some(first) = arguments.first_mut() {
            first.1 = Value::Pair(Common::USUAL.betas);
        }
        arguments
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq", "s", "p0"]
    }

    fn hold_weights(&self) -> &'static [&'static str] {
        &["p0"]
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        self.common.memory()
    }

    fn sets_rate(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.common.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.common.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let common = &self.common;
        common.group(scheduled, updates, self.beta3(), 1.0 / common.d0)
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let safeguard = if self.safeguard_warmup { SAFEGUARD } else { 0 };
        let estimation = Estimation {
            coefficient: self.d_coef,
            decay: self.beta3(),
            ..Estimation::of(Estimate::Prodigy)
        };
        self.common
            .record(r, places, PRODIGY | safeguard, estimation);
    }

    fn page(&self) -> Page {
        Page {
            formula: "Adam with the rate d * lr and moments of d * g, where d = max(d, d_coef * n / |s|_1), n = beta3 * n + d ** \
                      2 / d0 * lr * (g . (w0 - w)), s = beta3 * s + d ** 2 / d0 * lr * g; n and the norm are over all weights",
            origin: "prodigyopt.Prodigy 1.1.2; Mishchenko and Defazio 2024, arXiv 2306.06101",
            when: "Adam where nothing is known about the rate: --lr is a factor on the rate that it sets, 1 if not given.",
            pros: "Nothing to tune; a schedule that ends at 0 (cosine, linear) makes it about as good as Adam with the best \
                   rate.",
            cons: "Four numbers a parameter and two looks at all of them at every update. d never falls: with a warmup it is \
                   overestimated unless safeguard_warmup=True, and with one that is too large after noisy first updates \
                   d_coef=0.5 helps. Groups share one d. d0 says where it begins, not where it ends.",
        }
    }
}

impl Method for DAdaptAdamW {
    fn name(&self) -> &'static str {
        "DAdaptAdamW"
    }

    fn arguments(&self) -> Vec<(&'static str, Value)> {
        let c = &self.common;
        vec![
            ("betas", Value::Pair(c.betas)),
            ("eps", Value::Number(c.eps)),
            ("weight_decay", Value::Number(c.weight_decay)),
            ("decouple", Value::Flag(c.decouple)),
            ("use_bias_correction", Value::Flag(c.use_bias_correction)),
            ("d0", Value::Number(c.d0)),
            ("growth_rate", Value::Number(c.growth_rate)),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        DAdaptAdamW::default().arguments()
    }

    fn usual_lr(&self) -> f64 {
        1.0
    }

    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq", "s"]
    }

    fn memory(&self, _: f64) -> Option<[f64; 4]> {
        self.common.memory()
    }

    fn sets_rate(&self) -> bool {
        true
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.common.betas[0])
    }

    fn weight_decay(&self) -> f64 {
        self.common.weight_decay
    }

    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        let c = self.common.betas[1].sqrt();
        self.common.group(scheduled, updates, c, 1.0 - c)
    }

    fn record(&self, r: &mut Recorder, places: &Places) {
        let estimation = Estimation {
            decay: self.common.betas[1].sqrt(),
            ..Estimation::of(Estimate::Dadapt)
        };
        self.common.record(r, places, 0, estimation);
    }

    fn page(&self) -> Page {
        Page {
            formula: "Adam with the rate d * lr, where d = max(d, n / ((1 - c) * |s|_1)), c = sqrt(b2), n = c * n + (1 - c) * d * \
                      lr * (g . s / (sqrt(v) + eps)), s = c * s + (1 - c) * d * lr * g; n and the norm are over all weights",
            origin: "dadaptation.DAdaptAdam 3.2 with decouple=True; Defazio and Mishchenko 2023, arXiv 2301.07733",
            when: "As Prodigy, which came after it: --lr is a factor on the rate that it sets, 1 if not given.",
            pros: "Nothing to tune; one number a parameter less than Prodigy.",
            cons: "Three numbers a parameter and two looks at all of them at every update. It has no correction of the \
                   moments' bias unless use_bias_correction=True, and overshoots on small problems with b2 = 0.999. d never \
                   falls; growth_rate=1.02 is a warmup.",
        }
    }
}
