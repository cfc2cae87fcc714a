//! What happens around the updates: rows, the screen, checkpoints, the live factor, and the reasons
//! to stop.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    faults::{Kind, Unwritten},
    leave,
    saving::{Every, Saving},
    screen::{End, Screen, reason},
    setup::Watched,
    signal::Signal,
};
use crate::{
    error::{Error, Result},
    model::Param,
    report::live::Following,
    run::{self, Checkpoint, Checkpoints, Live, Notes, RunDir},
    train::{Evaluation, Metrics, Observer, Snapshot, Update},
};

/// The shortest time between two checkpoints that nobody asked for in particular.
const GAP: Duration = Duration::from_secs(5);

/// How long a row may wait to be seen by others.
const UNSEEN: Duration = Duration::from_secs(1);

/// Why a run ended before its last update.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    Signal,
    Patience(u32),
    Time,
    Target(String),
}

/// Everything that a run with a directory writes.
pub(super) struct Writer<'a> {
    pub(super) metrics: Metrics,
    /// TensorBoard's events, which follow the rows.
    pub(super) events: Option<Following>,
    pub(super) checkpoints: Checkpoints,
    pub(super) live: Live,
    pub(super) params: Vec<&'a Param>,
    /// A digest of the data, worked out when it is first needed.
    pub(super) data: Box<dyn Fn() -> u64 + 'a>,
}

