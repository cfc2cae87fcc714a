//! The command line: clap's types, and what each command does with the library.

mod bench;
mod checks;
mod devices;
mod machine;
mod methods;
mod plan;
mod progress;
mod schedule;
mod setup;
mod train;
mod tune;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

/// Train neural networks with hand-written WGSL on any GPU, with the learning-rate schedule as a
/// first-class value.
#[derive(Parser)]
#[command(name = "kiln", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model; without any option: a small CNN on the embedded handwritten digits
    Train(Box<train::Train>),
    /// Print the dispatches of a training step, with shapes, operations and bytes
    Plan(Box<plan::PlanCommand>),
    /// Look at a learning-rate schedule: its values, its picture, its faults, its translations
    Schedule(schedule::ScheduleCommand),
    /// Measure: a training step, the cost of a schedule, the kernels
    Bench(bench::BenchCommand),
    /// Find the fastest shaders on this adapter and keep the choice for later runs
    Tune(Box<tune::Tune>),
    /// List the adapters that wgpu sees
    Devices(devices::Devices),
}

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Stopped by Ctrl-C, with everything written.
    Interrupted,
    /// A check found errors, and has said which.
    Found,
}

/// Runs the program: 0 for success, 1 for a run that failed, 2 for something to change in the
/// command or the machine, 130 after Ctrl-C.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Schedule(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Tune(command) => command.run(),
        Command::Devices(command) => command.run(),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Ok(Outcome::Found) => ExitCode::FAILURE,
        Err(e) if is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(e.exit_code())
        }
    }
}

/// Whoever read our output has seen enough (`kiln plan | head`): no failure.
fn is_broken_pipe(e: &Error) -> bool {
    matches!(e, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Prints a line; a closed pipe is an error like any other, not a panic.
fn print(text: std::fmt::Arguments) -> Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{text}").map_err(Error::io("standard output".as_ref()))
}

/// What a run says of itself: a reader that has gone away (`| head`) does not end the training.
fn tell(text: std::fmt::Arguments) {
    // Nothing is lost that the files under --out do not hold.
    let _ = print(text);
}

/// [`print`] with a format.
macro_rules! say {
    ($($arg:tt)*) => { $crate::cli::print(format_args!($($arg)*)) };
}
use say;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// clap's own check of the declarations: duplicate flags, bad defaults.
    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
