//! `metrics.jsonl`: a row per update and a row per evaluation, at full precision. JSON has no word
//! for what is not finite: it stands as `null` (a diverged loss, a norm whose square leaves f32).

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What an update did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// Which update, counted from 0.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The learning rate that it applied, before its rounding to f32.
    pub lr: f64,
    /// What it was for every parameter group.
    #[serde(flatten, skip_deserializing)]
    pub groups: GroupRates,
    /// The momentum that it applied, where the schedule carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The batch's mean loss before it.
    pub loss: f64,
    /// The Euclidean norm of its whole gradient, without what is not finite.
    pub grad_norm: f64,
    /// 1 if it was left out, as its loss or gradient was not finite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u32,
}

/// The learning rates of a run's parameter groups, as numbers of a row called `lr[PATTERN]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupRates {
    names: Arc<[String]>,
    rates: Vec<f64>,
}

impl GroupRates {
    /// Of groups with these patterns.
    pub fn of<'a>(patterns: impl Iterator<Item = &'a str>) -> GroupRates {
        let names: Arc<[String]> = patterns.map(|pattern| format!("lr[{pattern}]")).collect();
        GroupRates {
            rates: Vec::with_capacity(names.len()),
            names,
        }
    }

    /// Every group's name and rate.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        let names = self.names.iter().map(String::as_str);
        names.zip(self.rates.iter().copied())
    }

    pub(super) fn set(&mut self, rates: impl Iterator<Item = f64>) {
        self.rates.clear();
        self.rates.extend(rates);
    }
}

impl Serialize for GroupRates {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Updates applied before it.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The mean loss over the validation split, or over the test split if there is none.
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

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn too_short(path: &Path, found: u64, bytes: u64) -> Error {
    Error::file(
        path,
        format!(
            "has {found} bytes, but had {bytes} when the checkpoint was written: rows are missing; bring the file \
             back as it was"
        ),
    )
}

/// Bytes of rows that wait to be written together.
const TOGETHER: usize = 8 << 10;

/// Bytes of rows that may wait where they cannot be written.
const WAITING: usize = 64 << 20;

/// The file, buffered; complete rows reach the disk at every evaluation and at the end. Rows that cannot be
/// written wait: none is lost, and none is torn, if there is room later.
pub struct Metrics {
    path: PathBuf,
    file: File,
    /// Length of the file with what is buffered.
    bytes: u64,
    /// What is not written yet.
    waiting: Vec<u8>,
    /// How many of them are worth another attempt.
    enough: usize,
}

impl Metrics {
    /// Creates the file, which must not exist.
    ///
    /// # Errors
    /// If it does, or cannot be created.
    pub fn create(path: &Path) -> Result<Metrics> {
        let file = File::create_new(path).map_err(Error::io(path))?;
        Ok(Metrics::of(path, file, 0))
    }

    /// Begins the file again, of a run that goes on from its first update.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn again(path: &Path) -> Result<Metrics> {
        let file = File::create(path).map_err(Error::io(path))?;
        Ok(Metrics::of(path, file, 0))
    }

    /// Goes on with the file after its first `bytes`: rows behind them are of updates that will be done
    /// again.
    ///
    /// # Errors
    /// If it is shorter, or cannot be written.
    pub fn resume(path: &Path, bytes: u64) -> Result<Metrics> {
        let mut file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(Error::io(path))?;
        let found = file.metadata().map_err(Error::io(path))?.len();
        if found < bytes {
            return Err(too_short(path, found, bytes));
        }
        file.set_len(bytes).map_err(Error::io(path))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io(path))?;
        Ok(Metrics::of(path, file, bytes))
    }

    /// The evaluations among the first `bytes` of the file.
    ///
    /// # Errors
    /// If it is shorter, or cannot be read.
    pub fn evaluations(path: &Path, bytes: u64) -> Result<Vec<Evaluation>> {
        let text = fs::read(path).map_err(Error::io(path))?;
        let whole = usize::try_from(bytes).ok().and_then(|n| text.get(..n));
        let whole = whole.ok_or_else(|| too_short(path, text.len() as u64, bytes))?;
        let rows = whole.split(|&b| b == b'\n').filter(|row| !row.is_empty());
        // Rows of updates are no evaluations.
        let read = |row| serde_json::from_slice(row).ok();
        Ok(rows.filter_map(read).collect())
    }

    fn of(path: &Path, file: File, bytes: u64) -> Metrics {
        Metrics {
            path: path.into(),
            file,
            bytes,
            waiting: Vec::with_capacity(2 * TOGETHER),
            enough: TOGETHER,
        }
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn row(&mut self, row: &impl Serialize) -> Result<()> {
        let before = self.waiting.len();
        serde_json::to_writer(&mut self.waiting, row)
            .map_err(|e| Error::io(&self.path)(e.into()))?;
        self.waiting.push(b'\n');
        self.bytes += (self.waiting.len() - before) as u64;
        match self.waiting.len() >= self.enough {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Whether rows wait to be written.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands complete rows to the operating system.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        let mut written = 0;
        let result = loop {
            if written == self.waiting.len() {
                break Ok(());
            }
            match self.file.write(&self.waiting[written..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.waiting.drain(..written);
        self.enough = TOGETHER;
        if result.is_err() {
            self.enough += self.waiting.len();
        }
        match result {
            Err(_) if self.waiting.len() > WAITING => {
                let message = "rows cannot be written, and too many of them wait";
                Err(Error::file(&self.path, message))
            }
            result => result.map_err(Error::io(&self.path)),
        }
    }

    /// Has every row on the disk, and says how long the file is.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn sync(&mut self) -> Result<u64> {
        self.flush()?;
        self.file.sync_data().map_err(Error::io(&self.path))?;
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was synced is in the file, all of it, for whoever resumes; a file that has become shorter is refused.
    #[test]
    fn synced_rows_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows");
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.row(&Evaluation::default()).unwrap();
        let bytes = metrics.sync().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
        assert!(Metrics::resume(&path, bytes).is_ok());
        let e = Metrics::resume(&path, bytes + 1).err().unwrap().to_string();
        assert!(e.contains("rows are missing"), "{e}");
    }
}
