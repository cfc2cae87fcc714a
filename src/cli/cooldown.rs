//! `kiln cooldown`: a decay of the rate branches off a run that trains at a constant one. The run stays as it
//! is; its rate can be cooled down from any of its checkpoints, as often as one likes.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{ArgMatches, Args, FromArgMatches};

use super::{
    Outcome,
    config::{self, Settings},
    number,
    progress::significant,
    ready::Ready,
    saving::CHECKPOINTS,
    tell,
    train::{self, Job, Train},
};
use crate::{
    error::{Error, Result},
    files::write_atomically,
    report::rows::Rows,
    run::{self, Checkpoint, RunDir},
    train::{Metrics, Weights},
};

/// `kiln cooldown`.
#[derive(Args)]
pub(super) struct Cooldown {
    /// The run to branch off, or one of its checkpoints
    #[arg(long, value_name = "RUN")]
    from: PathBuf,
    /// The checkpoint to branch off at, by its updates [default: the last one]
    #[arg(long, value_name = "STEP", value_parser = number::whole(0u64, 500))]
    at: Option<u64>,
    /// Updates of the decay: 500, 2ep, or 10% of those before it
    #[arg(long, value_name = "N")]
    over: Over,
    /// The decay's shape: one_minus_sqrt, linear, cosine, "polynomial(power=2)", …
    #[arg(long, value_name = "SHAPE", default_value = "one_minus_sqrt")]
    schedule: String,
    /// The rate at its end [default: 0]
    #[arg(long, value_name = "LR", value_parser = number::decimal::<f64>("1e-5"), allow_negative_numbers = true)]
    to: Option<f64>,
    /// Branch off although the rate was not constant before
    #[arg(long)]
    force: bool,
    /// Write the run into this new directory [default: runs/NAME-cooldown-1, -2, …]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long, help_heading = "Output")]
    quiet: bool,
    /// Another device than the run's
    #[arg(long, value_name = "DEVICE", help_heading = "Machine")]
    device: Option<String>,
}

/// How long a decay lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    Updates(u64),
    Epochs(f64),
    Percent(f64),
}

impl FromStr for Over {
    type Err = String;

    fn from_str(text: &str) -> Result<Over, String> {
        let share = |digits: &str| {
            digits
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|x| *x > 0.0 && *x < 1e6)
        };
        let part = |unit: &str| text.strip_suffix(unit).and_then(share);
        let whole = || text.strip_suffix("up").unwrap_or(text).parse::<u64>().ok();
        match (part("%"), part("ep"), whole()) {
            (Some(x), ..) => Ok(Over::Percent(x)),
            (_, Some(x), _) => Ok(Over::Epochs(x)),
            (.., Some(n)) if (1..1 << 40).contains(&n) => Ok(Over::Updates(n)),
            _ => Err(
                "expected updates (500), epochs (2ep) or a share of the run so far (10%), above 0"
                    .into(),
            ),
        }
    }
}

impl Over {
    fn updates(self, step: u64, per_epoch: u64) -> u64 {
        let of = |share: f64, whole: u64| ((share * whole as f64).round() as u64).max(1);
        match self {
            Over::Updates(n) => n,
            Over::Epochs(n) => of(n, per_epoch),
            Over::Percent(p) => of(p / 100.0, step),
        }
    }
}

/// Settings that the branch decides itself, or that would end it early.
const OWN: [&str; 13] = [
    "lr-scale",
    "base-batch",
    "schedule",
    "swa",
    "epochs",
    "max-steps",
    "momentum-schedule",
    "weight-decay-schedule",
    "monitor",
    "observe",
    "patience",
    "max-time",
    "until",
];

