//! What `eval`, `predict` and `export` have in common: a model that was trained, its weights, and
//! the form of the data it was trained on, which need not be there any more.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{number, train};
use crate::{
    data::{self, Dataset, Form, Options, Task, TaskKind},
    error::{Error, Result},
    eval::Objective,
    fit,
    model::Network,
    run,
    train::weights,
};

/// What was trained on what.
struct Settings {
    model: String,
    data: String,
    options: Options,
    objective: Objective,
}

impl Settings {
    /// A run's.
    fn read(run: &Path) -> Result<Settings> {
        let setup = train::setup_of(run)?;
        let said = |what: Option<String>, key: &str| {
            what.ok_or_else(|| {
                let message = format!("has no line `{key} = …`; expected one of every run");
                Error::file(&run.join(run::CONFIG), message)
            })
        };
        Ok(Settings {
            options: setup.data_options(),
            objective: Objective {
                loss: setup.loss()?,
                label_smoothing: setup.label_smoothing()?.into(),
            },
            model: said(setup.model, "model")?,
            data: said(setup.data, "data")?,
        })
    }
}

/// Which model: a run's, or one put together by hand.
#[derive(Args, Clone, Debug)]
pub(super) struct TrainedFlags {
    /// Directory of a run, as `kiln train --out` makes it
    #[arg(value_name = "RUN", required_unless_present = "model")]
    pub(super) run: Option<PathBuf>,
    /// Which of a run's weights: best, last, final, ema, swa, or a safetensors file [default: best, if
    /// there is one, else final]
    #[arg(long, value_name = "WHICH", conflicts_with = "weights")]
    checkpoint: Option<String>,
    #[command(flatten)]
    by_hand: ByHand,
}

/// What a run's directory says, said by hand.
#[derive(Args, Clone, Debug)]
struct ByHand {
    /// Without RUN: preset or layers, as in `kiln train`
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Without RUN: the weights, a safetensors file
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Column of a CSV file that was to be predicted
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// What that column holds: classification or regression
    #[arg(long, value_name = "TASK")]
    task: Option<TaskKind>,
    /// At least this many classes, where the data shows fewer
    #[arg(long, value_name = "N", value_parser = number::count(0, 10))]
    classes: Option<usize>,
    /// Share of the rows that was kept for testing [default: 0.2]
    #[arg(long, value_name = "F", value_parser = number::decimal::<f64>("0.2"))]
    test_fraction: Option<f64>,
    /// Inputs were standardised
    #[arg(long)]
    standardize: bool,
    /// Seed of the run, which chose the test rows of a regression [default: 0]
    #[arg(long, value_name = "N", value_parser = number::whole(0u64, 7))]
    seed: Option<u64>,
}

/// A trained model.
pub(super) struct Trained {
    /// What its data looked like.
    pub(super) form: Form,
    /// That data, where it had to be loaded to know its form.
    data: Option<Dataset>,
    /// How it was loaded.
    pub(super) options: Options,
    /// The layers, as `--model` takes them.
    pub(super) model: String,
    pub(super) network: Network,
    /// Name or path of its data.
    source: String,
    /// In `state_dict` order.
    pub(super) weights: Vec<Vec<f32>>,
    /// Where they came from.
    pub(super) weights_file: PathBuf,
    /// What it minimised.
    pub(super) objective: Objective,
}

impl TrainedFlags {
    /// What was written where RUN belongs, if the model is put together by hand: no run.
    pub(super) fn take_no_run(&mut self) -> Option<PathBuf> {
        let by_hand = self.by_hand.model.is_some();
        self.run.take_if(|_| by_hand)
    }

