//! Runs beside each other: what they were made with, how far they came, their curves.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    chart::{Chart, Corner, Look, Series},
    plots::{chart, curve, is_wide, losses, reach, smoothed},
    rows::Rows,
};
use crate::{
    error::{Error, Result},
    run::{self, Environment, environment::SECONDS},
};

/// A run directory, read.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What tells it from the others: the directory's name.
    pub name: String,
    /// Its settings: flags and values.
    pub config: BTreeMap<String, String>,
    /// Adapter, driver, versions.
    pub environment: Environment,
    /// What it measured.
    pub rows: Rows,
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Updates applied.
    pub updates: u64,
    /// The loss of the last batch.
    pub final_loss: Option<f64>,
    /// The lowest loss of a batch.
    pub best_loss: Option<f64>,
    /// The loss of the last evaluation.
    pub final_eval_loss: Option<f64>,
    /// The lowest loss of an evaluation.
    pub best_eval_loss: Option<f64>,
    /// The accuracy of the last evaluation.
    pub final_eval_accuracy: Option<f64>,
    /// The highest accuracy of an evaluation.
    pub best_eval_accuracy: Option<f64>,
    /// Updates applied when it was reached first.
    pub best_eval_accuracy_step: Option<u64>,
    /// Seconds that it took, if its environment says so.
    pub seconds: Option<f64>,
}

impl Run {
    /// Reads a run directory: `config.toml`, `metrics.jsonl` and, where it is, `environment.json`.
    ///
    /// # Errors
    /// If it is none, or a file does not hold what it should.
    pub fn read(dir: &Path) -> Result<Run> {
        if !dir.is_dir() {
            return Err(Error::Usage(format!(
                "{}: there is no such directory; expected a run's, such as runs/NAME-1, which `kiln train` makes",
                dir.display()
            )));
        }
        run::check_inside(dir)?;
        let config = dir.join("config.toml");
        let text = needed(&config, "the run's settings")?;
        let config = settings(&text).map_err(|e| Error::file(&config, e))?;
        let metrics = dir.join("metrics.jsonl");
        if !metrics.is_file() {
            return Err(missing(&metrics, "the run's losses"));
        }
        Ok(Run {
            name: name(dir),
            config,
            environment: Environment::read(&dir.join(run::ENVIRONMENT))?,
            rows: Rows::read(&metrics)?,
        })
    }

    /// How far it came.
    pub fn outcome(&self) -> Outcome {
        let rows = &self.rows;
        let (update, evaluation) = (rows.updates.last(), rows.evaluations.last());
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        Outcome {
            updates: update.map_or(0, |u| u.step.saturating_add(1)),
            final_loss: update.and_then(|u| finite(u.loss)),
            best_loss: rows.lowest_loss().map(|(_, loss)| loss),
            final_eval_loss: evaluation.and_then(|e| finite(e.eval_loss)),
            best_eval_loss: rows.lowest_eval_loss().map(|(_, loss)| loss),
            final_eval_accuracy: evaluation.and_then(|e| e.eval_accuracy),
            best_eval_accuracy: rows.most_accurate().map(|(_, accuracy)| accuracy),
            best_eval_accuracy_step: rows.most_accurate().map(|(step, _)| step),
            seconds: self.environment.number(SECONDS),
        }
    }
}

/// Reads several run directories. Those of one name are told apart by their paths.
///
/// # Errors
/// As [`Run::read`].
pub fn read(dirs: &[PathBuf]) -> Result<Vec<Run>> {
    let runs: Result<Vec<Run>> = dirs.iter().map(|dir| Run::read(dir)).collect();
    let mut runs = runs?;
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    for (run, dir) in runs.iter_mut().zip(dirs) {
        if names.iter().filter(|name| **name == run.name).count() > 1 {
            run.name = dir.display().to_string();
        }
    }
    Ok(runs)
}

