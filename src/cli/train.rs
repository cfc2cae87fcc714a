//! `kiln train`: from settings to a trained model.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::{
    Cli, Outcome,
    config::{self, Settings},
    describe::{describe, environment, introduction, note_move},
    faults::{Faults, Unwritten},
    leave,
    machine::MachineFlags,
    ready::Ready,
    recover::{Recovery, kept},
    saving::{CHECKPOINTS, Saving},
    screen::{About, Show},
    setup::{Setup, Watched},
    signal::stop_on_signal,
    tell,
    watch::{Stop, Watcher, Writer},
};
use crate::{
    data,
    device::Needs,
    error::{Error, Result},
    exec,
    report::live::Following,
    run::{
        self, Checkpoint, Environment, Live, RunDir,
        environment::{ENDED, SECONDS, SKIPPED, UNWRITTEN, WEIGHTS},
    },
    train::{Evaluation, Metrics, Trainer, Weights, weights},
};

/// `kiln train`.
#[derive(Args)]
pub(super) struct Train {
    /// Settings as a TOML file, whose keys are the flags below; flags win (see `kiln init`)
    #[arg(value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) flags: Flags,
    /// Write the run into this new directory [default: runs/NAME-1, -2, …]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Write nothing
    #[arg(long, help_heading = "Output", conflicts_with = "out")]
    no_out: bool,
    /// Leave out settings that have no effect instead of refusing them: a sweep gives all runs the same
    #[arg(long, hide = true)]
    leave_out_useless: bool,
}

/// What `train` and `resume` have in common.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) setup: Setup,
    #[command(flatten, next_help_heading = "Machine")]
    pub(super) machine: MachineFlags,
    #[command(flatten)]
    pub(super) saving: Saving,
    #[command(flatten)]
    pub(super) faults: Faults,
    /// Leave out this key of the file
    #[arg(long, value_name = "KEY", help_heading = "Output")]
    pub(super) unset: Vec<String>,
    /// Print nothing but errors
    #[arg(long, help_heading = "Output")]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) show: Show,
}

impl Flags {
    /// Whether nothing is said in words: in JSON, everything is an event.
    pub(super) fn wordless(&self) -> bool {
        self.quiet || self.show.json
    }
}

/// Averaged weights, and where they go.
const AVERAGES: [(Weights, &str); 2] = [
    (Weights::Ema, "model_ema.safetensors"),
    (Weights::Swa, "model_swa.safetensors"),
];

/// The declaration of `train`, for whoever reads or writes its settings.
pub(super) fn command() -> Command {
    let mut cli = Cli::command();
    // clap names a subcommand's arguments once it is built.
    cli.build();
    let found = cli.find_subcommand("train").cloned();
    found.unwrap_or_else(|| Command::new("train"))
}

/// The settings of a run that exists, as clap reads them from its `config.toml`.
pub(super) fn matches_of(run: &Path) -> Result<ArgMatches> {
    let (file, command) = (run.join(run::CONFIG), command());
    if !file.is_file() {
        return Err(Error::Usage(format!(
            "{}: has no {}; expected the directory of a run, such as runs/NAME-1",
            run.display(),
            run::CONFIG
        )));
    }
    run::check_inside(run)?;
    let flags = config::flags_of(&file, &command, &[])?;
    let args = std::iter::once("kiln".into()).chain(flags);
    let found = command.try_get_matches_from(args);
    found.map_err(|e| Error::file(&file, e.to_string()))
}

/// The same, as what decides the updates: with the schedules that came of changes under way, and without the
/// weights that the run began with, as it has its own.
pub(super) fn setup_of(run: &Path) -> Result<Setup> {
    setup_from(&matches_of(run)?, run)
}

