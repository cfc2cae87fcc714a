//! `kiln resume`: a run goes on where its last checkpoint is, to the bit; or says what has changed.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::{
    Outcome,
    config::{Change, Settings},
    events,
    screen::End,
    setup::Setup,
    tell,
    train::{self, Flags, Job},
};
use crate::{
    error::{Error, Result},
    run::{self, RunDir},
    schedule::OnChange,
};

/// `kiln resume`.
#[derive(Args)]
pub(super) struct Resume {
    /// The run's directory
    #[arg(value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// What a changed schedule means: keep, replace, extend or rewarm
    #[arg(long, value_name = "HOW", long_help = WAYS)]
    on_change: Option<OnChange>,
    #[command(flatten)]
    flags: Flags,
}

/// What may be said.
const WAYS: &str = "What a changed schedule, rate, optimiser or length of the run means:
  keep     the old schedule as it was planned; updates beyond its end hold its last rate
  replace  the new schedule, as if it had been there from the first update on
  extend   the old schedule to its planned end, then the new one over what was added
  rewarm   from now on a linear warm-up to the new schedule, over what is left";

/// Settings of the old schedule, which `keep` keeps.
const KEPT: [&str; 6] = [
    "lr",
    "lr-scale",
    "base-batch",
    "schedule",
    "momentum-schedule",
    "weight-decay-schedule",
];

/// Settings that may change with a word about the schedule.
const STEERING: [&str; 11] = [
    "lr",
    "lr-scale",
    "base-batch",
    "schedule",
    "momentum-schedule",
    "weight-decay-schedule",
    "optimizer",
    "epochs",
    "max-steps",
    "monitor",
    "observe",
];

/// Settings that change nothing about the updates.
const FREE: [&str; 8] = [
    "device",
    "tuning",
    "save-every",
    "keep",
    "best",
    "patience",
    "max-time",
    "until",
];

impl Resume {
    /// The file with the run's settings, where there is one.
    pub(super) fn config(&self) -> Option<PathBuf> {
        Some(self.dir.join(run::CONFIG)).filter(|file| file.is_file())
    }

    pub(super) fn unset(&self) -> &Vec<String> {
        &self.flags.unset
    }

    /// `matches` are what clap made of the flags, those of the run's `config.toml` in front of them.
    pub(super) fn run(mut self, matches: &ArgMatches) -> Result<Outcome> {
        self.flags.show.check()?;
        let run = RunDir::open(&self.dir)?;
        let command = train::command();
        let old = Settings::of(&command, &train::matches_of(run.path())?);
        let settings = Settings::of(&command, matches);
        let changes = old.changes(&settings);
        refuse_fixed(&changes)?;
        let steering: Vec<&Change> = of(&changes, &STEERING);
        let how = self.agreed(&steering)?;
        let setup = train::setup_of(run.path())?;
        let params = setup.ready()?;
        let (checkpoint, damaged) = {
            let list: Vec<_> = params.network.params().collect();
            run.checkpoints(1).latest(&list)?
        };
        for e in damaged {
            eprintln!("note: passed over a damaged checkpoint: {e}");
        }
        // Weights come from the checkpoint: the file that the run began with may be gone.
        self.flags.setup.init = None;
        let change = match how {
            None => None,
            Some(how) => Some(run::Change {
                step: checkpoint.snapshot.state.step,
                how: how.to_string(),
                settings: steering
                    .into_iter()
                    .cloned()
                    .map(|(key, a, b)| (key, [a, b]))
                    .collect(),
                schedules: self.flags.setup.changed(
                    &setup,
                    how,
                    checkpoint.snapshot.state.step,
                    params.session.epochs.updates(),
                )?,
            }),
        };
        let asked = self.flags.setup.clone();
        // What a person asked for stays in the settings; what came of it is applied.
        let before = run::changes(run.path())?;
        if let Some(change) = change.as_ref().or(before.last()) {
            self.flags.setup = self.flags.setup.with(&change.schedules);
        }
        let given: Vec<String> = changes.iter().map(|(key, ..)| key.clone()).collect();
        self.go(
            run,
            (settings, change),
            checkpoint,
            (setup, params),
            (asked, given),
        )
    }

