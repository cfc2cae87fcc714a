//! `sweep.json`: what a sweep was asked for and how far it is, written after every run, so that the same
//! command goes on where it stopped.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::child::Ended;
use crate::{
    cli::setup::Watched,
    error::{Error, Result},
    files::write_atomically,
    report::compare::Run,
    run::RunDir,
    sweep::{self, Place, Planned},
};

/// Its name.
pub(super) const FILE: &str = "sweep.json";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It was not begun, or not finished.
    Open,
    /// It is finished.
    Done,
    /// It failed by itself, and would again: its loss diverged.
    Failed,
    /// It could not run: something is to be changed in settings or machine. It is tried again.
    Refused,
    /// It was stopped and has saved.
    Stopped,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    planned: Planned,
    status: Status,
    /// What it said as it failed.
    message: Option<String>,
    best_eval_accuracy: Option<f64>,
    best_eval_loss: Option<f64>,
    updates: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct File {
    /// The flags of all runs.
    base: Vec<String>,
    runs: Vec<Entry>,
}

/// See the module.
pub(super) struct Record {
    path: PathBuf,
    file: File,
    monitor: Watched,
    /// One sweep at a time writes here.
    _lock: RunDir,
}

impl Record {
    /// That of a directory, or a new one. Runs that are not among the planned ones any more are kept.
    pub(super) fn open(
        out: &Path,
        base: Vec<String>,
        monitor: Watched,
        planned: &[Planned],
    ) -> Result<Record> {
        // Before the record is read, where there may be one: who holds the lock may be about to change it.
        let lock = out.is_dir().then(|| RunDir::create(out)).transpose()?;
        let path = out.join(FILE);
        let mut file = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<File>(&bytes)
                .map_err(|e| Error::file(&path, format!("is not the record of a sweep: {e}")))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => File {
                base: base.clone(),
                runs: Vec::new(),
            },
            Err(e) => return Err(Error::io(&path)(e)),
        };
        if file.base != base {
            return Err(Error::Usage(format!(
                "--out {}: that sweep was started with other flags after `--`: `{}`, not `{}`; give the same \
                 ones, or another --out",
                out.display(),
                file.base.join(" "),
                base.join(" ")
            )));
        }
        for run in planned {
            match file.runs.iter().find(|e| e.planned.name == run.name) {
                Some(entry) if entry.planned == *run => {}
                Some(_) => {
                    return Err(Error::Usage(format!(
                        "--out {}: its run {} has other settings; name another directory",
                        out.display(),
                        run.name
                    )));
                }
                None if out.join(&run.name).exists() => {
                    return Err(Error::Usage(format!(
                        "{}: exists, but is not a run of this sweep; name another --out",
                        out.join(&run.name).display()
                    )));
                }
                None => file.runs.push(Entry {
                    planned: run.clone(),
                    status: Status::Open,
                    message: None,
                    best_eval_accuracy: None,
                    best_eval_loss: None,
                    updates: None,
                }),
            }
        }
        let record = Record {
            path,
            file,
            monitor,
            _lock: lock.map_or_else(|| RunDir::create(out), Ok)?,
        };
        record.write(&[])?;
        Ok(record)
    }

    /// Notes how a run ended, and keeps it.
    pub(super) fn note(&mut self, name: &str, dir: &Path, ended: Ended) -> Result<Status> {
        let status = match ended.code {
            Some(0) => Status::Done,
            Some(1) => Status::Failed,
            Some(130) => Status::Stopped,
            _ => Status::Refused,
        };
        if let Some(entry) = self.file.runs.iter_mut().find(|e| e.planned.name == name) {
            entry.status = status;
            let said = match (ended.code, ended.message.is_empty()) {
                (None, _) => "a signal ended it".into(),
                (Some(code), true) => format!("exit code {code}"),
                _ => ended.message,
            };
            let failed = matches!(status, Status::Failed | Status::Refused);
            entry.message = failed.then_some(said);
            if status == Status::Done {
                let outcome = Run::read(dir)?.outcome();
                entry.best_eval_accuracy = outcome.best_eval_accuracy;
                entry.best_eval_loss = outcome.best_eval_loss;
                entry.updates = Some(outcome.updates);
            }
        }
        self.write(&[])?;
        Ok(status)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.file.runs.iter().find(|e| e.planned.name == name)
    }

    /// Whether there is nothing left to do for a run.
    pub(super) fn is_settled(&self, name: &str) -> bool {
        let settled = |e: &Entry| matches!(e.status, Status::Done | Status::Failed);
        self.entry(name).is_some_and(settled)
    }

    /// Whether it is finished.
    pub(super) fn is_done(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|e| e.status == Status::Done)
    }

    /// How it ended, in a line.
    pub(super) fn words(&self, name: &str) -> String {
        let Some(entry) = self.entry(name) else {
            return String::new();
        };
        match (
            &entry.message,
            entry.best_eval_accuracy,
            entry.best_eval_loss,
        ) {
            (Some(message), ..) => format!("failed: {message}"),
            (_, Some(a), _) => format!("best accuracy {:.2}%", 100.0 * a),
            (_, _, Some(loss)) => format!("best evaluation loss {loss:.5}"),
            _ => "done".into(),
        }
    }

    /// Runs that failed, and what they said.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        let failed = |e: &'_ Entry| e.message.is_some();
        let failed = self.file.runs.iter().filter(move |e| failed(e));
        failed.map(|e| (e.planned.name.as_str(), e.message.as_deref().unwrap_or("")))
    }

    /// Whether accuracies rank, which they do unless the loss was asked for or there are none.
    fn by_accuracy(&self) -> bool {
        let any = self
            .file
            .runs
            .iter()
            .any(|e| e.best_eval_accuracy.is_some());
        any && self.monitor != Watched::EvalLoss
    }

    /// The settings, the best first; of equal accuracies the one with the lower loss.
    pub(super) fn rank(&self, planned: &[Planned]) -> Vec<Place> {
        let accuracy = self.by_accuracy();
        let value = |run: &Planned| {
            let entry = self.entry(&run.name).filter(|e| e.status == Status::Done);
            let value = match accuracy {
                true => entry.and_then(|e| e.best_eval_accuracy),
                false => entry.and_then(|e| e.best_eval_loss),
            };
            (run.clone(), value)
        };
        let runs: Vec<_> = planned.iter().map(value).collect();
        let mut places = sweep::rank(&runs, accuracy);
        if accuracy {
            let loss = |place: &Place| -> f64 {
                let losses = place
                    .runs
                    .iter()
                    .filter_map(|run| self.entry(run)?.best_eval_loss);
                losses.sum::<f64>() / place.runs.len() as f64
            };
            places.sort_by(|a, b| {
                let equal = || loss(a).total_cmp(&loss(b));
                b.mean.total_cmp(&a.mean).then_with(equal)
            });
        }
        places
    }

    /// Whether the values of the ranking are shares.
    pub(super) fn percent(&self) -> bool {
        self.by_accuracy()
    }

    /// What the ranking is by.
    pub(super) fn ranked_by(&self) -> &'static str {
        match self.by_accuracy() {
            true => "evaluation accuracy",
            false => "evaluation loss",
        }
    }

    /// All of it, with the ranking.
    pub(super) fn json(&self, places: &[Place]) -> serde_json::Value {
        json!({
            "base": self.file.base,
            "monitor": if self.by_accuracy() { "eval_accuracy" } else { "eval_loss" },
            "runs": self.file.runs,
            "ranking": places,
        })
    }

    /// Keeps it.
    pub(super) fn write(&self, places: &[Place]) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.json(places));
        let text = text.map_err(|e| Error::file(&self.path, e.to_string()))?;
        write_atomically(&self.path, &text)
    }
}
