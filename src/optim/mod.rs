//! Optimisers: which kernel updates the arenas, what it keeps, and what it needs in the uniform at
//! every step.
//!
//! Each is a plain struct with torch's names and defaults, without the rate, which is the schedule's;
//! [`Optimizer`] is any of them. All slots that one keeps for a parameter (`exp_avg`, `exp_avg_sq`, …)
//! lie side by side in one arena, as a kernel binds no more than four buffers.

mod adagrad;
mod adagrad_norm;
mod adam;
mod arguments;
mod dog;
mod groups;
mod hypergradient;
mod lamb;
mod lars;
mod lion;
mod prodigy;
mod rmsprop;
mod schedule_free;
mod sgd;
mod sps;

pub use adagrad::Adagrad;
pub use adagrad_norm::AdaGradNorm;
pub use adam::{Adam, AdamW};
pub use dog::{Dog, Dowg};
pub use groups::{Arrangement, GroupRate, ParamGroup, fill};
pub use hypergradient::HypergradientSgd;
pub use lamb::Lamb;
pub use lars::Lars;
pub use lion::Lion;
pub use prodigy::{DAdaptAdamW, Prodigy};
pub use rmsprop::RmsProp;
pub use schedule_free::{AdamWScheduleFree, SgdScheduleFree};
pub use sgd::Sgd;
pub use sps::Sps;

use std::fmt;

use crate::{
    control::Rule,
    expr::{self, Args},
    ops::{Group, Hyper, gradient_control, rate_estimate::Estimate, update::Segment},
    plan::Slice,
    record::Recorder,
    schedule::{Page, explain::written},
};
use arguments::{Arguments, Value};

/// What a schedule decides of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scheduled {
    /// The rate, in f64.
    pub lr: f64,
    /// The momentum, β₁ of Adam, instead of the optimiser's.
    pub momentum: Option<f64>,
    /// The weight decay, instead of the optimiser's.
    pub weight_decay: Option<f64>,
}

/// Where an update finds what it needs, beside the gradients.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The factor on the rate and the scale that clips: see [`Recorder::control`].
    pub control: Slice,
    /// All slots side by side: see [`Recorder::state`].
    pub state: Slice,
    /// Which parameters take which numbers.
    pub segments: &'a [Segment],
    /// How many controllers there are.
    pub controllers: u32,
    /// Where in `control` the memory of an optimiser that sets its own rate begins.
    pub memory: u32,
}

impl<'a> Places<'a> {
    /// Of an update beside so many controllers.
    pub fn new(control: Slice, state: Slice, segments: &'a [Segment], controllers: u32) -> Self {
        Places {
            control,
            state,
            segments,
            controllers,
            memory: memory_after(controllers),
        }
    }
}

/// Where in `control` the memory of an optimiser that sets its own rate begins, behind those of so many controllers.
pub fn memory_after(controllers: u32) -> u32 {
    1 + controllers * gradient_control::STATE
}

/// How a method's own rate is made of what was measured: see [`rate_estimate`](crate::ops::rate_estimate).
pub(crate) struct Estimation {
    pub method: Estimate,
    /// d₀, or the least loss.
    pub first: f64,
    pub eps: f64,
    /// `d_coef`, the rate's own rate, c, or the power of the rate.
    pub coefficient: f64,
    /// What is kept of the sums.
    pub decay: f64,
    /// The growth in one update, or the largest step.
    pub bound: f64,
}

impl Estimation {
    /// With nothing else set.
    pub fn of(method: Estimate) -> Estimation {
        Estimation {
            method,
            first: 0.0,
            eps: 0.0,
            coefficient: 1.0,
            decay: 0.0,
            bound: f64::INFINITY,
        }
    }
}

/// What every optimiser says of itself.
trait Method {
    /// As torch or Optax call it.
    fn name(&self) -> &'static str;

    /// Its arguments with their values, in the order in which they may be given.
    fn arguments(&self) -> Vec<(&'static str, Value)>;

    /// The same as where nothing is given.
    fn defaults(&self) -> Vec<(&'static str, Value)>;

    /// What it keeps for every parameter, by torch's or Optax's names, in their order in the arena.
    fn slots(&self) -> &'static [&'static str];

    /// What every slot holds before the first update.
    fn first(&self) -> f32 {
        0.0
    }

    /// Whether every parameter needs a segment of its own, as norms are taken of each.
    fn per_parameter(&self) -> bool {
        false
    }

    /// A factor on its rate that is worked out on the device.
    fn rule(&self) -> Option<Rule> {
        None
    }

    /// Slots that hold the weights before the first update.
    fn hold_weights(&self) -> &'static [&'static str] {
        &[]
    }

