//! A run that goes back to its last checkpoint by itself: with half the rate after an update that was not
//! finite, or on a device that is opened again after it was lost.

use std::{thread, time::Duration};

use super::{
    faults::{Lost, Nonfinite, slow_down},
    train::Job,
    watch::Watcher,
};
use crate::{
    device::Needs,
    error::{Error, Result},
    exec,
    run::{Checkpoint, RunDir},
    train::Trainer,
};

/// Attempts to open a device again, with pauses that grow: a driver that is reset takes a while.
const ATTEMPTS: u32 = 5;

/// Times that the device may be lost after the same checkpoint.
const LOSSES: u32 = 3;

/// What has gone wrong so far.
pub(super) struct Recovery<'r> {
    run: Option<&'r RunDir>,
    /// What the device was, in words: numbers of another one would differ.
    device: &'r str,
    /// The update of the checkpoint that the run last went on from, and how often it did.
    lost: (u64, u32),
}

impl<'r> Recovery<'r> {
    pub(super) fn new(run: Option<&'r RunDir>, device: &'r str) -> Recovery<'r> {
        Recovery {
            run,
            device,
            lost: (0, 0),
        }
    }
}

impl Job<'_> {
    /// Trains to the end, going back where that was asked for.
    pub(super) fn train<'a>(
        &'a self,
        trainer: &mut Trainer<'a>,
        watcher: &mut Watcher,
        mut recovery: Recovery,
    ) -> Result<bool> {
        let faults = &self.flags.faults;
        loop {
            let error = match trainer.run(self.ready.steps, watcher) {
                Ok(complete) => return Ok(complete),
                Err(e) => e,
            };
            let Some(run) = recovery.run else {
                return Err(error);
            };
            match error {
                Error::Diverged(_) if faults.on_nonfinite == Nonfinite::Rollback => {
                    self.roll_back(run, error, trainer, watcher)?;
                }
                Error::Lost(_) if faults.on_device_lost == Lost::Retry => {
                    self.retry(run, error, trainer, watcher, &mut recovery)?;
                }
                _ => return Err(error),
            }
        }
    }

    fn latest(&self, run: &RunDir) -> Result<Checkpoint> {
        let params: Vec<_> = self.ready.network.params().collect();
        Ok(run.checkpoints(1).latest(&params)?.0)
    }

    fn roll_back(
        &self,
        run: &RunDir,
        error: Error,
        trainer: &mut Trainer,
        watcher: &mut Watcher,
    ) -> Result<()> {
        let at = watcher.last.as_ref().map_or(0, |row| row.step);
        let checkpoint = self.latest(run)?;
        let step = checkpoint.snapshot.state.step;
        if let Some(writer) = &mut watcher.writer {
            let said = slow_down(&mut writer.live, error, [at, step])?;
            watcher.screen.note(&said);
        }
        trainer.restore(&checkpoint.snapshot)?;
        watcher.go_back(run, &checkpoint)
    }

    fn retry<'a>(
        &'a self,
        run: &RunDir,
        error: Error,
        trainer: &mut Trainer<'a>,
        watcher: &mut Watcher,
        recovery: &mut Recovery,
    ) -> Result<()> {
        let checkpoint = self.latest(run)?;
        let step = checkpoint.snapshot.state.step;
        recovery.lost = match recovery.lost {
            (at, times) if at == step => (at, times + 1),
            _ => (step, 1),
        };
        if recovery.lost.1 > LOSSES {
            return Err(Error::Lost(format!(
                "{error}; it was lost {LOSSES} times before, each time before the next checkpoint. A smaller batch \
                 or --save-every may get further"
            )));
        }
        watcher.screen.note(&format!(
            "{error}; it is opened again, and the run goes on from the checkpoint after {step} updates"
        ));
        *trainer = self.reopened(recovery.device, error)?;
        trainer.restore(&checkpoint.snapshot)?;
        watcher.go_back(run, &checkpoint)
    }

    /// A trainer on the same device, opened again.
    fn reopened(&self, device: &str, error: Error) -> Result<Trainer<'_>> {
        let ready = &self.ready;
        let plan = &ready.session.plan;
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                thread::sleep(Duration::from_secs(1 << (attempt - 1)));
            }
            let opened = self.flags.machine.open(Needs::of(plan));
            let exec = opened.and_then(|(machine, line)| match line == device {
                true => exec::on(machine, plan),
                false => Err(Error::Lost(format!(
                    "there is only another one now: {line}"
                ))),
            });
            let trainer = exec.and_then(|exec| {
                let (session, config) = (&ready.session, &ready.config);
                let rate = ready.rate.clone();
                Trainer::new(exec, session, config, rate, &ready.data, &ready.weights)
            });
            match trainer {
                Ok(trainer) => return Ok(trainer),
                Err(e) => why = e.to_string(),
            }
        }
        Err(Error::Lost(format!(
            "{error}; it could not be opened again in {ATTEMPTS} attempts: {why}"
        )))
    }
}

/// What is left of a run that failed.
pub(super) fn kept(error: Error, run: Option<&RunDir>) -> Error {
    let last = run.and_then(|run| Some((run, run.checkpoints(1).last()?)));
    match (error, last, run) {
        (Error::Diverged(why), _, Some(run)) => Error::Diverged(format!(
            "{why}. No model was written; {} keeps the rows up to here, so give the next run another --out",
            run.path().display()
        )),
        (Error::Diverged(why), _, None) => Error::Diverged(format!("{why}. Nothing was written")),
        (error @ (Error::Lost(_) | Error::Io { .. } | Error::Device(_)), Some((run, step)), _) => {
            let path = run.path().display();
            error.advised(format!(
                "The checkpoint after {step} updates is whole; go on from it with: kiln resume {path}"
            ))
        }
        (error @ Error::Lost(_), None, Some(run)) => error.advised(format!(
            "There is no checkpoint yet; kiln resume {} begins the run again",
            run.path().display()
        )),
        (error, ..) => error,
    }
}