/// See the module.
pub(super) struct Watcher<'a> {
    pub(super) screen: Box<dyn Screen>,
    pub(super) writer: Option<Writer<'a>>,
    saving: &'a Saving,
    monitor: Watched,
    per_epoch: u64,
    pub(super) last: Option<Update>,
    /// The best evaluation so far, and how many came after it.
    pub(super) best: Option<Evaluation>,
    worse: u32,
    /// Whether the best evaluation's weights are still to be saved.
    best_unsaved: bool,
    signal: Signal,
    /// The live factor that the screen knows of.
    factor: f64,
    pub(super) stop: Option<Stop>,
    started: Instant,
    /// Seconds that the run had taken before.
    before: f64,
    /// The last checkpoint that was written, or could not be.
    saved: Option<(u64, Instant)>,
    pub(super) unwritten: Unwritten,
    /// When rows were last handed to the operating system.
    flushed: Instant,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        screen: Box<dyn Screen>,
        writer: Option<Writer<'a>>,
        (saving, monitor, unwritten): (&'a Saving, Watched, Unwritten),
        per_epoch: u64,
        signal: Signal,
    ) -> Watcher<'a> {
        Watcher {
            screen,
            writer,
            saving,
            monitor,
            per_epoch,
            last: None,
            best: None,
            worse: 0,
            best_unsaved: false,
            signal,
            factor: 1.0,
            stop: None,
            started: Instant::now(),
            before: 0.0,
            saved: None,
            unwritten,
            flushed: Instant::now(),
        }
    }

    /// Goes on after `step` updates that took `seconds`, with the evaluations they brought. `kept` is the update
    /// before which the best checkpoint was written.
    pub(super) fn resume(
        &mut self,
        (step, seconds): (u64, f64),
        evaluations: &[Evaluation],
        kept: Option<u64>,
    ) {
        self.before = seconds;
        self.saved = Some((step, Instant::now()));
        evaluations.iter().for_each(|row| self.judge(row));
        // Weights that are not there cannot be the result.
        if self.best.as_ref().map(|best| best.step) != kept {
            if kept.is_some() {
                eprintln!(
                    "note: the best checkpoint is not the one that --best means now: what is best is judged anew"
                );
            }
            (self.best, self.worse) = (None, 0);
        }
        self.screen.past(evaluations);
        self.best_unsaved = false;
        // A run that had ended by itself has not begun to do better.
        if let Some(last) = evaluations.last() {
            self.decide(last);
        }
    }

    /// Goes on from a checkpoint of this run, whose later rows go.
    pub(super) fn go_back(&mut self, run: &RunDir, checkpoint: &Checkpoint) -> Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        if let Some(events) = writer.events.take() {
            // They are written anew, and at the end once more.
            let _ = events.finish();
        }
        let (path, bytes) = (run.file(run::METRICS), checkpoint.notes.metrics_bytes);
        writer.metrics = Metrics::resume(&path, bytes)?;
        let evaluations = Metrics::evaluations(&path, bytes)?;
        writer.events = Some(Following::start(path, run.file(leave::TENSORBOARD)));
        let kept = run.checkpoints(1).named("best");
        let kept = kept.and_then(|path| Checkpoints::step_in(&path));
        let before = self.before;
        (self.best, self.worse, self.stop, self.last) = (None, 0, None, None);
        self.resume((checkpoint.snapshot.state.step, before), &evaluations, kept);
        Ok(())
    }

    /// Seconds spent on the run.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Writes a checkpoint, after every row that belongs before it; one that cannot be written is passed over
    /// where that was asked for.
    pub(super) fn save(&mut self, snapshot: &Snapshot) -> Result<()> {
        let result = self.write(snapshot);
        let saved = self
            .unwritten
            .pass(Kind::Checkpoint, result, self.screen.as_mut())?;
        if let Some(Some(path)) = &saved {
            self.screen.checkpoint(snapshot.state.step, path);
            self.best_unsaved = false;
        }
        self.saved = Some((snapshot.state.step, Instant::now()));
        Ok(())
    }

    /// What came of an attempt to write rows; those that only wait say nothing about it.
    pub(super) fn rows(&mut self, result: Result<()>) -> Result<()> {
        let waits = |w: &Writer| w.metrics.waits();
        if result.is_ok() && self.writer.as_ref().is_some_and(waits) {
            return Ok(());
        }
        let passed = self
            .unwritten
            .pass(Kind::Rows, result, self.screen.as_mut());
        passed.map(drop)
    }

    fn write(&mut self, snapshot: &Snapshot) -> Result<Option<PathBuf>> {
        let seconds = self.seconds();
        let Some(writer) = &mut self.writer else {
            return Ok(None);
        };
        let notes = Notes {
            kiln: env!("CARGO_PKG_VERSION").into(),
            metrics_bytes: writer.metrics.sync()?,
            data: (writer.data)(),
            seconds,
        };
        let (params, best) = (&writer.params, self.best_unsaved);
        let path = writer.checkpoints.save(params, snapshot, notes, best)?;
        Ok(Some(path))
    }

    /// Shows how the run ended, after `steps` updates.
    pub(super) fn end(&mut self, error: Option<&Error>, steps: u64, run: Option<&RunDir>) {
        let diverged = matches!(error, Some(Error::Diverged(_)));
        let at = self.last.as_ref().filter(|_| diverged);
        self.screen.end(&End {
            reason: match error {
                Some(_) if diverged => "diverged",
                Some(_) => "error",
                None => reason(self.stop.as_ref()),
            },
            step: at.map_or(steps, |row| row.step),
            seconds: self.seconds(),
            run: run.map(|run| run.path().display().to_string()),
            best: self.best.as_ref(),
        });
    }

    /// How the run ended, for people who come later; it leaves the weights after `kept` updates.
    pub(super) fn how(&self, error: Option<&Error>, kept: u64) -> String {
        match (error, &self.stop) {
            (Some(Error::Diverged(_)), _) => {
                let at = self.last.as_ref().map_or(kept, |row| row.step);
                format!("diverged at update {at}")
            }
            (Some(e), _) => format!("failed: {e}"),
            (None, None) => "complete".into(),
            (None, Some(Stop::Signal)) => "stopped by signal".into(),
            (None, Some(Stop::Patience(_))) => {
                format!("stopped early by --patience: the weights are those after {kept} updates")
            }
            (None, Some(Stop::Time)) => "stopped by --max-time".into(),
            (None, Some(Stop::Target(until))) => format!("reached --until {until}"),
        }
    }

    /// Whether this evaluation is the best so far, and how long ago that was.
    fn judge(&mut self, row: &Evaluation) {
        let better = match &self.best {
            None => true,
            Some(best) => is_better(row, best, self.monitor),
        };
        match better {
            true => {
                self.best = Some(row.clone());
                (self.worse, self.best_unsaved) = (0, true);
            }
            false => self.worse += 1,
        }
    }

    /// Whether the run ends with this evaluation, which has been judged.
    fn decide(&mut self, row: &Evaluation) {
        if self.saving.patience.is_some_and(|most| self.worse >= most) {
            self.stop = Some(Stop::Patience(self.worse));
        }
        if let Some(until) = self.saving.until.as_ref().filter(|u| u.reached(row)) {
            self.stop = Some(Stop::Target(until.to_string()));
        }
    }

    fn due(&self, step: u64) -> bool {
        let (saved, at) = match self.saved {
            Some((saved, at)) => (saved, at),
            None => (0, self.started),
        };
        let passed = |every: u64| step / every > saved / every;
        match self.saving.save_every {
            None => passed(self.per_epoch) && at.elapsed() >= GAP,
            Some(Every::Updates(n)) => passed(n),
            Some(Every::Epochs(n)) => passed(n.saturating_mul(self.per_epoch)),
            Some(Every::Time(t)) => at.elapsed() >= t,
        }
    }
}