/// The same of settings that are not those in the run's `config.toml`.
pub(super) fn setup_from(matches: &ArgMatches, run: &Path) -> Result<Setup> {
    let train = Train::from_arg_matches(matches);
    let train = train.map_err(|e| Error::file(&run.join(run::CONFIG), e.to_string()))?;
    let setup = Setup {
        init: None,
        ..train.flags.setup
    };
    Ok(match run::changes(run)?.last() {
        Some(change) => setup.with(&change.schedules),
        None => setup,
    })
}

impl Train {
    /// `matches` are what clap made of the flags, the file's among them.
    pub(super) fn run(self, matches: &ArgMatches) -> Result<Outcome> {
        self.flags.show.check()?;
        let name = self.config.as_deref().and_then(Path::file_stem);
        let name = name.map(|stem| stem.to_string_lossy().into_owned());
        if self.no_out {
            self.flags.saving.check_unsaved()?;
            self.flags.faults.check_unsaved()?;
        }
        if let Some(dir) = &self.out {
            run::check_free(dir)?;
        }
        let ready = self.flags.setup.ready()?;
        let mut settings = Settings::of(&command(), matches);
        for useless in self.flags.setup.useless(&self.flags.saving, &ready)? {
            match self.leave_out_useless {
                true => useless.leave_out(&mut settings),
                false => return Err(useless.refuse()),
            }
        }
        let (out, no_out) = (self.out, self.no_out);
        let directory = move |ready: &Ready| -> Result<Option<RunDir>> {
            let name = name.unwrap_or_else(|| format!("{}-{}", ready.model, ready.data.name));
            match out {
                Some(dir) => RunDir::create(&dir).map(Some),
                None if no_out => Ok(None),
                None => RunDir::fresh(Path::new("runs"), &run::slug(&name)).map(Some),
            }
        };
        Job {
            flags: &self.flags,
            settings,
            ready,
            from: None,
            change: None,
        }
        .run(directory)
    }
}

/// A run that is about to begin or to go on.
pub(super) struct Job<'a> {
    pub(super) flags: &'a Flags,
    pub(super) settings: Settings,
    pub(super) ready: Ready,
    /// Where it goes on, and what was evaluated before.
    pub(super) from: Option<(Checkpoint, Vec<Evaluation>)>,
    /// What is changed under way.
    pub(super) change: Option<run::Change>,
}

