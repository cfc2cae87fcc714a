//! `kiln resume`: a run goes on where its last checkpoint is, to the bit; or says what has changed.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command};

use super::{
    Outcome,
    config::{self, Change, Settings},
    events,
    screen::End,
    setup::Setup,
    tell,
    train::{self, Flags, Job},
};
use crate::{
    data,
    error::{Error, Result},
    run::{self, RunDir},
    schedule::OnChange,
    train::Metrics,
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

/// Settings that change nothing about the updates there were. Data may have moved: its digest says whether it is the same.
const FREE: [&str; 14] = [
    "data",
    "val",
    "targets",
    "device",
    "tuning",
    "save-every",
    "keep",
    "best",
    "patience",
    "max-time",
    "until",
    "on-nonfinite",
    "on-device-lost",
    "on-write-error",
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
        self.flags.setup.check_words()?;
        let run = RunDir::open(&self.dir)?;
        let command = train::command();
        let settings = Settings::of(&command, matches);
        let old = made_with(&run, &command)?;
        let mut changes = old.changes(&settings);
        changes.retain(|change| !is_idle(change));
        refuse_fixed(&changes, run.path())?;
        let steering: Vec<&Change> = of(&changes, &STEERING);
        let how = self.agreed(&steering)?;
        let setup = train::setup_from(&old.matches(command)?, run.path())?;
        let moved = setup.on_data_of(&self.flags.setup);
        let params = moved.ready().map_err(|e| lost(e, &moved, run.path()))?;
        if run.checkpoints(1).is_empty() {
            return self.anew(run, settings, how);
        }
        let (checkpoint, damaged) = {
            let list: Vec<_> = params.network.params().collect();
            run.checkpoints(1).latest(&list)?
        };
        for e in damaged {
            eprintln!("note: passed over a damaged checkpoint: {e}");
        }
        // Weights come from the checkpoint: the file that the run began with may be gone.
        self.flags.setup.init = None;
        let step = checkpoint.snapshot.state.step;
        let change = match how {
            None => None,
            Some(how) => Some(run::Change {
                step,
                how: how.to_string(),
                settings: steering
                    .into_iter()
                    .cloned()
                    .map(|(key, a, b)| (key, [a, b]))
                    .collect(),
                schedules: self.flags.setup.changed(
                    &moved,
                    how,
                    step,
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
        let changed = (settings, changes, change);
        self.go(run, changed, checkpoint, (moved, params), &asked)
    }

    /// A run that was stopped before its first checkpoint begins again: nothing is lost but its time.
    fn anew(&self, run: RunDir, settings: Settings, how: Option<OnChange>) -> Result<Outcome> {
        if how.is_some() {
            return Err(Error::Usage(format!(
                "{0} has no checkpoint yet, so there is nothing to go on from with other settings: remove it, and \
                 start a new run",
                run.path().display()
            )));
        }
        if !self.flags.wordless() {
            tell(format_args!(
                "{} has no checkpoint yet: it begins again",
                run.path().display()
            ));
        }
        Job {
            flags: &self.flags,
            settings,
            ready: self.flags.setup.ready()?,
            from: None,
            change: None,
        }
        .run(|_| Ok(Some(run)))
    }

    fn go(
        self,
        run: RunDir,
        (mut settings, changes, change): (Settings, Vec<Change>, Option<run::Change>),
        mut checkpoint: run::Checkpoint,
        (old, params): (Setup, super::ready::Ready),
        asked: &Setup,
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
                "{}: the data is not what the run was started with; bring it back, or start a \
                 new run with --init {}",
                ready.data.name,
                weights_of(run.path()).display()
            )));
        }
        let state = &checkpoint.snapshot.state;
        state.belongs_to(&ready.config.optimizer)?;
        let step = state.step;
        if step > ready.steps {
            return Err(Error::Usage(format!(
                "the run would end before where it is: {step} updates are applied, and these settings ask for {}; \
                 give more --epochs or --max-steps",
                ready.steps
            )));
        }
        if step == ready.steps && run.settled() {
            return self.complete(&run, &checkpoint, &changes);
        }
        self.check_time(&checkpoint)?;
        let given: Vec<&str> = changes.iter().map(|(key, ..)| key.as_str()).collect();
        for useless in asked.useless(&self.flags.saving, &ready)? {
            // What the run was begun with may have had an effect then.
            if useless.is_of(&given) {
                return Err(useless.refuse());
            }
            // What steers the rate stays as it was agreed.
            if !useless.is_of(&["lr-scale"]) {
                useless.leave_out(&mut settings);
            }
            // A schedule without controllers needs no word about what they watch.
            if !useless.is_of(&["monitor", "observe"]) {
                eprintln!("note: {}", useless.refuse());
            }
        }
        if !old.same_controllers(&self.flags.setup)? {
            let state = &mut checkpoint.snapshot.state;
            state.controllers = ready.rate.saved();
            let control = ready.session.control_after(&state.control);
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
        let evaluations = Metrics::evaluations(&metrics, checkpoint.notes.metrics_bytes)?;
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
    fn complete(
        &self,
        run: &RunDir,
        checkpoint: &run::Checkpoint,
        changes: &[Change],
    ) -> Result<Outcome> {
        let step = checkpoint.snapshot.state.step;
        let path = run.path().display();
        if !changes.is_empty() {
            return Err(Error::Usage(format!(
                "{path} is complete, so these have no effect:\n{}",
                table(&changes.iter().collect::<Vec<_>>())
            )));
        }
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
        Ok(Outcome::Done)
    }

    /// A run whose time is up would stop after one more update.
    fn check_time(&self, checkpoint: &run::Checkpoint) -> Result<()> {
        let spent = checkpoint.notes.seconds;
        match self.flags.saving.max_time {
            Some(most) if spent >= most.0.as_secs_f64() => Err(Error::Usage(format!(
                "the run has taken {spent:.0} s, and --max-time allows {} s: give more, such as --max-time {}s, or \
                 --unset max-time",
                most.0.as_secs_f64(),
                (2.0 * spent).ceil()
            ))),
            _ => Ok(()),
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

/// The settings that a run was made with: those of its latest checkpoint, as `config.toml` may have been edited
/// since, and what was agreed on after it.
fn made_with(run: &RunDir, command: &Command) -> Result<Settings> {
    let made = run.checkpoints(1).configured();
    let made = made.as_deref().unwrap_or(run.path());
    let mut settings = Settings::of(command, &train::matches_of(made)?);
    for change in run::changes(run.path())? {
        for (key, [_, after]) in &change.settings {
            settings.set(command, key, after.as_deref());
        }
    }
    Ok(settings)
}

/// The weights that a run has, for one that begins with them.
fn weights_of(run: &Path) -> PathBuf {
    let last = run.join(run::MODEL);
    match last.is_file() {
        true => last,
        false => run.join("checkpoints/last").join(run::MODEL),
    }
}

/// Data that is not where it was.
fn lost(e: Error, setup: &Setup, run: &Path) -> Error {
    let named = setup
        .data
        .as_deref()
        .filter(|name| !data::NAMES.contains(name));
    let moved = [
        ("data", named.map(Path::new)),
        ("targets", setup.targets.as_deref()),
        ("val", setup.val.as_deref().map(Path::new)),
    ];
    let gone = |path: &Option<&Path>| path.is_some_and(|path| !path.exists());
    match (e, moved.into_iter().find(|(_, path)| gone(path))) {
        (Error::Data(e), Some((key, _))) => Error::Usage(format!(
            "{e}\nthat is the `{key}` of {}; if it has moved: kiln resume {} --{key} WHERE",
            run.join(run::CONFIG).display(),
            run.display()
        )),
        (other, _) => other,
    }
}

/// What controllers watch and how often is written out where there are some, and not where there are none: as it
/// is by default, it says nothing.
fn is_idle((key, before, after): &Change) -> bool {
    let silent = |text: &Option<String>| {
        text.as_deref()
            .is_none_or(|text| config::is_usual(key, text))
    };
    ["monitor", "observe"].contains(&key.as_str()) && silent(before) && silent(after)
}

/// What decides which updates there are cannot change under way.
fn refuse_fixed(changes: &[Change], run: &Path) -> Result<()> {
    let fixed = changes
        .iter()
        .filter(|(key, ..)| !STEERING.contains(&key.as_str()) && !FREE.contains(&key.as_str()));
    let fixed: Vec<&Change> = fixed.collect();
    if fixed.is_empty() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "a run cannot go on with another model, data or batch:\n{}\nstart a new run from its weights \
         instead: kiln train … --init {}",
        table(&fixed),
        weights_of(run).display()
    )))
}

/// `key: before -> after`, a line each.
fn table(changes: &[&Change]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".into());
    let row = |(key, a, b): &&Change| format!("  {key}: {} -> {}", text(a), text(b));
    changes.iter().map(row).collect::<Vec<_>>().join("\n")
}
