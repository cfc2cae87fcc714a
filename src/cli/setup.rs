//! What `train`, `plan` and others have in common: the flags that decide a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::number;
use super::ready::setting;
use crate::{
    data::{self, ImageSize, TaskKind},
    error::{Error, Result},
    train::Loss,
};

/// Flags that decide what is trained on what.
#[derive(Args, Clone, Debug)]
pub(super) struct Setup {
    /// Preset (mlp, lenet, linear, small-cnn, resnet8, resnet18, vgg11, mlp-mixer) or layers: "Conv2d(32, 3) ReLU Flatten Linear(10)"
    #[arg(long, value_name = "MODEL", help_heading = "Model and data")]
    pub(super) model: Option<String>,
    /// digits, fashion-mnist, line, a directory of IDX files or of pictures, or a CSV, .npz or .npy file [default: digits]
    #[arg(long, value_name = "DATA", help_heading = "Model and data")]
    pub(super) data: Option<String>,
    /// Column of a CSV file to predict
    #[arg(long, value_name = "COLUMN", help_heading = "Model and data")]
    pub(super) target: Option<String>,
    /// What that column, or NumPy's targets, hold: classification or regression
    #[arg(long, value_name = "TASK", help_heading = "Model and data")]
    pub(super) task: Option<TaskKind>,
    /// The targets of a .npy file
    #[arg(long, value_name = "FILE", help_heading = "Model and data")]
    pub(super) targets: Option<PathBuf>,
    /// At least this many classes, where the data shows fewer
    #[arg(long, value_name = "N", value_parser = number::count(0, 10), help_heading = "Model and data")]
    pub(super) classes: Option<usize>,
    /// Share of the samples kept for testing, 0 for none [default: 0.2]
    #[arg(
        long,
        value_name = "F",
        value_parser = number::decimal::<f64>("0.2"),
        allow_negative_numbers = true,
        help_heading = "Model and data"
    )]
    pub(super) test_fraction: Option<f64>,
    /// Share of the training samples kept for validation
    #[arg(
        long,
        value_name = "F",
        value_parser = number::decimal::<f64>("0.1"),
        allow_negative_numbers = true,
        help_heading = "Model and data"
    )]
    pub(super) val_fraction: Option<f64>,
    /// Validation data, of the same kind as the data
    #[arg(long, value_name = "DATA", help_heading = "Model and data")]
    pub(super) val: Option<String>,
    /// Bring pictures to this size, one number for a square or HEIGHTxWIDTH
    #[arg(long, value_name = "SIZE", help_heading = "Model and data")]
    pub(super) image_size: Option<ImageSize>,
    /// Read pictures as grey (1) or RGB (3) [default: grey if all of them are]
    #[arg(long, value_name = "N", value_parser = number::whole(0u32, 3), help_heading = "Model and data")]
    pub(super) channels: Option<u32>,
    /// Train on the first N samples only
    #[arg(long, value_name = "N", value_parser = number::count(0, 1000), help_heading = "Model and data")]
    pub(super) limit: Option<usize>,
    /// Standardise inputs by the training split's mean and deviation
    #[arg(long, help_heading = "Model and data")]
    pub(super) standardize: bool,
    /// Start from the weights in this safetensors file
    #[arg(long, value_name = "FILE", help_heading = "Model and data")]
    pub(super) init: Option<PathBuf>,

    /// Passes over the training data [default: 20, or as many as --max-steps needs]
    #[arg(long, value_name = "N", value_parser = number::whole(0u64, 20), help_heading = "Training")]
    pub(super) epochs: Option<u64>,
    /// Stop after N updates, or after --epochs if those come first
    #[arg(long, value_name = "N", value_parser = number::whole(0u64, 1000), help_heading = "Training")]
    pub(super) max_steps: Option<u64>,
    /// Samples per update, or per batch with --accumulate
    #[arg(long, value_name = "N", value_parser = number::whole(1u32, 32), default_value_t = 32, help_heading = "Training")]
    pub(super) batch_size: u32,
    /// Leave out an epoch's last batch if it is smaller
    #[arg(long, help_heading = "Training")]
    pub(super) drop_last: bool,
    /// In which order an epoch visits the samples
    #[arg(long, value_enum, default_value_t = Order::Shuffled, help_heading = "Training")]
    pub(super) order: Order,
    /// Seed of initial weights, data order and generated data
    #[arg(long, value_name = "N", value_parser = number::whole(0u64, 7), default_value_t = 0, help_heading = "Training")]
    pub(super) seed: u64,
    /// torch's spelling, e.g. "HuberLoss(delta=0.5)", "CrossEntropyLoss(weight=[1, 2.5])" [default: cross-entropy of classes, mean squared error of values]
    #[arg(long, value_name = "LOSS", help_heading = "Training")]
    pub(super) loss: Option<String>,
    /// Label smoothing of the cross-entropy, from 0 to 1
    #[arg(
        long,
        value_name = "E", value_parser = number::decimal::<f32>("0.1"),
        allow_negative_numbers = true,
        help_heading = "Training"
    )]
    pub(super) label_smoothing: Option<f32>,

    /// Base learning rate: what 1x means in a schedule [default: 0.05 for SGD, else the reference's, see `kiln explain
    /// Adam`]
    #[arg(
        long,
        value_name = "LR", value_parser = number::decimal::<f64>("0.05"),
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    pub(super) lr: Option<f64>,
    /// Scale --lr with the samples of an update: linear or sqrt, from --base-batch
    #[arg(
        long,
        value_enum,
        value_name = "RULE",
        requires = "base_batch",
        help_heading = "Optimiser and schedule"
    )]
    pub(super) lr_scale: Option<LrScale>,
    /// Samples of an update for which --lr was chosen
    #[arg(long, value_name = "N", value_parser = number::whole(1u32, 32), requires = "lr_scale", help_heading = "Optimiser and schedule")]
    pub(super) base_batch: Option<u32>,
    /// torch's spelling without the rate: "SGD(momentum=0.9)", Adam, "AdamW(weight_decay=0.1)"; `kiln explain Adam`
    #[arg(
        long,
        value_name = "OPTIMIZER",
        default_value = "SGD(momentum=0.9)",
        help_heading = "Optimiser and schedule"
    )]
    pub(super) optimizer: String,
    /// How the rate goes over the run, e.g. "cosine(to=1e-5)", "step(every=200, gamma=0.5)"
    #[arg(
        long,
        value_name = "SCHEDULE",
        default_value = "constant",
        help_heading = "Optimiser and schedule"
    )]
    pub(super) schedule: String,
    /// How the momentum, β1 of Adam, goes, in the same language; 1x is the optimiser's own
    #[arg(long, value_name = "SCHEDULE", help_heading = "Optimiser and schedule")]
    pub(super) momentum_schedule: Option<String>,
    /// How the weight decay goes, in the same language; 1x is the optimiser's weight decay
    #[arg(long, value_name = "SCHEDULE", help_heading = "Optimiser and schedule")]
    pub(super) weight_decay_schedule: Option<String>,
    /// Parameters with numbers of their own: "*.bias: weight_decay=0, lr=2x; conv1.*: freeze"
    #[arg(long, value_name = "GROUPS", help_heading = "Optimiser and schedule")]
    pub(super) group: Option<String>,
    /// Multiply the rate of every layer by this for each layer behind it, e.g. 0.75
    #[arg(
        long,
        value_name = "D", value_parser = number::decimal::<f64>("0.75"),
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    pub(super) layer_decay: Option<f64>,
    /// Batches whose mean gradient makes one update
    #[arg(long, value_name = "K", value_parser = number::whole(1u32, 4), default_value_t = 1, help_heading = "Training")]
    pub(super) accumulate: u32,
    /// Change training images at random: "crop(padding=2) flip erase(p=0.5, scale=(0.02, 0.2))"
    #[arg(long, value_name = "CHANGES", help_heading = "Model and data")]
    pub(super) augment: Option<String>,
    /// Keep an exponential moving average of the weights with this decay, e.g. 0.999
    #[arg(
        long,
        value_name = "D", value_parser = number::decimal::<f64>("0.999"),
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    pub(super) ema: Option<f64>,
    /// Keep the mean of the weights from here on, after every epoch: 75%, "10ep", "500, every=100"
    #[arg(long, value_name = "START", help_heading = "Optimiser and schedule")]
    pub(super) swa: Option<String>,
    /// Scale the gradient down to this Euclidean norm where it is larger
    #[arg(
        long,
        value_name = "X", value_parser = number::decimal::<f64>("1.0"),
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    pub(super) clip_norm: Option<f64>,
    /// Clamp every element of the gradient to [-V, V]
    #[arg(
        long,
        value_name = "V", value_parser = number::decimal::<f64>("0.5"),
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    pub(super) clip_value: Option<f64>,
    /// What controllers watch, unless the schedule says [default: eval-loss]
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        help_heading = "Optimiser and schedule"
    )]
    pub(super) monitor: Option<Watched>,
    /// How often they watch it, unless the schedule says [default: epoch]
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        help_heading = "Optimiser and schedule"
    )]
    pub(super) observe: Option<When>,
}