impl Cooldown {
    pub(super) fn run(mut self) -> Result<Outcome> {
        self.split_off_checkpoint()?;
        if let Some(dir) = &self.out {
            run::check_free(dir)?;
        }
        let to = self.to.unwrap_or(0.0);
        if !(to.is_finite() && to >= 0.0) {
            return Err(Error::Usage(format!(
                "--to must be a number from 0, not {to}"
            )));
        }
        let setup = train::setup_of(&self.from)?;
        let old = setup.ready()?;
        let mut checkpoint = self.checkpoint(&old)?;
        let step = checkpoint.snapshot.state.step;
        let metrics = self.from.join(run::METRICS);
        let rate = self.rate(&Rows::read(&metrics)?, step)?;
        if to >= rate || rate.is_nan() {
            return Err(Error::Usage(format!(
                "--to {to:e} is not below {}, the rate that the run applied last: nothing would cool down",
                significant(rate)
            )));
        }
        let per_epoch = old.session.epochs.updates();
        let over = self.over.updates(step, per_epoch);
        let shape = self.shape()?;
        let changed = setup.cooled(&old, (&shape, rate), (step, over))?;
        // What controllers have made of the rate is in it; from here on there are none.
        checkpoint.snapshot.state.controllers.clear();
        if old.config.swa.is_some() && changed.iter().all(|(key, _)| *key != "swa") {
            eprintln!(
                "note: the branch ends before --swa would begin: it keeps no mean of the weights"
            );
            let averages = &mut checkpoint.snapshot.averages;
            averages.retain(|(which, _)| *which != Weights::Swa);
        }
        let matches = self.matches(&changed, step + over)?;
        let mut train = Train::from_arg_matches(&matches)
            .map_err(|e| Error::file(&self.from.join(run::CONFIG), e.to_string()))?;
        train.flags.quiet = self.quiet;
        // Weights come from the checkpoint: the file that the run began with may be gone.
        train.flags.setup.init = None;
        let ready = train.flags.setup.ready()?;
        let mut settings = Settings::of(&train::command(), &matches);
        let useless = train.flags.setup.useless(&train.flags.saving, &ready)?;
        useless.iter().for_each(|it| it.leave_out(&mut settings));
        if !self.quiet {
            tell(format_args!(
                "branching off {} after {step} updates: {shape} from {} over {over} updates",
                self.from.display(),
                significant(rate)
            ));
        }
        let bytes = checkpoint.notes.metrics_bytes;
        let evaluations = Metrics::evaluations(&metrics, bytes)?;
        let first = Checkpoint {
            path: checkpoint.path.clone(),
            snapshot: checkpoint.snapshot.clone(),
            notes: checkpoint.notes.clone(),
        };
        let keep = train.flags.saving.keep.unwrap_or(CHECKPOINTS) as usize;
        Job {
            flags: &train.flags,
            settings,
            ready,
            from: Some((checkpoint, evaluations)),
            change: None,
        }
        .run(|ready| self.directory(ready, first, keep, &metrics).map(Some))
    }

    /// `RUN/checkpoints/last` means that checkpoint of RUN.
    fn split_off_checkpoint(&mut self) -> Result<()> {
        let (path, dir) = (self.from.canonicalize().ok(), "checkpoints");
        let Some(path) = path.filter(|path| path.parent().is_some_and(|p| p.ends_with(dir))) else {
            return Ok(());
        };
        let step = run::Checkpoints::step_in(&path);
        let run = path.parent().and_then(Path::parent).map(Path::to_path_buf);
        let (Some(step), Some(run)) = (step, run) else {
            return Ok(());
        };
        match self.at.replace(step) {
            Some(at) => Err(Error::Usage(format!(
                "--at {at} has no effect: --from {} names the checkpoint after {step} updates",
                self.from.display()
            ))),
            None => {
                self.from = run;
                Ok(())
            }
        }
    }

    /// The checkpoint, of the data that there is.
    fn checkpoint(&self, old: &Ready) -> Result<Checkpoint> {
        let params: Vec<_> = old.network.params().collect();
        let checkpoints = run::Checkpoints::of(&self.from, 1);
        let checkpoint = match self.at {
            Some(step) => checkpoints.at(step, &params)?,
            None => {
                let (latest, damaged) = checkpoints.latest(&params)?;
                for e in damaged {
                    eprintln!("note: passed over a damaged checkpoint: {e}");
                }
                latest
            }
        };
        if old.data.digest() != checkpoint.notes.data {
            return Err(Error::Usage(format!(
                "{}: the data is not what {} was trained on; bring it back",
                old.data.name,
                self.from.display()
            )));
        }
        Ok(checkpoint)
    }

