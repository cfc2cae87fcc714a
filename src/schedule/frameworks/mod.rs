//! The schedules of PyTorch, Keras, Optax, Hugging Face transformers and timm, with exactly their values.
//!
//! A line as it stands in a training script is read by [`Spelling::read`]: `torch.OneCycleLR(max_lr=0.1, total_steps=500)`,
//! `keras.CosineDecay(0.1, 1000)`, `optax.warmup_cosine_decay_schedule(...)`, `hf.get_scheduler("cosine", ...)`,
//! `timm.CosineLRScheduler(...)`. Arguments, their order and defaults are those of torch 2.15, Keras 3.15,
//! Optax 0.2.8, transformers 5.23 and timm 1.0.31. `optimizer` and `verbose` are accepted and ignored with a note.
//!
//! Everything is a function of the applied update, counted from 0: one `scheduler.step()` per update. A scheduler
//! that a script steps once per epoch is stretched by whoever asks (`stretch(torch.StepLR(30), 1ep)`).
#![doc = ""]
#![doc = include_str!("../../../docs/schedules/frameworks.svg")]

pub mod hf;
pub mod keras;
pub mod optax;
pub mod timm;
pub mod torch;

pub(crate) mod arguments;
mod native;
mod quirk;
mod recurrence;
mod spelling;

pub use quirk::Quirk;
pub use spelling::Spelling;

use crate::expr::{Expr, Node};

/// The exception that a framework would raise, and at which update.
#[derive(Clone, Debug, PartialEq)]
pub struct Raise {
    /// The first update whose rate cannot be computed.
    pub index: u64,
    /// What goes wrong, with the name of Python's exception in front.
    pub message: String,
}

/// Whose schedule a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// PyTorch.
    Torch,
    /// Keras.
    Keras,
    /// Optax.
    Optax,
    /// Hugging Face transformers.
    Hf,
    /// timm.
    Timm,
}

/// The framework and class of a call or name, if the module in front is a framework's, or the class is one's.
pub fn kind_of(expr: &Expr) -> Option<(Framework, &str)> {
    let (Node::Call { callee: name, .. } | Node::Name(name)) = &expr.node else {
        return None;
    };
    match name.rsplit_once('.') {
        Some((module, class)) => Some((framework_of(module, class)?, class)),
        None if name == PLATEAU => {
            let torch = arguments::has_optimizer(expr);
            let whose = if torch {
                Framework::Torch
            } else {
                Framework::Keras
            };
            Some((whose, name))
        }
        None => Some((imported(name)?, name)),
    }
}

/// A class of PyTorch and of Keras; PyTorch's is always given an optimiser.
const PLATEAU: &str = "ReduceLROnPlateau";

/// Whose a module is, by its first names: scripts import any tail of `torch.optim.lr_scheduler`, and timm's
/// schedulers lie in a file each (`timm.scheduler.cosine_lr`).
fn framework_of(module: &str, class: &str) -> Option<Framework> {
    let mut names = module.split('.');
    match (names.next()?, names.next()) {
        ("torch" | "optim" | "lr_scheduler" | "swa_utils", _) => Some(Framework::Torch),
        ("tf" | "tensorflow", Some("keras" | "optimizers")) => Some(Framework::Keras),
        ("schedules", None) if optax::NAMES.contains(&class) => Some(Framework::Optax),
        ("keras" | "optimizers" | "schedules" | "callbacks", _) => Some(Framework::Keras),
        ("optax", _) => Some(Framework::Optax),
        ("transformers" | "hf", _) => Some(Framework::Hf),
        ("timm", _) => Some(Framework::Timm),
        _ => None,
    }
}

/// Whose a name is that stands without a module, as after `from torch.optim.lr_scheduler import StepLR`. Names that
/// two frameworks have are PyTorch's.
fn imported(name: &str) -> Option<Framework> {
    match name {
        "PlateauLRScheduler" => Some(Framework::Timm),
        "get_scheduler" => Some(Framework::Hf),
        _ if torch::NAMES.contains(&name) => Some(Framework::Torch),
        _ if keras::NAMES.contains(&name) => Some(Framework::Keras),
        _ if timm::NAMES.contains(&name) => Some(Framework::Timm),
        _ if optax::NAMES.contains(&name) => Some(Framework::Optax),
        _ if name.starts_with("get_") && hf::canonical(name).is_some() => Some(Framework::Hf),
        _ => None,
    }
}

/// What a framework's line means, with notes about arguments that have no effect.
pub struct Reading<S> {
    /// The schedule.
    pub schedule: S,
    /// Each names an argument that was accepted and ignored.
    pub notes: Vec<String>,
    /// Where it does what its users do not expect.
    pub quirks: Vec<Quirk>,
}
