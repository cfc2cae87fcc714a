//! `kiln predict`: what a trained model says about files.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Outcome,
    machine::MachineFlags,
    number, say,
    trained::{TrainedFlags, names},
};
use crate::{
    data::{self, Task},
    error::{Error, Result},
    eval::{BATCH, Evaluator, Forward, ranked},
};

/// `kiln predict`.
#[derive(Args)]
pub(super) struct Predict {
    #[command(flatten)]
    trained: TrainedFlags,
    /// Pictures or folders of them, brought to the model's size, and CSV files, whose target column is passed over
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Without RUN: what the model was trained on
    #[arg(long, value_name = "DATA")]
    data: Option<String>,
    /// The K likeliest classes of each
    #[arg(long, value_name = "K", value_parser = number::whole(1u32, 5))]
    top: Option<u32>,
    /// Print one JSON object a sample
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "Machine")]
    machine: MachineFlags,
}

impl Predict {
    pub(super) fn run(mut self) -> Result<Outcome> {
        self.files.splice(0..0, self.trained.take_no_run());
        if self.files.is_empty() {
            let message = "there is nothing to predict: name pictures or CSV files after RUN, or a folder of pictures";
            return Err(Error::Usage(message.into()));
        }
        (self.trained).check_by_hand("--data", self.data.is_some())?;
        let trained = self.trained.load(self.data.as_deref())?;
        let task = &trained.form.task;
        let top = self.top(task)?;
        let statistics = trained.form.standardization.as_ref();
        let samples = data::load_samples(
            &self.files,
            (
                &trained.network.input,
                &trained.form.columns,
                trained.options.target.as_deref(),
            ),
            statistics,
        )?;
        let forward = Forward::record(&trained.network, BATCH.min(samples.names.len() as u32))?;
        let (exec, _) = self.machine.executor(&forward.plan)?;
        let mut evaluator = Evaluator::new(exec, &forward, &trained.weights)?;
        let logits = evaluator.logits(&samples.features)?;
        logits.check_finite(|sample| samples.names.get(sample).cloned().unwrap_or_default())?;
        let width = samples.names.iter().map(|n| n.chars().count()).max();
        for (name, row) in samples.names.iter().zip(logits.rows()) {
            if self.json {
                say!("{}", as_json(name, row, task, top))?;
            } else {
                let width = width.unwrap_or(0);
                say!("{name:<width$}  {}", as_text(row, task, top))?;
            }
        }
        Ok(Outcome::Done)
    }

    /// How many classes to tell of each sample.
    fn top(&self, task: &Task) -> Result<usize> {
        let most = names(task).len();
        match (self.top, task) {
            (Some(_), Task::Regression { .. }) => Err(Error::Usage(
                "--top has no effect in a regression: remove it".into(),
            )),
            (Some(k), _) if k as usize > most => Err(Error::Usage(format!(
                "--top {k}: there are only {most} classes; expected at most that"
            ))),
            (k, _) => Ok(k.unwrap_or(1) as usize),
        }
    }
}

fn as_json(name: &str, row: &[f32], task: &Task, top: usize) -> Value {
    match task {
        Task::Classification { classes } => {
            let found = ranked(row, top).into_iter();
            let found = found.map(|(c, p)| json!({"class": classes.get(c), "probability": p}));
            json!({"sample": name, "classes": found.collect::<Vec<_>>()})
        }
        Task::Regression { outputs } => {
            let values = outputs.iter().zip(row).map(|(o, &v)| (o.clone(), json!(v)));
            json!({"sample": name, "outputs": Value::Object(values.collect())})
        }
    }
}

fn as_text(row: &[f32], task: &Task, top: usize) -> String {
    let parts: Vec<String> = match task {
        Task::Classification { classes } => {
            let found = ranked(row, top).into_iter();
            found
                .map(|(c, p)| {
                    format!(
                        "{} {:.2}%",
                        classes.get(c).map_or("", String::as_str),
                        100.0 * p
                    )
                })
                .collect()
        }
        Task::Regression { outputs } => {
            let values = outputs.iter().zip(row);
            values.map(|(o, v)| format!("{o} {v}")).collect()
        }
    };
    parts.join("  ")
}
