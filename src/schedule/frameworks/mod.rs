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

/// The ways scripts write a framework's name in front of a class; the longest match counts.
const PREFIXES: &[(&str, Framework)] = &[
    ("torch.optim.lr_scheduler.", Framework::Torch),
    ("torch.optim.swa_utils.", Framework::Torch),
    ("optim.lr_scheduler.", Framework::Torch),
    ("optim.swa_utils.", Framework::Torch),
    ("lr_scheduler.", Framework::Torch),
    ("swa_utils.", Framework::Torch),
    ("torch.", Framework::Torch),
    ("tf.keras.optimizers.schedules.", Framework::Keras),
    ("tf.keras.callbacks.", Framework::Keras),
    ("keras.optimizers.schedules.", Framework::Keras),
    ("keras.callbacks.", Framework::Keras),
    ("keras.", Framework::Keras),
    ("optax.contrib.", Framework::Optax),
    ("optax.schedules.", Framework::Optax),
    ("optax.", Framework::Optax),
    ("transformers.optimization.", Framework::Hf),
    ("transformers.", Framework::Hf),
    ("hf.", Framework::Hf),
    ("timm.scheduler.", Framework::Timm),
    ("timm.", Framework::Timm),
];

/// The framework and class of a call or name, if its prefix is a framework's.
pub fn kind_of(expr: &Expr) -> Option<(Framework, &str)> {
    let (Node::Call { callee: name, .. } | Node::Name(name)) = &expr.node else {
        return None;
    };
    let prefixed = PREFIXES
        .iter()
        .find_map(|(prefix, framework)| Some((*framework, name.strip_prefix(prefix)?)));
    prefixed.or_else(|| Some((imported(name)?, name.as_str())))
}

/// Whose a name is that stands without a module, as after `from torch.optim.lr_scheduler import StepLR`. Names that
/// two frameworks have are PyTorch's.
fn imported(name: &str) -> Option<Framework> {
    match name {
        "ReduceLROnPlateau" => Some(Framework::Torch),
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