    /// Refuses a flag that says of a model put together by hand what a run says itself.
    pub(super) fn check_by_hand(&self, flag: &str, given: bool) -> Result<()> {
        match (&self.run, given) {
            (Some(run), true) => Err(Error::Usage(format!(
                "{flag} belongs to a model put together by hand, with --model, --weights and --data; beside a run \
                 it has no meaning, as {} says it itself: remove it",
                run.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Loads it. `data` is what a model put together by hand was trained on.
    pub(super) fn load(&self, data: Option<&str>) -> Result<Trained> {
        if let (Some(run), Some(_)) = (&self.run, &self.by_hand.model) {
            return Err(Error::Usage(format!(
                "{}: a run has a model of its own; expected either RUN or --model, not both",
                run.display()
            )));
        }
        for (flag, given) in self.by_hand.given() {
            self.check_by_hand(flag, given)?;
        }
        let (settings, weights_file) = match &self.run {
            Some(run) => (
                Settings::read(run)?,
                weights_of(run, self.checkpoint.as_deref())?,
            ),
            None => self.by_hand.settings(data)?,
        };
        let saved = self.run.as_ref().map(|run| run.join(run::FORM));
        let (form, data) = match saved.filter(|file| file.is_file()) {
            Some(file) => (Form::read(&file)?, None),
            None => {
                let data = data::load(&settings.data, &settings.options)?;
                (Form::of(&data), Some(data))
            }
        };
        let network = fit::network_for(&settings.model, &form.shape, &form.task)?;
        let params: Vec<_> = network.params().collect();
        Ok(Trained {
            weights: weights::load(&weights_file, &params)?,
            weights_file,
            options: settings.options,
            model: settings.model,
            source: settings.data,
            network,
            form,
            data,
            objective: settings.objective,
        })
    }
}

impl Trained {
    /// The data it was trained on, prepared as it was then.
    ///
    /// # Errors
    /// If it is not there any more, or is not what the model was trained on.
    pub(super) fn data(&mut self) -> Result<Dataset> {
        if let Some(data) = self.data.take() {
            return Ok(data);
        }
        let options = Options {
            standardize: false,
            standardization: self.form.standardization.clone(),
            ..self.options.clone()
        };
        let name = &self.form.name;
        let missing = |e: data::Error| {
            Error::Usage(format!(
                "the data that the model was trained on is not there: {e}; bring it back, or name other data \
                 with --data"
            ))
        };
        let data = data::load(&self.source, &options).map_err(missing)?;
        if let Some(why) = self.form.misfit(&data) {
            return Err(Error::Usage(format!(
                "{name} is not what the model was trained on any more: {why}; bring it back, or name other data \
                 with --data"
            )));
        }
        remark(&self.form, &data);
        Ok(data)
    }
}

/// Says so where data is not what a model was trained on.
pub(super) fn remark(form: &Form, data: &Dataset) {
    if form.digest != data.digest() {
        eprintln!(
            "note: {} has changed since the model was trained on it: what is said of it here is about what it is now",
            data.name
        );
    }
}

impl ByHand {
    /// What goes with a model, and whether it stands there.
    fn given(&self) -> [(&'static str, bool); 7] {
        [
            ("--weights", self.weights.is_some()),
            ("--target", self.target.is_some()),
            ("--task", self.task.is_some()),
            ("--classes", self.classes.is_some()),
            ("--test-fraction", self.test_fraction.is_some()),
            ("--standardize", self.standardize),
            ("--seed", self.seed.is_some()),
        ]
    }

    fn settings(&self, data: Option<&str>) -> Result<(Settings, PathBuf)> {
        let (Some(model), Some(weights), Some(data)) = (&self.model, &self.weights, data) else {
            return Err(Error::Usage(
                "without RUN, expected all of --model, --weights and --data: the layers, their \
                 weights and what they were trained on"
                    .into(),
            ));
        };
        let options = Options {
            target: self.target.clone(),
            task: self.task,
            classes: self.classes,
            test_fraction: self.test_fraction,
            standardize: self.standardize,
            seed: self.seed.unwrap_or(0),
            ..Options::default()
        };
        let settings = Settings {
            model: model.clone(),
            data: data.into(),
            options,
            objective: Objective::default(),
        };
        Ok((settings, weights.clone()))
    }
}

/// The names of a network's outputs.
pub(super) fn names(task: &Task) -> &[String] {
    match task {
        Task::Classification { classes } => classes,
        Task::Regression { outputs } => outputs,
    }
}

/// The file that holds a run's weights.
fn weights_of(run: &Path, which: Option<&str>) -> Result<PathBuf> {
    let last = run.join("model.safetensors");
    let called = |name: &str| run.join("checkpoints").join(name).join("model.safetensors");
    // Where there are no links, the name is a file that says which one it is.
    let kept = |name: &str| match called(name) {
        file if file.exists() => Some(file),
        _ => {
            let checkpoint = run::Checkpoints::of(run, 1).named(name)?;
            Some(checkpoint.join("model.safetensors"))
        }
    };
    let file = match which {
        None => kept("best").unwrap_or(last),
        Some(name @ ("best" | "last")) => kept(name).unwrap_or_else(|| called(name)),
        Some("final") => last,
        Some(name @ ("ema" | "swa")) => run.join(format!("model_{name}.safetensors")),
        Some(path) => path.into(),
    };
    if !file.exists() {
        let remedy = match which {
            None => "the run has not written any weights yet; name a file with --checkpoint",
            Some(_) => {
                "expected best, last, final, ema or swa (of a run that keeps such averages), or the path of a safetensors file"
            }
        };
        return Err(Error::Usage(format!(
            "no weights at {}: {remedy}",
            file.display()
        )));
    }
    Ok(file)
}