    /// The slot with the weights that are evaluated and saved, where that are not those that are trained.
    fn evaluated(&self) -> Option<&'static str> {
        None
    }

    /// What it remembers on the device before the first update, for initial weights of such a norm: see
    /// [`rate_estimate::MEMORY`](crate::ops::rate_estimate::MEMORY).
    fn memory(&self, _norm: f64) -> Option<[f64; 4]> {
        None
    }

    /// Whether it sets its rate by itself, so that the schedule's is a factor on that.
    fn sets_rate(&self) -> bool {
        false
    }

    /// What a schedule of the momentum steers: the momentum, or β₁. None where there is neither.
    fn momentum(&self) -> Option<f64>;

    /// The rate where none is given: the reference's, or SGD's that kiln's examples were chosen with.
    fn usual_lr(&self) -> f64;

    /// Its weight decay.
    fn weight_decay(&self) -> f64;

    /// Whether a schedule's momentum may begin at 0.
    fn begins_without_momentum(&self) -> bool {
        true
    }

    /// The uniform's numbers of an update after `updates` others.
    fn group(&self, scheduled: &Scheduled, updates: u64) -> Group;

    /// Records one fused update of all parameters.
    fn record(&self, r: &mut Recorder, places: &Places);

    /// What a person wants to know before using it.
    fn page(&self) -> Page;
}

/// Any optimiser.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimizer {
    /// `torch.optim.SGD`.
    Sgd(Sgd),
    /// `torch.optim.Adam`.
    Adam(Adam),
    /// `torch.optim.AdamW`.
    AdamW(AdamW),
    /// `torch.optim.Adagrad`.
    Adagrad(Adagrad),
    /// `torch.optim.RMSprop`.
    RmsProp(RmsProp),
    /// `optax.lion`.
    Lion(Lion),
    /// `optax.lars`.
    Lars(Lars),
    /// `optax.lamb`.
    Lamb(Lamb),
    /// AdaGrad-Norm.
    AdaGradNorm(AdaGradNorm),
    /// `optax.contrib.dog`.
    Dog(Dog),
    /// `optax.contrib.dowg`.
    Dowg(Dowg),
    /// `prodigyopt.Prodigy`.
    Prodigy(Prodigy),
    /// `dadaptation.DAdaptAdam`, decoupled.
    DAdaptAdamW(DAdaptAdamW),
    /// `schedulefree.SGDScheduleFree`.
    SgdScheduleFree(SgdScheduleFree),
    /// `schedulefree.AdamWScheduleFree`.
    AdamWScheduleFree(AdamWScheduleFree),
    /// SPS_max.
    Sps(Sps),
    /// SGD-HD.
    HypergradientSgd(HypergradientSgd),
}

/// What an optimiser is called, and how its arguments are read.
type Reader = (
    &'static str,
    fn(&Args) -> Result<Optimizer, expr::Error>,
    &'static [&'static str],
);

