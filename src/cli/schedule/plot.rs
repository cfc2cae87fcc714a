//! `kiln schedule plot`.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;

use super::run::{RunArgs, count};
use crate::{
    cli::{Outcome, say},
    error::{Error, Result},
    files::write_atomically,
    report::chart::{self, Chart, Series},
    schedule::Schedule,
};

/// `kiln schedule plot`.
#[derive(Args)]
pub(super) struct Plot {
    /// One schedule or several, drawn over each other
    #[arg(required = true)]
    expressions: Vec<String>,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run
    #[arg(long, value_name = "N", value_parser = count)]
    steps: u64,
    /// A file to write, .svg or .png, instead of drawing in the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw the logarithm of the rate
    #[arg(long)]
    log: bool,
    /// Draw the momentum instead, where the schedules cycle it
    #[arg(long)]
    momentum: bool,
}

/// Points of a curve between its joints.
const POINTS: u64 = 1500;

impl Plot {
    pub(super) fn run(self) -> Result<Outcome> {
        if self.steps == 0 {
            return Err(Error::Usage("--steps 0 leaves nothing to draw".into()));
        }
        let mut series = Vec::new();
        let mut marks = Vec::new();
        for text in &self.expressions {
            let schedule = self.run.schedule(text, Some(self.steps))?;
            let joints = schedule.joints();
            if self.expressions.len() == 1 {
                marks.extend(
                    joints
                        .iter()
                        .filter(|&&j| j > 0 && j < self.steps)
                        .map(|&j| j as f64),
                );
            }
            series.push(Series {
                name: text.clone(),
                points: self.points(text, &schedule, &joints)?,
            });
        }
        let what = if self.momentum {
            "momentum"
        } else {
            "learning rate"
        };
        let title = match &self.expressions[..] {
            [one] => one.clone(),
            many => format!("{what} of {} schedules", many.len()),
        };
        let chart = Chart {
            title,
            y: what.into(),
            series,
            log: self.log,
            marks,
        };
        match &self.out {
            Some(path) => write(&chart, path)?,
            None => {
                let colour = std::io::stdout().is_terminal();
                let (width, height) = terminal_size();
                say!("{}", chart.terminal(width, height, colour).map_err(usage)?)?;
            }
        }
        Ok(Outcome::Done)
    }

    /// Evenly spaced updates, and both sides of every joint.
    fn points(&self, text: &str, schedule: &Schedule, joints: &[u64]) -> Result<Vec<(f64, f64)>> {
        let last = self.steps - 1;
        let even = (0..=POINTS).map(|i| (last as u128 * i as u128 / POINTS as u128) as u64);
        let sides = joints.iter().flat_map(|&j| [j.saturating_sub(1), j]);
        let mut steps: Vec<u64> = even.chain(sides).filter(|&s| s <= last).collect();
        steps.sort_unstable();
        steps.dedup();
        let value = |s: u64| match self.momentum {
            false => Ok(schedule.at(s)),
            true => schedule.momentum_at(s).ok_or_else(|| {
                Error::Usage(format!("--momentum: `{text}` does not cycle the momentum"))
            }),
        };
        steps
            .into_iter()
            .map(|s| Ok((s as f64, value(s)?)))
            .collect()
    }
}

fn usage(e: chart::Error) -> Error {
    Error::Usage(e.to_string())
}

fn write(chart: &Chart, path: &Path) -> Result<()> {
    let (width, height) = (960, 480);
    let bytes = match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => chart.svg(width, height).map_err(usage)?.into_bytes(),
        Some("png") => chart.png(width, height).map_err(usage)?,
        _ => {
            let name = path.display();
            return Err(Error::Usage(format!(
                "--out {name}: expected a name that ends in .svg or .png"
            )));
        }
    };
    write_atomically(path, &bytes)?;
    say!("wrote {}", path.display())
}

/// Columns and lines to draw in: what the shell says, or a usual terminal.
fn terminal_size() -> (u16, u16) {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    (
        number("COLUMNS").unwrap_or(96).min(400),
        number("LINES").unwrap_or(25).clamp(8, 60) - 3,
    )
}