/// The settings that are not the same in all runs: a key, and its value in each run that has it.
pub fn differences(runs: &[Run]) -> Vec<(String, Vec<Option<String>>)> {
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.config.keys()).collect();
    let row = |key: &String| {
        let values = runs.iter().map(|run| run.config.get(key).cloned());
        (key.clone(), values.collect::<Vec<_>>())
    };
    let differs = |(_, values): &(String, Vec<Option<String>>)| {
        !values
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a == b))
    };
    keys.into_iter().map(row).filter(differs).collect()
}

/// The curves of all runs over each other, a chart for each quantity: training loss (smoothed),
/// evaluation loss, accuracy, learning rate. Those that no run has are left out.
pub fn charts(runs: &[Run]) -> Vec<Chart> {
    let training = loss(runs);
    let evaluations = overlaid("evaluation loss", runs, Corner::UpperRight, |run| {
        let rows = run.rows.evaluations.iter();
        rows.map(|e| (e.step as f64, e.eval_loss)).collect()
    });
    let accuracy = overlaid("evaluation accuracy", runs, Corner::LowerRight, |run| {
        let rows = run.rows.evaluations.iter();
        rows.filter_map(|e| Some((e.step as f64, e.eval_accuracy?)))
            .collect()
    });
    let rates = overlaid("learning rate", runs, Corner::UpperRight, |run| {
        let rows = run.rows.updates.iter();
        rows.map(|u| (u.step as f64, u.lr)).collect()
    });
    let charts = [training, evaluations, accuracy, rates];
    charts.into_iter().flatten().collect()
}

/// The smoothed training losses of all runs; none if no run has any.
pub fn loss(runs: &[Run]) -> Option<Chart> {
    overlaid("training loss, smoothed", runs, Corner::UpperRight, |run| {
        smoothed(&losses(&run.rows.updates)).0
    })
}

fn overlaid(
    what: &str,
    runs: &[Run],
    legend: Corner,
    points: impl Fn(&Run) -> Vec<(f64, f64)>,
) -> Option<Chart> {
    let series = runs
        .iter()
        .map(|run| curve(&run.name, &points(run), Look::Line));
    let series: Vec<Series> = series.collect();
    let values = series.iter().flat_map(|s| &s.points).map(|p| p.1);
    let log = what.contains("loss") && is_wide(values);
    let mut chart = chart(what, series, log, Vec::new(), legend)?;
    // The title says what the axis measures.
    chart.title = std::mem::take(&mut chart.y);
    chart.reach = runs
        .iter()
        .filter_map(|run| reach(&run.rows))
        .reduce(|a, b| [0.0, a[1].max(b[1])]);
    Some(chart)
}

/// A directory's own name, also of `.`.
fn name(dir: &Path) -> String {
    let own = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let whole = || own(&fs::canonicalize(dir).ok()?);
    own(dir)
        .or_else(whole)
        .unwrap_or_else(|| dir.display().to_string())
}

fn missing(path: &Path, what: &str) -> Error {
    let dir = path.parent().unwrap_or(Path::new(".")).display();
    let message = format!(
        "there is no such file, which should hold {what}; is {dir} a run directory (such as runs/NAME-1)?"
    );
    Error::file(path, message)
}

fn needed(path: &Path, what: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => missing(path, what),
        _ => Error::io(path)(e),
    })
}

/// A flat TOML file as texts: a key of a table is `table.key`.
fn settings(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| format!("not TOML: {}", e.to_string().trim_end()))?;
    let mut settings = BTreeMap::new();
    let mut open: Vec<(String, toml::Value)> = table.into_iter().collect();
    while let Some((key, value)) = open.pop() {
        match value {
            toml::Value::Table(table) => {
                open.extend(table.into_iter().map(|(k, v)| (format!("{key}.{k}"), v)));
            }
            toml::Value::String(text) => drop(settings.insert(key, text)),
            value => drop(settings.insert(key, value.to_string())),
        }
    }
    Ok(settings)
}