/// All of them.
const READERS: &[Reader] = &[
    ("SGD", |a| Sgd::read(a).map(Optimizer::Sgd), sgd::NAMES),
    ("Adam", |a| Adam::read(a).map(Optimizer::Adam), adam::NAMES),
    (
        "AdamW",
        |a| AdamW::read(a).map(Optimizer::AdamW),
        adam::NAMES,
    ),
    (
        "Adagrad",
        |a| Adagrad::read(a).map(Optimizer::Adagrad),
        adagrad::NAMES,
    ),
    (
        "RMSprop",
        |a| RmsProp::read(a).map(Optimizer::RmsProp),
        rmsprop::NAMES,
    ),
    ("Lion", |a| Lion::read(a).map(Optimizer::Lion), lion::NAMES),
    ("LARS", |a| Lars::read(a).map(Optimizer::Lars), lars::NAMES),
    ("LAMB", |a| Lamb::read(a).map(Optimizer::Lamb), lamb::NAMES),
    (
        "AdaGradNorm",
        |a| AdaGradNorm::read(a).map(Optimizer::AdaGradNorm),
        adagrad_norm::NAMES,
    ),
    ("DoG", |a| Dog::read(a).map(Optimizer::Dog), dog::DOG_NAMES),
    (
        "DoWG",
        |a| Dowg::read(a).map(Optimizer::Dowg),
        dog::DOWG_NAMES,
    ),
    (
        "Prodigy",
        |a| Prodigy::read(a).map(Optimizer::Prodigy),
        prodigy::PRODIGY_NAMES,
    ),
    (
        "DAdaptAdamW",
        |a| DAdaptAdamW::read(a).map(Optimizer::DAdaptAdamW),
        prodigy::DADAPT_NAMES,
    ),
    (
        "SGDScheduleFree",
        |a| SgdScheduleFree::read(a).map(Optimizer::SgdScheduleFree),
        schedule_free::SGD_NAMES,
    ),
    (
        "AdamWScheduleFree",
        |a| AdamWScheduleFree::read(a).map(Optimizer::AdamWScheduleFree),
        schedule_free::ADAMW_NAMES,
    ),
    ("SPS", |a| Sps::read(a).map(Optimizer::Sps), sps::NAMES),
    (
        "HypergradientSGD",
        |a| HypergradientSgd::read(a).map(Optimizer::HypergradientSgd),
        hypergradient::NAMES,
    ),
];

/// Modules that may stand in front of a name.
const MODULES: [&str; 4] = ["torch", "optim", "prodigyopt", "schedulefree"];

impl Default for Optimizer {
    /// kiln's default: SGD with momentum 0.9 and nothing else.
    fn default() -> Optimizer {
        Optimizer::Sgd(Sgd::default())
    }
}

impl From<Sgd> for Optimizer {
    fn from(sgd: Sgd) -> Optimizer {
        Optimizer::Sgd(sgd)
    }
}

