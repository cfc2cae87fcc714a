//! `kiln schedule diff`.

use clap::Args;

use super::run::{RunArgs, count};
use crate::{
    cli::{Outcome, say},
    error::{Error, Result},
};

/// `kiln schedule diff`.
#[derive(Args)]
pub(super) struct Diff {
    /// The one schedule
    a: String,
    /// The other
    b: String,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run
    #[arg(long, value_name = "N", value_parser = count)]
    steps: u64,
    /// Rates that differ by no more than this share of the larger are called equal
    #[arg(long, value_name = "R", default_value_t = 1e-12)]
    tolerance: f64,
}

/// Longer runs are not compared update by update.
const MOST: u64 = 100_000_000;

impl Diff {
    pub(super) fn run(self) -> Result<Outcome> {
        if self.steps == 0 || self.steps > MOST {
            return Err(Error::Usage(format!(
                "--steps must be from 1 to {MOST}, not {}",
                self.steps
            )));
        }
        let a = self.run.schedule(&self.a, Some(self.steps))?;
        let b = self.run.schedule(&self.b, Some(self.steps))?;
        let (mut first, mut largest) = (None, (0.0, 0));
        let (mut area_a, mut area_b, mut different) = (0.0, 0.0, 0u64);
        for step in 0..self.steps {
            let (x, y) = (a.at(step), b.at(step));
            let gap = (x - y).abs();
            area_a += x;
            area_b += y;
            if gap > self.tolerance * x.abs().max(y.abs()) {
                different += 1;
                first = first.or(Some(step));
                if gap > largest.0 {
                    largest = (gap, step);
                }
            }
        }
        let Some(first) = first else {
            say!(
                "equal in all {} updates (relative tolerance {:e})",
                self.steps,
                self.tolerance
            )?;
            return Ok(Outcome::Done);
        };
        let at = |step: u64| format!("update {step}: {} and {}", a.at(step), b.at(step));
        say!("A  {}\nB  {}\n", self.a, self.b)?;
        say!("different in     {different} of {} updates", self.steps)?;
        say!("first difference {}", at(first))?;
        say!("largest          {} ({:e} apart)", at(largest.1), largest.0)?;
        say!(
            "sum of rates     {area_a} and {area_b} (A/B {:.4})",
            area_a / area_b
        )?;
        Ok(Outcome::Done)
    }
}