impl Job<'_> {
    /// Opens the machine, then the directory, and trains.
    pub(super) fn run(
        mut self,
        directory: impl FnOnce(&Ready) -> Result<Option<RunDir>>,
    ) -> Result<Outcome> {
        let best = self.best_at()?;
        self.ready.config.on_nonfinite = self.flags.faults.updates();
        let needs = Needs::of(&self.ready.session.plan);
        let opened = self.flags.machine.open(needs);
        let (machine, line) = opened.map_err(|e| self.ready.fitting(e))?;
        if !self.flags.wordless() {
            tell(format_args!("{}", introduction(&self.ready, &line)?));
        }
        if let Some(idle) = self.flags.faults.idle_on(&machine) {
            eprintln!("note: {idle}");
        }
        let mut environment = environment(&self.ready, &machine, &line);
        let ready = &self.ready;
        let exec = exec::on(machine, &ready.session.plan).map_err(|e| ready.fitting(e))?;
        let run = directory(ready)?;
        let (session, config, rate) = (&ready.session, &ready.config, ready.rate.clone());
        let mut trainer = Trainer::new(exec, session, config, rate, &ready.data, &ready.weights)?;
        if let Some((checkpoint, _)) = &self.from {
            trainer.restore(&checkpoint.snapshot)?;
        }
        // Nothing of a run that exists is touched before it is sure to go on.
        if let Some(run) = &run {
            run.unsettle()?;
            if let Some((checkpoint, _)) = &self.from {
                note_move(run, &mut environment, checkpoint.snapshot.state.step)?;
            }
            if let Some(change) = &self.change {
                run::note_change(run.path(), change)?;
            }
            let described = describe(run, &mut self.settings, (ready, best), &environment);
            described.map_err(|e| kept(e, Some(run)))?;
        }
        let mut watcher = self.watcher(run.as_ref(), best, &line)?;
        if self.from.is_none() && self.flags.faults.may_go_back() {
            watcher.save(&trainer.snapshot()?)?;
        }
        let recovery = Recovery::new(run.as_ref(), &line);
        let ended = self.train(&mut trainer, &mut watcher, recovery);
        self.end(ended, (trainer, watcher), run.as_ref(), environment)
    }

    /// What happens around the updates.
    fn watcher<'s>(
        &'s self,
        run: Option<&RunDir>,
        best: Watched,
        device: &str,
    ) -> Result<Watcher<'s>> {
        let signal = stop_on_signal()?;
        let before = self.from.as_ref().map_or(0, |(c, _)| c.snapshot.state.step);
        let about = About::of(&self.ready, run, before, device);
        let writer = run.map(|run| self.writer(run)).transpose()?;
        let screen = (self.flags.show).open(about, self.flags.wordless(), &signal)?;
        let saving = (&self.flags.saving, best, Unwritten::of(&self.flags.faults));
        let per_epoch = self.ready.session.epochs.updates();
        let mut watcher = Watcher::new(screen, writer, saving, per_epoch, signal);
        if let Some((checkpoint, evaluations)) = &self.from {
            let best = run.and_then(|run| run.checkpoints(1).named("best"));
            let best = best.and_then(|path| run::Checkpoints::step_in(&path));
            watcher.resume((before, checkpoint.notes.seconds), evaluations, best);
        }
        Ok(watcher)
    }

    /// Saves what the run has come to, and says it.
    fn end(
        &self,
        ended: Result<bool>,
        (mut trainer, mut watcher): (Trainer, Watcher),
        run: Option<&RunDir>,
        mut environment: Environment,
    ) -> Result<Outcome> {
        watcher.screen.finish();
        environment.set(SECONDS, (watcher.seconds() * 1e3).round() / 1e3);
        if let Err(e) = &ended {
            watcher.end(Some(e), trainer.step(), run);
            if let Some(run) = run {
                environment.set(ENDED, watcher.how(Some(e), trainer.step()));
                // What went wrong first is what is said: a full disk may refuse this as well.
                let _ = environment.write(&run.file(run::ENVIRONMENT));
            }
        }
        let mut flushed = Ok(());
        if let Some(writer) = &mut watcher.writer {
            flushed = writer.metrics.flush();
            if let Some(Err(e)) = writer.events.take().map(Following::finish) {
                eprintln!("note: TensorBoard's events are not complete: {e}");
            }
        }
        let complete = ended.map_err(|e| kept(e, run))?;
        watcher.rows(flushed).map_err(|e| kept(e, run))?;
        if watcher.stop.is_none() && !complete {
            watcher.stop = Some(Stop::Signal);
        }
        if let Some(run) = run {
            let finished = self.finish(run, &mut trainer, &mut watcher, environment);
            finished.map_err(|e| kept(e, Some(run)))?;
            // These leave out the last evaluation, if they come late.
            let late = matches!(watcher.stop, Some(Stop::Signal | Stop::Time));
            if !late && !watcher.unwritten.is_failing() {
                run.settle()?;
            }
        }
        watcher.end(None, trainer.step(), run);
        if let Some(unwritten) = watcher.unwritten.summary() {
            eprintln!("note: {unwritten}");
        }
        if !self.flags.wordless() {
            let text = self.summary(&watcher, &trainer, run);
            tell(format_args!("{text}"));
        }
        Ok(match watcher.stop {
            Some(Stop::Signal) => Outcome::Interrupted,
            _ => Outcome::Done,
        })
    }

    /// The last checkpoint, and the weights that are the result: the best ones where patience ended the
    /// run.
    fn finish(
        &self,
        run: &RunDir,
        trainer: &mut Trainer,
        watcher: &mut Watcher,
        mut environment: Environment,
    ) -> Result<()> {
        let snapshot = trainer.snapshot()?;
        watcher.save(&snapshot)?;
        let params: Vec<_> = self.ready.network.params().collect();
        let best = match &watcher.stop {
            Some(Stop::Patience(_)) => run.checkpoints(1).named("best"),
            _ => None,
        };
        let (weights, kind, step) = match (best, &watcher.best) {
            (Some(best), Some(row)) => {
                let best = weights::load(&best.join(run::MODEL), &params)?;
                (best, "best", row.step)
            }
            _ => (snapshot.weights, "final", snapshot.state.step),
        };
        weights::save(&run.file(run::MODEL), &params, &weights)?;
        for (which, name) in AVERAGES {
            if let Some(averaged) = trainer.averaged(which)? {
                weights::save(&run.file(name), &params, &averaged)?;
            }
        }
        environment.set(ENDED, watcher.how(None, step));
        if trainer.left_out() > 0 {
            environment.set(SKIPPED, trainer.left_out());
        }
        if let Some(unwritten) = watcher.unwritten.summary() {
            environment.set(UNWRITTEN, unwritten);
        }
        environment.set(WEIGHTS, format!("{kind} weights, after {step} updates"));
        environment.write(&run.file(run::ENVIRONMENT))?;
        // The run itself is safe: what is left for people can be written again.
        if let Err(e) = leave::write(run.path(), &self.ready, &self.settings, Some(&weights)) {
            eprintln!(
                "note: no report ({e}); kiln report {} writes it",
                run.path().display()
            );
        }
        Ok(())
    }

    /// What the best evaluation is best at.
    fn best_at(&self) -> Result<Watched> {
        let saving = &self.flags.saving;
        let classifies = matches!(self.ready.data.task, data::Task::Classification { .. });
        let evaluates = self.ready.data.evaluated().is_some();
        let usual = match classifies {
            true => Watched::EvalAccuracy,
            false => Watched::EvalLoss,
        };
        let best = saving.best.unwrap_or(usual);
        let refuse =
            |flag: &str, why: &str| Err(Error::Usage(format!("{flag} has no effect: {why}")));
        if best == Watched::Loss {
            return refuse(
                "--best loss",
                "a batch's loss says little about the weights; use eval-loss or eval-accuracy",
            );
        }
        let given = [
            ("--best", saving.best.is_some_and(|best| best != usual)),
            ("--patience", saving.patience.is_some()),
            ("--until", saving.until.is_some()),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given && !evaluates) {
            return refuse(
                flag,
                "nothing is evaluated, as there is neither a validation nor a test split",
            );
        }
        let accuracy = saving.until.as_ref().is_some_and(|u| u.of_accuracy());
        if !classifies && (accuracy || best == Watched::EvalAccuracy) {
            let flag = if accuracy { "--until" } else { "--best" };
            return refuse(flag, "a regression has no accuracy; use eval_loss");
        }
        Ok(best)
    }

    fn writer<'s>(&'s self, run: &RunDir) -> Result<Writer<'s>> {
        let path = run.file(run::METRICS);
        let data = &self.ready.data;
        let metrics = match &self.from {
            Some((checkpoint, _)) => Metrics::resume(&path, checkpoint.notes.metrics_bytes)?,
            None if path.exists() => Metrics::again(&path)?,
            None => Metrics::create(&path)?,
        };
        let config = run.file(run::CONFIG);
        let config = fs::read_to_string(&config).map_err(Error::io(&config))?;
        let events = run.file(leave::TENSORBOARD);
        Ok(Writer {
            metrics,
            events: Some(Following::start(path, events)),
            checkpoints: run
                .checkpoints(self.flags.saving.keep.unwrap_or(CHECKPOINTS) as usize)
                .with_config(config),
            live: Live::of(run)?,
            params: self.ready.network.params().collect(),
            data: Box::new(|| data.digest()),
        })
    }
}