    fn go(
        self,
        run: RunDir,
        (mut settings, change): (Settings, Option<run::Change>),
        mut checkpoint: run::Checkpoint,
        (old, params): (Setup, super::ready::Ready),
        (asked, given): (Setup, Vec<String>),
    ) -> Result<Outcome> {
        let same = old.same_run(&self.flags.setup);
        let ready = if same {
            params
        } else {
            self.flags.setup.ready()?
        };
        let digest = ready.data.digest();
        if digest != checkpoint.notes.data {
            return Err(Error::Usage(format!(
                "{}: the training data is not what the run was started with; bring it back, or start a \
                 new run with --init {}",
                ready.data.name,
                run.file(run::MODEL).display()
            )));
        }
        let step = checkpoint.snapshot.state.step;
        if step >= ready.steps {
            self.complete(&run, &checkpoint);
            return Ok(Outcome::Done);
        }
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        for useless in asked.useless(&self.flags.saving, &ready)? {
            // What the run was begun with may have had an effect then.
            match useless.is_of(&given) {
                true => return Err(useless.refuse()),
                false => useless.leave_out(&mut settings),
            }
            // A schedule without controllers needs no word about what they watch.
            if !useless.is_of(&["monitor", "observe"]) {
                eprintln!("note: {}", useless.refuse());
            }
        }
        if !old.same_controllers(&self.flags.setup)? {
            let state = &mut checkpoint.snapshot.state;
            state.controllers = ready.rate.saved();
            let control = ready.session.first_control();
            state.control = control.iter().map(|word| word.to_bits()).collect();
        }
        if !self.flags.wordless() {
            tell(format_args!(
                "resuming {} after {step} of {} updates",
                run.path().display(),
                ready.steps
            ));
        }
        let metrics = run.file(run::METRICS);
        let evaluations = train::evaluations(&metrics, checkpoint.notes.metrics_bytes)?;
        Job {
            flags: &self.flags,
            settings,
            ready,
            from: Some((checkpoint, evaluations)),
            change,
        }
        .run(|_| Ok(Some(run)))
    }

    /// Says that nothing is left to do.
    fn complete(&self, run: &RunDir, checkpoint: &run::Checkpoint) {
        let step = checkpoint.snapshot.state.step;
        let path = run.path().display();
        if self.flags.show.json {
            events::complete(&End {
                reason: "complete",
                step,
                seconds: checkpoint.notes.seconds,
                run: Some(path.to_string()),
                best: None,
            });
        } else {
            tell(format_args!(
                "{path} is complete: {step} updates. To train on, give more --epochs or --max-steps, and \
                 --on-change extend or rewarm"
            ));
        }
    }

    /// What was said about the schedule, where something has to be said.
    fn agreed(&self, steering: &[&Change]) -> Result<Option<OnChange>> {
        match (steering.is_empty(), self.on_change) {
            (true, None) => Ok(None),
            (false, Some(OnChange::Keep)) => {
                let kept: Vec<_> = steering
                    .iter()
                    .copied()
                    .filter(|(key, ..)| KEPT.contains(&key.as_str()))
                    .collect();
                match kept.is_empty() {
                    true => Ok(Some(OnChange::Keep)),
                    false => Err(Error::Usage(format!(
                        "--on-change keep leaves these without effect:\n{}\nremove them, or say replace, \
                         extend or rewarm",
                        table(&kept)
                    ))),
                }
            }
            (false, Some(how)) => Ok(Some(how)),
            (true, Some(_)) => Err(Error::Usage(
                "--on-change has no effect: no setting of the schedule differs; remove it".into(),
            )),
            (false, None) => Err(Error::Usage(format!(
                "the run was started with other settings:\n{}\nsay what that means with --on-change. {WAYS}",
                table(steering)
            ))),
        }
    }
}

fn of<'c>(changes: &'c [Change], keys: &[&str]) -> Vec<&'c Change> {
    changes
        .iter()
        .filter(|(key, ..)| keys.contains(&key.as_str()))
        .collect()
}

/// What decides which updates there are cannot change under way.
fn refuse_fixed(changes: &[Change]) -> Result<()> {
    let fixed = changes
        .iter()
        .filter(|(key, ..)| !STEERING.contains(&key.as_str()) && !FREE.contains(&key.as_str()));
    let fixed: Vec<&Change> = fixed.collect();
    if fixed.is_empty() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "a run cannot go on with another model, data or batch:\n{}\nstart a new run from its weights \
         instead: kiln train … --init DIR/model.safetensors",
        table(&fixed)
    )))
}

/// `key: before -> after`, a line each.
fn table(changes: &[&Change]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".into());
    let row = |(key, a, b): &&Change| format!("  {key}: {} -> {}", text(a), text(b));
    changes.iter().map(row).collect::<Vec<_>>().join("\n")
}
