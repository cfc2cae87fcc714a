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
    report::{
        chart::{self, Chart},
        schedule::{self, Quantity},
    },
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

impl Plot {
    pub(super) fn run(self) -> Result<Outcome> {
        if self.steps == 0 {
            return Err(Error::Usage("--steps 0 leaves nothing to draw".into()));
        }
        let resolved = self.expressions.iter().map(|text| {
            let schedule = self.run.schedule(text, Some(self.steps))?;
            if self.momentum && schedule.momentum_at(0).is_none() {
                return Err(Error::Usage(format!(
                    "--momentum: `{text}` does not cycle the momentum"
                )));
            }
            Ok((text.clone(), schedule))
        });
        let schedules = resolved.collect::<Result<Vec<_>>>()?;
        let quantity = if self.momentum {
            Quantity::Momentum
        } else {
            Quantity::Rate
        };
        let chart = schedule::chart(&schedules, self.steps, quantity, self.log);
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
