//! The flags that say how data is loaded.

use std::path::PathBuf;

use clap::Args;

use crate::data::{ImageSize, Options, TaskKind};

/// Flags of [`Options`]; the seed has a flag of its own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Model and data")]
pub(super) struct DataFlags {
    /// Column of a CSV file to predict
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// What that column, or NumPy's targets, hold: classification or regression
    #[arg(long, value_name = "TASK")]
    task: Option<TaskKind>,
    /// The targets of a .npy file
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
    /// At least this many classes, where the data shows fewer
    #[arg(long, value_name = "N")]
    classes: Option<usize>,
    /// Share of the samples kept for testing, 0 for none [default: 0.2]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    test_fraction: Option<f64>,
    /// Share of the training samples kept for validation
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    val_fraction: Option<f64>,
    /// Validation data, of the same kind as the data
    #[arg(long, value_name = "DATA")]
    val: Option<String>,
    /// Bring pictures to this size, one number for a square or HEIGHTxWIDTH
    #[arg(long, value_name = "SIZE")]
    image_size: Option<ImageSize>,
    /// Read pictures as grey (1) or RGB (3) [default: grey if all of them are]
    #[arg(long, value_name = "N")]
    channels: Option<u32>,
    /// Train on the first N samples only
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Standardise inputs by the training split's mean and deviation
    #[arg(long)]
    standardize: bool,
}

impl DataFlags {
    /// As the library takes them.
    pub(super) fn options(&self, seed: u64) -> Options {
        Options {
            target: self.target.clone(),
            task: self.task,
            targets: self.targets.clone(),
            classes: self.classes,
            test_fraction: self.test_fraction,
            val_fraction: self.val_fraction,
            val: self.val.clone(),
            image_size: self.image_size,
            channels: self.channels,
            standardize: self.standardize,
            standardization: None,
            limit: self.limit,
            seed,
        }
    }
}