/// Of equal accuracies the one with the lower loss is better: the first is that of the least trained weights.
fn is_better(row: &Evaluation, best: &Evaluation, monitor: Watched) -> bool {
    let lower = row.eval_loss < best.eval_loss;
    match monitor {
        Watched::EvalAccuracy if row.eval_accuracy == best.eval_accuracy => lower,
        Watched::EvalAccuracy => row.eval_accuracy > best.eval_accuracy,
        _ => lower,
    }
}

impl Observer for Watcher<'_> {
    fn update(&mut self, row: &Update) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            let written = writer.metrics.row(row);
            self.rows(written)?;
        }
        self.screen.update(row);
        self.last = Some(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            let written = writer.metrics.row(row);
            let written = written.and_then(|()| writer.metrics.flush());
            self.rows(written)?;
        }
        self.judge(row);
        self.decide(row);
        self.screen.evaluation(row);
        Ok(())
    }

    fn note(&mut self, text: &str) {
        self.screen.note(text);
    }

    fn should_stop(&self) -> bool {
        self.stop.is_some() || self.signal.raised()
    }

    fn factor(&mut self, step: u64) -> Result<f64> {
        if let Some(most) = self.saving.max_time
            && self.seconds() >= most.0.as_secs_f64()
        {
            self.stop = Some(Stop::Time);
        }
        if self.flushed.elapsed() >= UNSEEN {
            self.flushed = Instant::now();
            let flushed = self.writer.as_mut().map(|w| w.metrics.flush());
            self.rows(flushed.unwrap_or(Ok(())))?;
        }
        let Some(writer) = &mut self.writer else {
            return Ok(1.0);
        };
        let factor = writer.live.factor(step)?;
        if let Some(complaint) = writer.live.complaint() {
            self.screen.note(&complaint);
        }
        if factor != self.factor {
            self.factor = factor;
            self.screen.factor(step, factor);
        }
        Ok(factor)
    }

    fn pause_at(&self, step: u64) -> u64 {
        let noted = self.writer.as_ref().and_then(|w| w.live.next(step));
        let save = match self.saving.save_every {
            Some(Every::Updates(n)) if self.writer.is_some() => (step / n + 1).saturating_mul(n),
            _ => u64::MAX,
        };
        save.min(noted.unwrap_or(u64::MAX))
    }

    fn wants_snapshot(&mut self, step: u64) -> bool {
        let fresh = self.saved.is_none_or(|(saved, _)| step > saved);
        self.writer.is_some()
            && step > 0
            && fresh
            && (self.best_unsaved && !self.unwritten.is_failing() || self.due(step))
    }

    fn snapshot(&mut self, snapshot: Snapshot) -> Result<()> {
        self.save(&snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the best weights from being the least trained of those that are equally accurate.
    #[test]
    fn the_loss_decides_between_equal_accuracies() {
        let row = |eval_accuracy, eval_loss| Evaluation {
            eval_accuracy,
            eval_loss,
            ..Evaluation::default()
        };
        let best = row(Some(0.9), 0.5);
        let by = |other: Evaluation, monitor| is_better(&other, &best, monitor);
        assert!(by(row(Some(0.9), 0.4), Watched::EvalAccuracy));
        assert!(!by(row(Some(0.9), 0.5), Watched::EvalAccuracy));
        assert!(!by(row(Some(0.9), f64::NAN), Watched::EvalAccuracy));
        assert!(by(row(Some(0.91), 0.9), Watched::EvalAccuracy));
        assert!(!by(row(Some(0.8), 0.1), Watched::EvalAccuracy));
        assert!(by(row(Some(0.8), 0.1), Watched::EvalLoss));
    }
}
