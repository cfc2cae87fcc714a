//! What a run leaves for people: a table, TensorBoard's events, pictures, and a page.

use std::path::Path;

use clap::Args;

use super::{Outcome, config::Settings, ready::Ready, setup::Setup, tell, train, trained::remark};
use crate::{
    data::{Features, Form, Split, Targets, Task},
    error::Result,
    eval::{
        BATCH, Classification, Evaluator, Forward, Objective, Worst, classification, probabilities,
    },
    exec::cpu::Cpu,
    files::write_atomically,
    report::{
        csv,
        html::{self, Confusion, Cost, Picture, RunReport, Sample, Setting},
        numbers,
        plots::{self, Drawn},
        rows::Rows,
        tensorboard,
    },
    run::{
        self, Environment, RunDir,
        environment::{ENDED, STARTED, WEIGHTS},
    },
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
        let result = self.run.join(run::MODEL);
        let left = environment(&self.run)?.text(WEIGHTS).is_some() && result.is_file();
        let last = || run::Checkpoints::of(&self.run, 1).named("last");
        let file = match left {
            true => Some(result),
            false => last().map(|c| c.join(run::MODEL)),
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
    let started = environment(dir)?.started();
    tensorboard::write(&dir.join(TENSORBOARD), &rows, started).map(drop)
}

fn environment(dir: &Path) -> Result<Environment> {
    Environment::read(&dir.join(run::ENVIRONMENT))
}

/// As the page shows a value: times as people read them.
fn shown(environment: &Environment) -> Vec<(String, String)> {
    let shown = |(name, text): (&str, String)| {
        let time = environment.number(name).filter(|_| name == STARTED);
        (
            name.to_string(),
            time.map_or(text, |seconds| numbers::utc(seconds as u64)),
        )
    };
    environment.pairs().map(shown).collect()
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
    let objective = Objective {
        loss: ready.config.loss.clone(),
        label_smoothing: ready.config.label_smoothing.into(),
    };
    let judged = classification(&logits, labels, classes, &objective, &[1], WORST)?;
    let rows: Vec<&[f32]> = logits.rows().collect();
    let predicted = |w: &Worst| {
        let row = rows.get(w.index).map(|row| probabilities(row));
        row.and_then(|row| row.get(w.predicted).copied())
            .unwrap_or(f64::NAN)
    };
    let probabilities = judged.worst.iter().map(predicted).collect();
    Ok(Some((judged, probabilities, split)))
}

fn report(
    dir: &Path,
    ready: &Ready,
    settings: &Settings,
    environment: Environment,
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
            match environment.text(ENDED) {
                Some(how) => format!("ended: {how}"),
                None => "not ended: it goes on, or was killed".into(),
            },
        ],
        settings: settings.rows().into_iter().map(setting).collect(),
        environment: shown(&environment),
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
    let split_name = match ready.data.val {
        Some(_) => "validation split",
        None => "test split",
    };
    let weights = environment.text(WEIGHTS);
    let weights = weights.unwrap_or("weights of the last checkpoint".into());
    page.judged = format!("{split_name}, {weights}");
    page.confusion = judged.confusion.map(|counts| Confusion {
        classes: classes.clone(),
        counts,
    });
    let largest = largest(&split.features);
    let class = |at: usize| classes.get(at).cloned().unwrap_or_default();
    let sample = |(worst, probability): (Worst, f64)| Sample {
        label: class(worst.label),
        predicted: class(worst.predicted),
        probability,
        loss: worst.loss,
        picture: picture(&ready.data.shape, &split.features, worst.index, largest),
    };
    let worst = judged.worst.into_iter().zip(probabilities);
    page.worst = worst.map(sample).collect();
    page
}

/// The largest byte of all samples; that of floats does not matter.
fn largest(features: &Features) -> u8 {
    match features {
        Features::Bytes { data, .. } => data.iter().copied().max().unwrap_or(0),
        Features::Floats(_) => u8::MAX,
    }
}

/// Bytes that all stay below this do not use their range, and are stretched to it.
const DARK: u8 = 128;

/// A sample's pixels, if it has any; the `largest` byte of all samples is white where it would be dark.
fn picture(shape: &[u32], features: &Features, index: usize, largest: u8) -> Option<Picture> {
    let &[channels, height, width] = shape else {
        return None;
    };
    let size = (channels * height * width) as usize;
    let pixels = match features {
        Features::Bytes { data, .. } => {
            let white = match largest {
                1..DARK => u32::from(largest),
                _ => 255,
            };
            let bytes = data.get(index * size..(index + 1) * size)?.iter();
            bytes.map(|&b| (u32::from(b) * 255 / white) as u8).collect()
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels from 0 to 16, as the digits have them, are shown from black to white; bytes that use their
    /// range, and black ones, stay what they are.
    #[test]
    fn pictures_show_what_bytes_mean() {
        let pixels = |bytes: &[u8]| {
            let features = Features::Bytes {
                data: bytes.to_vec().into(),
                table: Vec::new(),
            };
            let second = picture(&[1, 1, 2], &features, 1, largest(&features));
            second.expect("there are two samples").pixels
        };
        assert_eq!(pixels(&[0, 16, 4, 8]), [63, 127]);
        assert_eq!(pixels(&[0, 1, 1, 0]), [255, 0]);
        assert_eq!(pixels(&[0, 200, 4, 8]), [4, 8]);
        assert_eq!(pixels(&[0, 0, 0, 0]), [0, 0]);
    }
}
