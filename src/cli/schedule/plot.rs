//! `kiln schedule plot`.

use std::{io::IsTerminal, path::PathBuf};

use clap::Args;

use super::run::{RunArgs, count};
use crate::{
    cli::{Outcome, picture, say},
    error::{Error, Result},
    report::schedule::{self, Quantity},
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
            Some(path) => {
                picture::write(&[chart], (960, 480), "--out", path)?;
                say!("wrote {}", path.display())?;
            }
            None => {
                let colour = std::io::stdout().is_terminal();
                let (width, height) = picture::terminal_size();
                let drawn = chart.terminal(width, height, colour);
                say!("{}", drawn.map_err(picture::usage)?)?;
            }
        }
        Ok(Outcome::Done)
    }
}
