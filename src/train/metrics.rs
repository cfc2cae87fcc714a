//! `metrics.jsonl`: a row per update and a row per evaluation, at full precision. JSON has no word
//! for what is not finite: it stands as `null` (a diverged loss, a norm whose square leaves f32).

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::error::{Error, Result};

/// What an update did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Update {
    /// Which update, counted from 0.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The learning rate that it applied, before its rounding to f32.
    pub lr: f64,
    /// The momentum that it applied, where the schedule carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The batch's mean loss before it.
    pub loss: f64,
    /// The Euclidean norm of its whole gradient.
    pub grad_norm: f64,
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Updates applied before it.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The mean loss over the test split.
    pub eval_loss: f64,
    /// The share of right predictions; none in a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_accuracy: Option<f64>,
    /// The mean loss with the moving average of the weights, if the run keeps one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_eval_loss: Option<f64>,
    /// The share of right predictions with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_eval_accuracy: Option<f64>,
    /// The mean loss with the mean of the weights, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swa_eval_loss: Option<f64>,
    /// The share of right predictions with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swa_eval_accuracy: Option<f64>,
}

/// The file, buffered; complete rows reach the disk at every evaluation and at the end.
pub struct Metrics {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Metrics {
    /// Creates the file, which must not exist.
    ///
    /// # Errors
    /// If it does, or cannot be created.
    pub fn create(path: &Path) -> Result<Metrics> {
        let file = File::create_new(path).map_err(Error::io(path))?;
        Ok(Metrics {
            path: path.into(),
            file: BufWriter::new(file),
        })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn row(&mut self, row: &impl Serialize) -> Result<()> {
        let written = serde_json::to_writer(&mut self.file, row).map_err(std::io::Error::from);
        written
            .and_then(|()| writeln!(self.file))
            .map_err(Error::io(&self.path))
    }

    /// Hands complete rows to the operating system.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path))
    }
}
