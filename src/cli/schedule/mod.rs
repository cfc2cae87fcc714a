//! `kiln schedule`: look at a learning rate before anything trains. No command touches a GPU.

mod diff;
mod eval;
mod plot;
mod run;
mod tell;

pub(super) use tell::{segments, worded};

use clap::{Args, Subcommand};

use super::Outcome;
use crate::error::Result;

/// `kiln schedule`.
#[derive(Args)]
pub(super) struct ScheduleCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the rate of every update, or of some, as a table or as JSON
    Eval(eval::Eval),
    /// Print the resolved plan: segments, their updates, the rates at the joints
    Show(tell::Show),
    /// Draw one or several schedules, in the terminal or as SVG or PNG
    Plot(plot::Plot),
    /// Compare two schedules: where they first differ, how much, how much learning rate in all
    Diff(diff::Diff),
    /// Say what is wrong or doubtful about a schedule; exit code 1 if anything is an error
    Lint(tell::Lint),
    /// Explain a curve, combinator or controller: formula, origin, when to use it, pros and cons
    Explain(tell::Explain),
    /// List everything that an expression may use
    List(tell::List),
    /// Translate between the frameworks' spellings and kiln's language
    Convert(tell::Convert),
}

impl ScheduleCommand {
    pub(super) fn run(self) -> Result<Outcome> {
        match self.command {
            Command::Eval(c) => c.run(),
            Command::Show(c) => c.run(),
            Command::Plot(c) => c.run(),
            Command::Diff(c) => c.run(),
            Command::Lint(c) => c.run(),
            Command::Explain(c) => c.run(),
            Command::List(c) => c.run(),
            Command::Convert(c) => c.run(),
        }
    }
}
