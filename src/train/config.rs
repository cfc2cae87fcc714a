//! What is to be trained, and how.

use super::{Augment, Epochs, Loss, Swa, Weights};
use crate::{
    control::Rule,
    error::Result,
    ops::Hyper,
    optim::{Optimizer, ParamGroup},
    schedule::Schedule,
};

/// In which order an epoch visits the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// A new permutation every epoch, from the seed.
    #[default]
    Shuffled,
    /// As they stand in the file.
    Sequential,
}

/// What becomes of an update whose loss or gradient is not finite. Either way the device leaves it out
/// before anything is written: parameters, momentum and moving average stay what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnNonFinite {
    /// It ends the run.
    #[default]
    Stop,
    /// The run goes on with the next one, as with `torch.amp.GradScaler`; the schedule counts it, as it
    /// counts updates that were asked for. [`MOST_LEFT_OUT`](super::MOST_LEFT_OUT) in a row end the run.
    Skip,
}

/// What is to be trained, apart from the model, the data and the rate.
#[derive(Clone, Debug)]
pub struct Config {
    /// Samples in a batch.
    pub batch_size: u32,
    /// Batches whose mean gradient is one update, weighted by their samples; 1 for a batch an
    /// update. An epoch's last update has what is left.
    pub accumulate: u32,
    /// Leaves out an epoch's last batch if it is smaller; its last update, where several batches
    /// share one.
    pub drop_last: bool,
    /// What is minimised.
    pub loss: Loss,
    /// Label smoothing of the cross-entropy, from 0 to 1.
    pub label_smoothing: f32,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// What the momentum of every update is, instead of the optimiser's.
    pub momentum: Option<Schedule>,
    /// What the weight decay of every update is, instead of the optimiser's.
    pub weight_decay: Option<Schedule>,
    /// Parameters with numbers of their own; those that no pattern matches take the run's.
    pub groups: Vec<ParamGroup>,
    /// What the rate of a layer with parameters is multiplied by, once for every such layer behind it, as BEiT's
    /// `layer_decay`.
    pub layer_decay: Option<f64>,
    /// How the gradient is clipped before an update takes it in.
    pub clip: Option<Clip>,
    /// Decay of an exponential moving average of the weights, between 0 and 1: after every update
    /// `ema = decay · ema + (1 − decay) · weights`, from the initial weights on, as timm's
    /// `ModelEmaV2`.
    pub ema: Option<f64>,
    /// How training images, held as bytes, are changed.
    pub augment: Option<Augment>,
    /// A mean of the weights along the run.
    pub swa: Option<Swa>,
    /// Controllers that run on the device: see [`Rate::take_gradient_rules`](crate::schedule::Rate::take_gradient_rules).
    pub gradient_rules: Vec<Rule>,
    /// What becomes of an update whose loss or gradient is not finite.
    pub on_nonfinite: OnNonFinite,
    /// Seed of the order and of the initial weights.
    pub seed: u64,
    /// How an epoch visits the samples.
    pub order: Order,
}

impl Default for Config {
    /// Batches of 32 in a new order every epoch, momentum 0.9, seed 0, and nothing else.
    fn default() -> Config {
        Config {
            batch_size: 32,
            accumulate: 1,
            drop_last: false,
            loss: Loss::default(),
            label_smoothing: 0.0,
            optimizer: Optimizer::default(),
            momentum: None,
            weight_decay: None,
            groups: Vec::new(),
            layer_decay: None,
            clip: None,
            ema: None,
            swa: None,
            augment: None,
            gradient_rules: Vec::new(),
            on_nonfinite: OnNonFinite::default(),
            seed: 0,
            order: Order::default(),
        }
    }
}

/// A limit on the gradient, applied before weight decay and momentum. The gradient norm that is
/// logged, and that controllers see, is the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// On the whole gradient's Euclidean norm, as `torch.nn.utils.clip_grad_norm_`: it is
    /// multiplied by `min(1, most / (norm + 1e-6))`.
    Norm(f64),
    /// On every element's magnitude, as `torch.nn.utils.clip_grad_value_`.
    Value(f64),
}

impl Config {
    /// Samples of a full update.
    pub fn update_samples(&self) -> u64 {
        u64::from(self.batch_size) * u64::from(self.accumulate)
    }

    /// How `samples` are cut into batches and updates.
    ///
    /// # Errors
    /// As [`Epochs::accumulating`].
    pub fn epochs(&self, samples: u64) -> Result<Epochs> {
        let (batch, accumulate) = (self.batch_size.into(), self.accumulate.into());
        Epochs::accumulating(samples, batch, accumulate, self.drop_last)
    }

    /// The averages that are kept.
    pub(super) fn averages(&self) -> impl Iterator<Item = Weights> {
        let ema = self.ema.map(|_| Weights::Ema);
        ema.into_iter().chain(self.swa.map(|_| Weights::Swa))
    }

    /// Whatever weights are evaluated.
    pub(super) fn evaluated(&self) -> impl Iterator<Item = Weights> {
        [Weights::Raw].into_iter().chain(self.averages())
    }

    /// The uniform with what clips the gradient.
    pub(super) fn clipped(&self, hyper: Hyper) -> Hyper {
        let (clip_norm, clip_value) = match self.clip {
            None => (0.0, 0.0),
            Some(Clip::Norm(most)) => (most as f32, 0.0),
            Some(Clip::Value(most)) => (0.0, most as f32),
        };
        Hyper {
            clip_norm,
            clip_value,
            ..hyper
        }
    }
}
