//! The rate's live factor: a person writes a number into `lr.factor`, the next update uses it, and
//! `overrides.jsonl` says from which update on, so that a resumed run replays it.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{RunDir, journal};
use crate::{error::Result, files::write_atomically};

/// The file in which a person, or the dashboard, writes the factor.
pub const FACTOR: &str = "lr.factor";
/// Where it is noted.
const OVERRIDES: &str = "overrides.jsonl";

/// Time between two looks at the file.
const LOOKS: Duration = Duration::from_millis(200);

/// A factor, and the first update that used it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    step: u64,
    factor: f64,
    /// Whether the run went back to this update, which undoes what was noted after it.
    #[serde(default, skip_serializing_if = "is_false")]
    rollback: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// See the module.
pub struct Live {
    file: PathBuf,
    log: PathBuf,
    noted: Vec<Override>,
    rollbacks: usize,
    looked: Option<Instant>,
    /// What was wrong with the file, so that it is said once.
    complaint: Option<String>,
}

impl Live {
    /// Of a run, with what was noted in it.
    ///
    /// # Errors
    /// If the notes cannot be read.
    pub fn of(run: &RunDir) -> Result<Live> {
        let log = run.file(OVERRIDES);
        let lines: Vec<Override> = journal::read(&log)?;
        let mut live = Live {
            file: run.file(FACTOR),
            log,
            noted: Vec::new(),
            rollbacks: 0,
            looked: None,
            complaint: None,
        };
        lines.into_iter().for_each(|line| live.take_in(line));
        Ok(live)
    }

    fn take_in(&mut self, line: Override) {
        if line.rollback {
            self.rollbacks += 1;
            self.noted.retain(|noted| noted.step < line.step);
        }
        self.noted.push(line);
    }

    /// How often the run went back.
    pub fn rollbacks(&self) -> usize {
        self.rollbacks
    }

    /// Notes that the run goes back to update `step`, and on from there with another factor, which the file
    /// says too.
    ///
    /// # Errors
    /// If it cannot be noted.
    pub fn roll_back(&mut self, step: u64, factor: f64) -> Result<()> {
        write_atomically(&self.file, format!("{factor}\n").as_bytes())?;
        let rollback = Override {
            step,
            factor,
            rollback: true,
        };
        journal::append(&self.log, &rollback)?;
        self.take_in(rollback);
        Ok(())
    }

    /// The factor of update `step` and those after it. Up to the last noted change it is what the notes
    /// say, whatever the file holds; from there on the file is looked at a few times a second.
    ///
    /// # Errors
    /// If a change cannot be noted.
    pub fn factor(&mut self, step: u64) -> Result<f64> {
        let replays = self.noted.last().is_some_and(|last| step < last.step);
        if !replays && self.looked.is_none_or(|at| at.elapsed() >= LOOKS) {
            self.looked = Some(Instant::now());
            self.look(step)?;
        }
        Ok(self.noted(step))
    }

    /// The factor of update `step`, as far as it is noted.
    pub fn noted(&self, step: u64) -> f64 {
        let before = self.noted.iter().rev().find(|o| o.step <= step);
        before.map_or(1.0, |o| o.factor)
    }

    /// The next noted change after `step`.
    pub fn next(&self, step: u64) -> Option<u64> {
        self.noted.iter().map(|o| o.step).find(|&at| at > step)
    }

    /// What is wrong with the file, once.
    pub fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    fn look(&mut self, step: u64) -> Result<()> {
        let Ok(text) = fs::read_to_string(&self.file) else {
            return Ok(());
        };
        let current = self.noted.last().map_or(1.0, |o| o.factor);
        match text.trim().parse::<f64>() {
            // An editor may have emptied the file before it writes it.
            _ if text.trim().is_empty() => Ok(()),
            Ok(factor) if factor == current => Ok(()),
            Ok(factor) if factor.is_finite() && factor >= 0.0 => {
                let change = Override {
                    step,
                    factor,
                    rollback: false,
                };
                journal::append(&self.log, &change)?;
                self.noted.push(change);
                Ok(())
            }
            _ => {
                self.complaint = Some(format!(
                    "{}: `{}` is not a number from 0; the factor stays {current}",
                    self.file.display(),
                    text.trim()
                ));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change counts from the update that sees it, is noted, and is replayed whatever the file says
    /// later.
    #[test]
    fn changes_are_noted_and_replayed() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::fresh(root.path(), "a").unwrap();
        let mut live = Live::of(&run).unwrap();
        assert_eq!(live.factor(0).unwrap(), 1.0);
        fs::write(run.file(FACTOR), "0.5\n").unwrap();
        live.looked = None;
        assert_eq!(live.factor(7).unwrap(), 0.5);
        fs::write(run.file(FACTOR), "2").unwrap();
        live.looked = None;
        assert_eq!(live.factor(9).unwrap(), 2.0);

        let mut again = Live::of(&run).unwrap();
        fs::write(run.file(FACTOR), "3").unwrap();
        assert_eq!(again.factor(0).unwrap(), 1.0);
        assert_eq!(again.next(0), Some(7));
        assert_eq!(again.factor(8).unwrap(), 0.5);
        assert_eq!(again.factor(9).unwrap(), 3.0);
    }

    /// Going back undoes what came after, halves what was in force, and is remembered.
    #[test]
    fn going_back_is_noted() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::fresh(root.path(), "a").unwrap();
        let mut live = Live::of(&run).unwrap();
        fs::write(run.file(FACTOR), "0.8").unwrap();
        assert_eq!(live.factor(50).unwrap(), 0.8);
        live.roll_back(40, 0.4).unwrap();
        for mut live in [live, Live::of(&run).unwrap()] {
            live.looked = None;
            let factors = [39, 40, 50, 90].map(|step| live.factor(step).unwrap());
            assert_eq!(factors, [1.0, 0.4, 0.4, 0.4]);
            assert_eq!((live.rollbacks(), live.next(40)), (1, None));
        }
    }

    /// What is no factor is said and changes nothing.
    #[test]
    fn nonsense_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::fresh(root.path(), "a").unwrap();
        let mut live = Live::of(&run).unwrap();
        fs::write(run.file(FACTOR), "-1").unwrap();
        assert_eq!(live.factor(0).unwrap(), 1.0);
        assert!(live.complaint().is_some_and(|c| c.contains("`-1`")));
        assert_eq!(live.complaint(), None);
    }
}