    /// The rate that the run applied last before `step`, if it was constant for a while.
    fn rate(&self, rows: &Rows, step: u64) -> Result<f64> {
        if step == 0 {
            return Err(Error::Usage(format!(
                "{}: no update was applied before its checkpoint, so there is no rate to cool down from",
                self.from.display()
            )));
        }
        let before = rows.updates.partition_point(|u| u.step < step);
        let window = (step / 20).clamp(2, 1000) as usize;
        let recent = before.saturating_sub(window)..before;
        let recent = rows.updates.get(recent).unwrap_or_default();
        let last = recent
            .last()
            .filter(|u| u.step.saturating_add(1) == step)
            .ok_or_else(|| {
                Error::file(
                    &self.from.join(run::METRICS),
                    format!(
                        "has no row of update {}, the last before the checkpoint",
                        step - 1
                    ),
                )
            })?;
        let rate = last.lr;
        let moved = recent
            .iter()
            .find(|u| (u.lr - rate).abs() > 1e-9 * rate.abs());
        match moved {
            Some(other) if !self.force => Err(Error::Usage(format!(
                "{}: the rate was not constant before update {step}: update {} applied {}, the last one {}. A \
                 cooldown belongs after a constant rate: branch off at an earlier checkpoint with --at, train \
                 on with `kiln resume --on-change …`, or say --force",
                self.from.display(),
                other.step,
                significant(other.lr),
                significant(rate)
            ))),
            None if self.force => Err(Error::Usage(
                "--force has no effect: the rate was constant; remove it".into(),
            )),
            _ => Ok(rate),
        }
    }

    /// The decay as it is written, with its end.
    fn shape(&self) -> Result<String> {
        match self.to {
            None => Ok(self.schedule.clone()),
            Some(_) if self.schedule.contains('(') => Err(Error::Usage(format!(
                "--to has no effect on `{}`, which has arguments of its own; write to=… among them",
                self.schedule
            ))),
            Some(to) => Ok(format!("{}(to={to:?})", self.schedule)),
        }
    }

    /// The settings of the branch: the run's, but for those of the schedule.
    fn matches(&self, changed: &[(&str, String)], steps: u64) -> Result<ArgMatches> {
        let (command, file) = (train::command(), self.from.join(run::CONFIG));
        let kept = config::flags_of(&file, &command, &[])?
            .into_iter()
            .filter(|flag| {
                let text = flag.to_string_lossy();
                let name = text.trim_start_matches("--").split('=').next();
                !name.is_some_and(|name| OWN.contains(&name))
            });
        let mut args = vec![OsString::from("kiln")];
        args.extend(kept);
        args.extend(
            changed
                .iter()
                .map(|(key, text)| format!("--{key}={text}").into()),
        );
        args.push(format!("--max-steps={steps}").into());
        args.extend(
            self.device
                .iter()
                .map(|device| format!("--device={device}").into()),
        );
        let parsed = command.args_override_self(true).try_get_matches_from(args);
        parsed.map_err(|e| Error::Usage(config::first_words(&e)))
    }

    /// The branch's directory, with the rows and the checkpoint that it goes on from.
    fn directory(
        &self,
        ready: &Ready,
        first: Checkpoint,
        keep: usize,
        metrics: &Path,
    ) -> Result<RunDir> {
        let run = match &self.out {
            Some(dir) => RunDir::create(dir)?,
            None => {
                let name = self.from.file_name().map(|name| name.to_string_lossy());
                let name = format!("{}-cooldown", run::slug(&name.unwrap_or_default()));
                RunDir::fresh(Path::new("runs"), &name)?
            }
        };
        let rows = fs::read(metrics).map_err(Error::io(metrics))?;
        let whole = rows
            .get(..first.notes.metrics_bytes as usize)
            .ok_or_else(|| {
                Error::file(
                    metrics,
                    "is shorter than when the checkpoint was written; rows are missing",
                )
            })?;
        write_atomically(&run.file(run::METRICS), whole)?;
        let params: Vec<_> = ready.network.params().collect();
        run.checkpoints(keep)
            .save(&params, &first.snapshot, first.notes, false)?;
        Ok(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths are read as people write them, and are never nothing.
    #[test]
    fn lengths() {
        assert_eq!("500".parse(), Ok(Over::Updates(500)));
        assert_eq!("10%".parse(), Ok(Over::Percent(10.0)));
        assert_eq!("2ep".parse(), Ok(Over::Epochs(2.0)));
        for wrong in ["0", "-1", "0%", "ten", "nan%", "5 years"] {
            assert!(wrong.parse::<Over>().is_err(), "{wrong}");
        }
        assert_eq!(Over::Percent(10.0).updates(1005, 45), 101);
        assert_eq!(Over::Epochs(0.001).updates(1000, 45), 1);
    }
}