impl Optimizer {
    /// The names of all optimisers.
    pub fn names() -> Vec<&'static str> {
        READERS.iter().map(|r| r.0).collect()
    }

    /// Reads torch's spelling: `SGD(momentum=0.9, nesterov=True)`, `Adam(betas=(0.85, 0.98))`;
    /// positional arguments in torch's order without the rate. What is not given has torch's default.
    ///
    /// # Errors
    /// An unknown optimiser or argument (with the nearest name), a value out of range, and what
    /// torch refuses too, such as Nesterov without momentum or with dampening.
    pub fn parse(text: &str) -> Result<Optimizer, expr::Error> {
        let call = expr::parse(text)?;
        // The callee, before it is known which arguments it takes.
        let called = match &call.node {
            expr::Node::Name(name) => name,
            expr::Node::Call { callee, .. } => callee,
            _ => {
                let message = format!(
                    "expected an optimiser such as Adam or SGD(momentum=0.9), found {}",
                    call.kind()
                );
                return Err(expr::Error::at(text, call.span, message));
            }
        };
        let name = expr::without_modules(called, &MODULES);
        let Some((_, read, names)) = READERS.iter().find(|r| r.0 == name) else {
            let known = Optimizer::names();
            let message = format!(
                "unknown optimiser `{called}`: there are {}",
                known.join(", ")
            );
            return Err(expr::Error::at(text, call.span, message).suggest(name, &known));
        };
        let args = Args::bind(text, &call, names)?;
        if args.given("lr") {
            return Err(args.error("lr", "the rate is given by --lr and --schedule, not here"));
        }
        let optimizer = read(&args)?;
        args.opt_expr("lr");
        args.finish()?;
        Ok(optimizer)
    }

    fn method(&self) -> &dyn Method {
        match self {
            Optimizer::Sgd(o) => o,
            Optimizer::Adam(o) => o,
            Optimizer::AdamW(o) => o,
            Optimizer::Adagrad(o) => o,
            Optimizer::RmsProp(o) => o,
            Optimizer::Lion(o) => o,
            Optimizer::Lars(o) => o,
            Optimizer::Lamb(o) => o,
            Optimizer::AdaGradNorm(o) => o,
            Optimizer::Dog(o) => o,
            Optimizer::Dowg(o) => o,
            Optimizer::Prodigy(o) => o,
            Optimizer::DAdaptAdamW(o) => o,
            Optimizer::SgdScheduleFree(o) => o,
            Optimizer::AdamWScheduleFree(o) => o,
            Optimizer::Sps(o) => o,
            Optimizer::HypergradientSgd(o) => o,
        }
    }

    /// As torch or Optax call it.
    pub fn name(&self) -> &'static str {
        self.method().name()
    }

    /// What it keeps for every parameter, by torch's or Optax's names, in their order in the arena.
    pub fn slots(&self) -> &'static [&'static str] {
        self.method().slots()
    }

    /// What every slot holds before the first update.
    pub fn first(&self) -> f32 {
        self.method().first()
    }

    /// What a schedule of the momentum steers: the momentum, or β₁. None where there is neither.
    pub fn momentum(&self) -> Option<f64> {
        self.method().momentum()
    }

    /// The rate where none is given: 0.05 for SGD, else that of the reference; 1 where the optimiser sets its rate.
    pub fn usual_lr(&self) -> f64 {
        self.method().usual_lr()
    }

    /// Its weight decay.
    pub fn weight_decay(&self) -> f64 {
        self.method().weight_decay()
    }

    /// Whether every parameter needs a segment of its own, as norms are taken of each.
    pub fn per_parameter(&self) -> bool {
        self.method().per_parameter()
    }

    /// A factor on its rate that is worked out on the device, from the gradient's norm.
    pub fn rule(&self) -> Option<Rule> {
        self.method().rule()
    }

    /// Slots that hold the weights before the first update.
    pub fn hold_weights(&self) -> &'static [&'static str] {
        self.method().hold_weights()
    }

    /// The slot with the weights that are evaluated and saved, where that are not those that are trained.
    pub fn evaluated(&self) -> Option<&'static str> {
        self.method().evaluated()
    }

    /// What the slots are saved as: those weights are what is saved as the weights, and the ones that are trained take
    /// the slot's place.
    pub fn saved_slots(&self) -> Vec<String> {
        let saved = |slot: &&str| match self.evaluated() {
            Some(evaluated) if evaluated == *slot => "trained".to_string(),
            _ => slot.to_string(),
        };
        self.slots().iter().map(saved).collect()
    }

    /// What it remembers on the device before the first update, for initial weights of such a norm.
    pub fn memory(&self, norm: f64) -> Option<[f64; 4]> {
        self.method().memory(norm)
    }

    /// Whether it sets its rate by itself, so that the schedule's is a factor on that.
    pub fn sets_rate(&self) -> bool {
        self.method().sets_rate()
    }

    /// Whether a schedule's momentum may begin at 0: torch's SGD begins its buffer with the first update
    /// that has momentum, undampened.
    pub fn begins_without_momentum(&self) -> bool {
        self.method().begins_without_momentum()
    }

    /// The uniform's numbers of an update after `updates` others.
    pub fn group(&self, scheduled: &Scheduled, updates: u64) -> Group {
        self.method().group(scheduled, updates)
    }

    /// A uniform where all parameters take the numbers of this optimiser.
    pub fn hyper(
        &self,
        lr: f64,
        momentum: Option<f64>,
        weight_decay: Option<f64>,
        updates: u64,
    ) -> Hyper {
        let scheduled = Scheduled {
            lr,
            momentum,
            weight_decay,
        };
        let mut hyper = Hyper::default();
        if let Some(first) = hyper.groups.first_mut() {
            *first = self.group(&scheduled, updates);
        }
        hyper
    }

    /// Records one fused update of all parameters.
    pub fn record(&self, r: &mut Recorder, places: &Places) {
        self.method().record(r, places);
    }
}

/// What a person wants to know about an optimiser before using it: its defaults, its formula, its pitfalls, what it
/// keeps. None if there is no such optimiser.
pub fn page(name: &str) -> Option<String> {
    let name = expr::without_modules(name, &MODULES);
    let known = READERS.iter().any(|r| r.0 == name);
    let optimizer = known.then(|| Optimizer::parse(name).ok()).flatten()?;
    let method = optimizer.method();
    let defaults = method.defaults();
    let defaults: Vec<String> = defaults.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let signature = format!("{}({})", method.name(), defaults.join(", "));
    let steers = match method.momentum() {
        Some(_) if matches!(optimizer, Optimizer::Adam(_) | Optimizer::AdamW(_)) => "b1",
        Some(_) => "the momentum",
        None => "nothing: it has none",
    };
    let told = [
        ("keeps", method.slots().join(", ") + ", for every parameter"),
        (
            "rate",
            match method.sets_rate() {
                true => "its own; --lr (1 if not given) and --schedule multiply it".into(),
                false => format!(
                    "--lr ({} if not given) and --schedule, never its own argument",
                    method.usual_lr()
                ),
            },
        ),
        (
            "momentum",
            format!("--momentum-schedule and schedules that cycle it steer {steers}"),
        ),
    ];
    Some(written(&signature, &method.page(), &told))
}

