//! `kiln compare`.

use std::{io::IsTerminal, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{Outcome, picture, say};
use crate::{
    error::{Error, Result},
    report::compare::{self, Run},
};

/// `kiln compare`.
#[derive(Args)]
pub(super) struct Compare {
    /// Run directories, such as runs/lenet-1
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// A file to write, .svg or .png, with the curves of all runs: losses, accuracy, learning rate
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Compare {
    pub(super) fn run(self) -> Result<Outcome> {
        let runs = compare::read(&self.runs)?;
        if let Some(path) = &self.plot {
            let charts = compare::charts(&runs);
            if charts.is_empty() {
                return Err(Error::Usage("--plot: no run has a row to draw".into()));
            }
            picture::write(&charts, (960, 320), "--plot", path)?;
        }
        if self.json {
            say_json(&runs)?;
            return Ok(Outcome::Done);
        }
        say_table("settings that differ", &runs, &differing(&runs))?;
        say_table("outcome", &runs, &outcomes(&runs))?;
        match &self.plot {
            Some(path) => say!("wrote {}", path.display())?,
            None => {
                if let Some(chart) = compare::loss(&runs) {
                    let (width, height) = picture::terminal_size();
                    let colour = std::io::stdout().is_terminal();
                    let drawn = chart.terminal(width, height, colour);
                    say!("{}", drawn.map_err(picture::usage)?)?;
                }
            }
        }
        Ok(Outcome::Done)
    }
}

/// A row of a table: what, and a cell for each run.
type Row = (String, Vec<String>);

fn differing(runs: &[Run]) -> Vec<Row> {
    let cell = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let rows = compare::differences(runs).into_iter();
    rows.map(|(key, values)| (key, values.into_iter().map(cell).collect()))
        .collect()
}

fn outcomes(runs: &[Run]) -> Vec<Row> {
    let found: Vec<compare::Outcome> = runs.iter().map(Run::outcome).collect();
    let row = |name: &str, cell: &dyn Fn(&compare::Outcome) -> Option<String>| {
        let cell = |outcome| cell(outcome).unwrap_or_else(|| "-".into());
        (name.to_string(), found.iter().map(cell).collect::<Vec<_>>())
    };
    let number = |x: Option<f64>| x.map(|x| format!("{x:.6}"));
    let percent = |x: Option<f64>| x.map(|x| format!("{:.2}%", 100.0 * x));
    let rows = [
        row("updates", &|o| Some(o.updates.to_string())),
        row("loss of the last batch", &|o| number(o.final_loss)),
        row("lowest loss of a batch", &|o| number(o.best_loss)),
        row("last evaluation's loss", &|o| number(o.final_eval_loss)),
        row("lowest evaluation loss", &|o| number(o.best_eval_loss)),
        row("last accuracy", &|o| percent(o.final_eval_accuracy)),
        row("best accuracy", &|o| percent(o.best_eval_accuracy)),
        row("  reached after updates", &|o| {
            Some(o.best_eval_accuracy_step?.to_string())
        }),
        row("seconds", &|o| Some(format!("{:.1}", o.seconds?))),
    ];
    let known = |(_, cells): &Row| cells.iter().any(|cell| cell != "-");
    rows.into_iter().filter(known).collect()
}

fn say_table(title: &str, runs: &[Run], rows: &[Row]) -> Result<()> {
    if rows.is_empty() {
        return say!("{title}: none\n");
    }
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    let all = || std::iter::once((title.to_string(), names.clone())).chain(rows.iter().cloned());
    let width = |text: &str| text.chars().count();
    let first = all().map(|(key, _)| width(&key)).max().unwrap_or(0);
    let of_run = |i: usize| {
        let cells = all().filter_map(|(_, cells)| cells.get(i).map(|cell| width(cell)));
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..runs.len()).map(of_run).collect();
    for (key, cells) in all() {
        let cells = cells.iter().zip(&widths);
        let cells: String = cells
            .map(|(cell, width)| format!("  {cell:<width$}"))
            .collect();
        say!("{}", format!("{key:<first$}{cells}").trim_end())?;
    }
    say!("")
}

fn say_json(runs: &[Run]) -> Result<()> {
    let differences = compare::differences(runs).into_iter().map(|(key, values)| {
        let by_run = runs
            .iter()
            .zip(values)
            .map(|(run, value)| (run.name.clone(), json!(value)));
        (key, serde_json::Value::Object(by_run.collect()))
    });
    let differences = serde_json::Value::Object(differences.collect());
    let outcomes = runs.iter().map(
        |run| json!({ "name": run.name, "outcome": run.outcome(), "environment": run.environment }),
    );
    let outcomes: Vec<_> = outcomes.collect();
    say!(
        "{}",
        json!({ "runs": outcomes, "differences": differences })
    )
}
