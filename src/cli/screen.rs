//! Where a run is shown: a bar, plain lines, a stream of JSON, the dashboard, or nowhere.

use std::{io::IsTerminal, path::Path};

use clap::Args;
use serde::Serialize;

use super::{
    dashboard::Dashboard, events::Events, progress::Progress, ready::Ready, signal::Signal,
    watch::Stop,
};
use crate::{
    error::{Error, Result},
    report::plots::Drawn,
    run::RunDir,
    train::{Evaluation, Update},
};

/// What a run tells of itself while it goes on. Nothing here may fail the run or keep it waiting.
pub(super) trait Screen {
    /// An update was applied; rows arrive in batches.
    fn update(&mut self, row: &Update);

    /// Something was evaluated.
    fn evaluation(&mut self, row: &Evaluation);

    /// Was evaluated before the run was interrupted.
    fn past(&mut self, _rows: &[Evaluation]) {}

    /// All that the run is before update `step` is in this directory.
    fn checkpoint(&mut self, _step: u64, _path: &Path) {}

    /// Another live factor multiplies the rate from update `step` on.
    fn factor(&mut self, step: u64, factor: f64);

    /// Something that the person should know.
    fn note(&mut self, text: &str);

    /// No more rows come: the terminal is left as it was found.
    fn finish(&mut self) {}

    /// Everything is written, or nothing more will be.
    fn end(&mut self, _end: &End) {}
}

/// The flags that ask for another screen than lines.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct Show {
    /// Print a JSON object per event and line, and nothing else: start, update, evaluation,
    /// checkpoint, factor, note, end
    #[arg(
        long,
        conflicts_with_all = ["quiet", "dashboard"],
        long_help = "Print a JSON object per event and line on standard output, and nothing else: start, \
                     update, evaluation, checkpoint, factor, note, end. Of the updates at most about ten \
                     a second, and always the last before an evaluation and at the end: metrics.jsonl in \
                     the run's directory has them all"
    )]
    pub(super) json: bool,
    /// Fill the terminal with curves, the schedule and a log; keys stop the run and change the rate
    #[arg(long, conflicts_with = "quiet")]
    pub(super) dashboard: bool,
}

/// What a run is, before its first update.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    pub(super) kiln: &'static str,
    /// The run's directory, if it has one.
    pub(super) run: Option<String>,
    pub(super) model: String,
    pub(super) parameters: u64,
    pub(super) data: String,
    pub(super) device: String,
    pub(super) schedule: String,
    pub(super) optimizer: String,
    /// The update that it begins with or goes on from.
    pub(super) step: u64,
    /// Updates of the whole run.
    pub(super) steps: u64,
    pub(super) updates_per_epoch: u64,
    pub(super) batch_size: u64,
    /// What lint says about the schedule.
    #[serde(skip)]
    pub(super) remarks: Vec<String>,
    /// The schedule over the whole run.
    #[serde(skip)]
    pub(super) rates: Drawn,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
pub(super) struct End<'a> {
    /// complete, signal, patience, time, target, diverged or error.
    pub(super) reason: &'static str,
    /// Updates applied; where the run diverged, the update that did.
    pub(super) step: u64,
    pub(super) seconds: f64,
    /// The run's directory, if it has one.
    pub(super) run: Option<String>,
    pub(super) best: Option<&'a Evaluation>,
}

impl Show {
    /// Refuses a dashboard where nobody could see it.
    pub(super) fn check(&self) -> Result<()> {
        if self.dashboard && !std::io::stdout().is_terminal() {
            return Err(Error::Usage(
                "--dashboard: standard output is not a terminal; remove the flag for plain lines, or use \
                 --json for a stream of events"
                    .into(),
            ));
        }
        Ok(())
    }

    /// The screen that was asked for.
    pub(super) fn open(
        &self,
        about: About,
        quiet: bool,
        signal: &Signal,
    ) -> Result<Box<dyn Screen>> {
        Ok(match (self.json, self.dashboard) {
            (true, _) => Box::new(Events::new(&about)),
            (_, true) => Box::new(Dashboard::open(about, signal.clone())?),
            _ => Box::new(Progress::new(
                about.steps,
                about.step,
                about.batch_size,
                quiet,
            )),
        })
    }
}

impl About {
    /// Of a run that goes on after `before` updates, on a device said in words.
    pub(super) fn of(ready: &Ready, run: Option<&RunDir>, before: u64, device: &str) -> About {
        let epochs = ready.session.epochs;
        let schedule = ready.rate.schedule();
        About {
            kiln: env!("CARGO_PKG_VERSION"),
            run: run.map(|run| run.path().display().to_string()),
            model: ready.model.clone(),
            parameters: ready.network.parameters(),
            data: ready.data.summary.clone(),
            device: device.into(),
            schedule: schedule.to_string(),
            optimizer: ready.config.optimizer.to_string(),
            step: before,
            steps: ready.steps,
            updates_per_epoch: epochs.updates(),
            batch_size: epochs.update_samples(),
            remarks: ready.remarks.clone(),
            rates: Drawn::of(schedule.to_string(), schedule, ready.steps),
        }
    }
}

/// A reason in one word.
pub(super) fn reason(stop: Option<&Stop>) -> &'static str {
    match stop {
        None => "complete",
        Some(Stop::Signal) => "signal",
        Some(Stop::Patience(_)) => "patience",
        Some(Stop::Time) => "time",
        Some(Stop::Target(_)) => "target",
    }
}