/// The text that parses back to it: what differs from the default.
impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let method = self.method();
        let usual = method.defaults();
        let own = method.arguments().into_iter().zip(usual);
        let own = own.filter(|(own, usual)| own != usual);
        let texts: Vec<String> = own
            .map(|((name, value), _)| format!("{name}={value}"))
            .collect();
        write!(f, "{}({})", method.name(), texts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torch's spelling, its defaults, and back.
    #[test]
    fn reads_and_prints_torch() {
        for (text, printed) in [
            ("SGD", "SGD()"),
            ("torch.optim.SGD()", "SGD()"),
            ("SGD(0.9)", "SGD(momentum=0.9)"),
            (
                "SGD(momentum=0.9, nesterov=True, weight_decay=1e-4)",
                "SGD(momentum=0.9, weight_decay=0.0001, nesterov=True)",
            ),
            ("Adam", "Adam()"),
            ("Adam((0.9, 0.999), 1e-8)", "Adam()"),
            (
                "optim.Adam(betas=[0.85, 0.98], amsgrad=True)",
                "Adam(betas=(0.85, 0.98), amsgrad=True)",
            ),
            ("AdamW(weight_decay=0.01)", "AdamW()"),
            ("AdamW(weight_decay=0)", "AdamW(weight_decay=0.0)"),
            ("Adagrad(0.1, eps=1e-10)", "Adagrad(lr_decay=0.1)"),
            ("RMSprop(momentum=0.9)", "RMSprop(momentum=0.9)"),
            ("Lion(betas=(0.95, 0.98))", "Lion(betas=(0.95, 0.98))"),
            ("AdaGradNorm(b0=0.1)", "AdaGradNorm(b0=0.1)"),
        ] {
            let read = Optimizer::parse(text).unwrap();
            assert_eq!(read.to_string(), printed, "{text}");
            assert_eq!(Optimizer::parse(printed).unwrap(), read, "{text}");
        }
        assert_eq!(
            Optimizer::parse("SGD(0.9)").unwrap(),
            Optimizer::default(),
            "kiln's default"
        );
    }

    /// Every optimiser has a page with its defaults, which read back.
    #[test]
    fn every_optimizer_is_explained() {
        for name in Optimizer::names() {
            let page = page(name).unwrap();
            let call = page.lines().next().unwrap();
            let read = Optimizer::parse(call).unwrap();
            assert_eq!(read, Optimizer::parse(name).unwrap(), "{call}");
            assert!(page.contains("keeps"), "{page}");
        }
        assert!(page("torch.optim.Adam").is_some_and(|p| p.contains("exp_avg_sq")));
        assert_eq!(page("adamant"), None);
    }

    /// Nothing is ignored silently, and what torch refuses is refused.
    #[test]
    fn refuses_with_a_hint() {
        for (text, hint) in [
            ("SDG()", "SGD"),
            ("Adan()", "did you mean `Adam`"),
            ("0.9", "expected an optimiser"),
            ("SGD(momentun=0.9)", "momentum"),
            ("SGD(nesterov=True)", "requires a momentum"),
            (
                "SGD(momentum=0.9, dampening=0.1, nesterov=True)",
                "zero dampening",
            ),
            ("SGD(dampening=0.1)", "no effect"),
            ("SGD(lr=0.1)", "--lr"),
            ("SGD(momentum=-1)", "from 0"),
            ("SGD(momentum=True)", "number"),
            ("Adam(betas=0.9)", "two numbers"),
            ("Adam(betas=(0.9, 1.0))", "below 1"),
            ("Adam(eps=-1)", "from 0"),
            ("Adam(momentum=0.9)", "unknown argument"),
            ("RMSprop(alpha=1)", "below 1"),
            ("AdaGradNorm(b0=0)", "above 0"),
        ] {
            let error = Optimizer::parse(text).unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
