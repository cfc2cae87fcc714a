//! Optimisers: which kernel updates the arenas, what it keeps, and what it needs in the uniform at
//! every step.
//!
//! Each is a plain struct with torch's names and defaults, without the rate, which is the schedule's;
//! [`Optimizer`] is any of them. All slots that one keeps for a parameter (`exp_avg`, `exp_avg_sq`, …)
//! lie side by side in one arena, as a kernel binds no more than four buffers.

mod adadelta;
mod adagrad;
mod adagrad_norm;
mod adam;
mod adamax;
mod arguments;
mod dog;
mod groups;
mod hypergradient;
mod lamb;
mod lars;
mod lion;
mod method;
mod nadam;
mod prodigy;
mod radam;
mod read;
mod rmsprop;
mod schedule_free;
mod sgd;
mod sps;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adagrad_norm::AdaGradNorm;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use dog::{Dog, Dowg};
pub use groups::{Arrangement, GroupRate, ParamGroup, fill};
pub use hypergradient::HypergradientSgd;
pub use lamb::Lamb;
pub use lars::Lars;
pub use lion::Lion;
pub use nadam::NAdam;
pub use prodigy::{DAdaptAdamW, Prodigy};
pub use radam::RAdam;
pub use read::page;
pub use rmsprop::RmsProp;
pub use schedule_free::{AdamWScheduleFree, SgdScheduleFree};
pub use sgd::Sgd;
pub use sps::Sps;

use std::fmt;

use crate::{
    control::Rule,
    ops::{Group, Hyper, gradient_control, update::Segment},
    plan::Slice,
    record::Recorder,
};
use arguments::{Arguments, Value};
pub(crate) use method::Estimation;
use method::Method;

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

/// The table of optimisers: for each its type, its name in an expression, and the arguments that may stand there.
macro_rules! optimizers {
    ($($(#[$doc:meta])* $method:ident: $name:literal, $arguments:expr;)+) => {
        /// Any optimiser.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Optimizer {
            $($(#[$doc])* $method($method),)+
        }

        /// What an optimiser is called, and how its arguments are read.
        const READERS: &[read::Reader] = &[
            $(($name, |args| $method::read(args).map(Optimizer::$method), $arguments),)+
        ];

        impl Optimizer {
            fn method(&self) -> &dyn Method {
                match self {
                    $(Optimizer::$method(method) => method,)+
                }
            }
        }
    };
}

optimizers! {
    /// `torch.optim.SGD`.
    Sgd: "SGD", sgd::NAMES;
    /// `torch.optim.Adam`.
    Adam: "Adam", adam::NAMES;
    /// `torch.optim.AdamW`.
    AdamW: "AdamW", adam::NAMES;
    /// `torch.optim.Adamax`.
    Adamax: "Adamax", adamax::NAMES;
    /// `torch.optim.NAdam`.
    NAdam: "NAdam", nadam::NAMES;
    /// `torch.optim.RAdam`.
    RAdam: "RAdam", radam::NAMES;
    /// `torch.optim.Adadelta`.
    Adadelta: "Adadelta", adadelta::NAMES;
    /// `torch.optim.Adagrad`.
    Adagrad: "Adagrad", adagrad::NAMES;
    /// `torch.optim.RMSprop`.
    RmsProp: "RMSprop", rmsprop::NAMES;
    /// `optax.lion`.
    Lion: "Lion", lion::NAMES;
    /// `optax.lars`.
    Lars: "LARS", lars::NAMES;
    /// `optax.lamb`.
    Lamb: "LAMB", lamb::NAMES;
    /// AdaGrad-Norm.
    AdaGradNorm: "AdaGradNorm", adagrad_norm::NAMES;
    /// `optax.contrib.dog`.
    Dog: "DoG", dog::DOG_NAMES;
    /// `optax.contrib.dowg`.
    Dowg: "DoWG", dog::DOWG_NAMES;
    /// `prodigyopt.Prodigy`.
    Prodigy: "Prodigy", prodigy::PRODIGY_NAMES;
    /// `dadaptation.DAdaptAdam`, decoupled.
    DAdaptAdamW: "DAdaptAdamW", prodigy::DADAPT_NAMES;
    /// `schedulefree.SGDScheduleFree`.
    SgdScheduleFree: "SGDScheduleFree", schedule_free::SGD_NAMES;
    /// `schedulefree.AdamWScheduleFree`.
    AdamWScheduleFree: "AdamWScheduleFree", schedule_free::ADAMW_NAMES;
    /// SPS_max.
    Sps: "SPS", sps::NAMES;
    /// SGD-HD.
    HypergradientSgd: "HypergradientSGD", hypergradient::NAMES;
}

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
mod tests;