/// What `--lr-scale` takes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LrScale {
    /// k times the samples, k times the rate (Goyal et al. 2017, arXiv 1706.02677)
    Linear,
    /// k times the samples, √k times the rate (Krizhevsky 2014, arXiv 1404.5997)
    Sqrt,
}

/// What `--monitor` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Watched {
    /// The training loss
    Loss,
    /// The loss on the validation split, or on the test split if there is none
    #[value(alias = "eval_loss")]
    EvalLoss,
    /// The share of right predictions there
    #[value(alias = "eval_accuracy")]
    EvalAccuracy,
}

impl Watched {
    /// As `--monitor` takes it.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().into())
    }
}

/// What `--observe` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// After every update
    Update,
    /// After every epoch
    Epoch,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Order {
    /// A new permutation every epoch, from the seed
    Shuffled,
    /// As they stand in the file
    Sequential,
}

impl Setup {
    /// The seed of weights and order.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// How the data is loaded.
    pub(super) fn data_options(&self) -> data::Options {
        data::Options {
            target: self.target.clone(),
            task: self.task,
            targets: self.targets.clone(),
            classes: self.classes,
            test_fraction: self.test_fraction,
            whole: false,
            columns: Vec::new(),
            val_fraction: self.val_fraction,
            val: self.val.clone(),
            image_size: self.image_size,
            channels: self.channels,
            standardize: self.standardize,
            standardization: None,
            limit: self.limit,
            seed: self.seed,
        }
    }

    /// What is minimised.
    pub(super) fn loss(&self) -> Result<Loss> {
        Ok(self.read_loss()?.0)
    }

    /// Label smoothing of the cross-entropy.
    pub(super) fn label_smoothing(&self) -> Result<f32> {
        Ok(self.read_loss()?.1)
    }

    fn read_loss(&self) -> Result<(Loss, f32)> {
        let Some(text) = &self.loss else {
            return Ok((Loss::Usual, self.label_smoothing.unwrap_or(0.0)));
        };
        let (loss, own) = Loss::parse(text).map_err(setting("loss"))?;
        match (own, self.label_smoothing) {
            (Some(_), Some(_)) => Err(Error::Usage(
                "--label-smoothing and --loss both decide the label smoothing; remove one".into(),
            )),
            (None, Some(_)) if matches!(loss, Loss::Pointwise(_)) => Err(Error::Usage(format!(
                "--label-smoothing has no effect on {loss}: remove it"
            ))),
            _ => Ok((loss, own.or(self.label_smoothing).unwrap_or(0.0))),
        }
    }
}
