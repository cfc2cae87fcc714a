//! What a run leaves for people: a table, TensorBoard's events, pictures, and a page.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use clap::Args;

use super::{Outcome, config::Settings, ready::Ready, setup::Setup, tell, train, trained::remark};
use crate::{
    data::{Dataset, Features, Form, Split, Targets, Task},
    error::{Error, Result},
    eval::{BATCH, Classification, Evaluator, Forward, Worst, classification, probabilities},
    exec::cpu::Cpu,
    files::write_atomically,
    report::{
        csv,
        html::{self, Confusion, Cost, Picture, RunReport, Sample, Setting},
        plots::{self, Drawn},
        rows::Rows,
        tensorboard,
    },
    run::{self, RunDir},
    train::weights,
};

/// Where TensorBoard's events are.
pub(super) const TENSORBOARD: &str = "tensorboard";

/// Samples with the highest loss that the page shows.
const WORST: usize = 24;

/// `kiln report`: writes them again.
#[derive(Args)]
pub(super) struct Report {
    /// The run's directory
    #[arg(value_name = "RUN")]
    run: std::path::PathBuf,
}

impl Report {
    pub(super) fn run(self) -> Result<Outcome> {
        let setup: Setup = train::setup_of(&self.run)?;
        let settings = Settings::of(&train::command(), &train::matches_of(&self.run)?);
        let ready = setup.ready()?;
        let form = self.run.join(run::FORM);
        if form.is_file() {
            remark(&Form::read(&form)?, &ready.data);
        }
        let params: Vec<_> = ready.network.params().collect();
        let final_weights = self.run.join(run::MODEL);
        let file = match final_weights.is_file() {
            true => Some(final_weights),
            false => run::Checkpoints::of(&self.run, 1)
                .named("last")
                .map(|c| c.join(run::MODEL)),
        };
        let weights = file.map(|file| weights::load(&file, &params)).transpose()?;
        match RunDir::is_busy(&self.run) {
            true => eprintln!("note: the run goes on, and writes its TensorBoard events itself"),
            false => events(&self.run)?,
        }
        write(&self.run, &ready, &settings, weights.as_deref())?;
        tell(format_args!(
            "wrote {}",
            self.run.join("report.html").display()
        ));
        Ok(Outcome::Done)
    }
}

/// Writes all but the events, which are written as the run goes on, into a run's directory, from its rows
/// and its weights.
pub(super) fn write(
    dir: &Path,
    ready: &Ready,
    settings: &Settings,
    weights: Option<&[Vec<f32>]>,
) -> Result<()> {
    let rows = Rows::read(&dir.join(run::METRICS))?;
    let environment = environment(dir)?;
    let schedule = ready.rate.schedule();
    let drawn = Drawn::of(schedule.to_string(), schedule, ready.steps);
    csv::write(&dir.join("metrics.csv"), &rows)?;
    plots::write(dir, &rows, Some(&drawn))?;
    let judged = weights.map(|w| judge(ready, w)).transpose()?.flatten();
    let page = html::page(&report(
        dir,
        ready,
        settings,
        environment,
        (rows, drawn),
        judged,
    ));
    write_atomically(&dir.join("report.html"), page.as_bytes())
}

/// TensorBoard's events, at the time when the run started.
fn events(dir: &Path) -> Result<()> {
    let rows = Rows::read(&dir.join(run::METRICS))?;
    let environment = environment(dir)?;
    let started = environment.get("started").and_then(|s| s.parse().ok());
    let started = UNIX_EPOCH + Duration::from_secs(started.unwrap_or(0));
    tensorboard::write(&dir.join(TENSORBOARD), &rows, started).map(drop)
}

fn environment(dir: &Path) -> Result<BTreeMap<String, String>> {
    let path = dir.join(run::ENVIRONMENT);
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    serde_json::from_slice(&bytes).map_err(|e| Error::file(&path, e.to_string()))
}

/// How a run's weights do, the probabilities of the worst samples' predictions, and on what.
type Judged<'r> = (Classification, Vec<f64>, &'r Split);

/// How the weights do on what the run evaluated, if that can be classified.
fn judge<'r>(ready: &'r Ready, weights: &[Vec<f32>]) -> Result<Option<Judged<'r>>> {
    let Task::Classification { classes } = &ready.data.task else {
        return Ok(None);
    };
    let Some(split) = ready.data.evaluated() else {
        return Ok(None);
    };
    let Targets::Classes(labels) = &split.targets else {
        return Ok(None);
    };
    let forward = Forward::record(&ready.network, BATCH)?;
    let exec = Box::new(Cpu::new(forward.plan.clone())?);
    let logits = Evaluator::new(exec, &forward, weights)?.logits(&split.features)?;
    let smoothing = f64::from(ready.config.label_smoothing);
    let judged = classification(&logits, labels, classes, smoothing, &[1], WORST)?;
    let rows: Vec<&[f32]> = logits.rows().collect();
    let predicted = |w: &Worst| probabilities(rows[w.index])[w.predicted];
    let probabilities = judged.worst.iter().map(predicted).collect();
    Ok(Some((judged, probabilities, split)))
}

fn report(
    dir: &Path,
    ready: &Ready,
    settings: &Settings,
    environment: BTreeMap<String, String>,
    (rows, drawn): (Rows, Drawn),
    judged: Option<Judged>,
) -> RunReport {
    let name = dir.file_name().map(|n| n.to_string_lossy().into_owned());
    let setting = |(key, value, is_default)| Setting {
        key,
        value,
        is_default,
    };
    let program = ready.session.plan.programs.first();
    let cost = program.map(|p| Cost::of(&ready.session.plan, p));
    let mut page = RunReport {
        name: name.unwrap_or_else(|| "run".into()),
        summary: vec![
            ready.data.summary.clone(),
            format!(
                "model: {} ({} parameters)",
                ready.model,
                ready.network.parameters()
            ),
        ],
        settings: settings.rows().into_iter().map(setting).collect(),
        environment: environment.into_iter().collect(),
        rows,
        schedule: Some(drawn),
        cost: cost.unwrap_or_default(),
        notes: ready.remarks.clone(),
        ..RunReport::default()
    };
    let Some((judged, probabilities, split)) = judged else {
        return page;
    };
    let Task::Classification { classes } = &ready.data.task else {
        return page;
    };
    page.confusion = judged.confusion.map(|counts| Confusion {
        classes: classes.clone(),
        counts,
    });
    let sample = |(worst, probability): (Worst, f64)| Sample {
        label: classes[worst.label].clone(),
        predicted: classes[worst.predicted].clone(),
        probability,
        loss: worst.loss,
        picture: picture(&ready.data, split, worst.index),
    };
    let worst = judged.worst.into_iter().zip(probabilities);
    page.worst = worst.map(sample).collect();
    page
}

/// A sample's pixels, if it has any.
fn picture(data: &Dataset, split: &Split, index: usize) -> Option<Picture> {
    let &[channels, height, width] = data.shape.as_slice() else {
        return None;
    };
    let size = (channels * height * width) as usize;
    let pixels = match &split.features {
        Features::Bytes { data, .. } => data.get(index * size..(index + 1) * size)?.to_vec(),
        Features::Floats(values) => {
            let values = values.get(index * size..(index + 1) * size)?;
            let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| {
                (low.min(v), high.max(v))
            });
            let scale = 255.0 / (high - low).max(f32::MIN_POSITIVE);
            values.iter().map(|v| ((v - low) * scale) as u8).collect()
        }
    };
    Some(Picture {
        channels,
        height,
        width,
        pixels,
    })
}
