//! The command line: clap's types, and what each command does with the library.

mod bench;
mod change;
mod checks;
mod compare;
mod config;
mod cooldown;
mod dashboard;
mod describe;
mod devices;
mod doctor;
mod eval;
mod events;
mod explain;
mod export;
mod faults;
mod fitting;
mod init;
mod inputs;
mod leave;
mod lr_find;
mod machine;
mod methods;
mod number;
mod output;
mod picture;
mod plan;
mod predict;
mod progress;
mod ready;
mod recover;
mod resume;
mod saving;
mod schedule;
mod screen;
mod setup;
mod signal;
mod summary;
mod sweep;
mod train;
mod trained;
mod tune;
mod watch;

use std::{ffi::OsString, process::ExitCode};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

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
    /// Go on with a run where its last checkpoint is
    Resume(Box<resume::Resume>),
    /// Write a run's report.html, plots, CSV and TensorBoard events again
    Report(leave::Report),
    /// Branch a decay of the rate off a run that trains at a constant one
    Cooldown(Box<cooldown::Cooldown>),
    /// Write a commented file of settings to start from
    Init(init::Init),
    /// Judge a trained model: loss, accuracy, every class, the confusion matrix
    Eval(Box<eval::Eval>),
    /// Ask a trained model about pictures or rows of a table
    Predict(Box<predict::Predict>),
    /// Write a trained model in another format: ONNX
    Export(Box<export::Export>),
    /// Print the dispatches of a training step, with shapes, operations and bytes
    Plan(Box<plan::PlanCommand>),
    /// Look at a learning-rate schedule: its values, its picture, its faults, its translations
    Schedule(schedule::ScheduleCommand),
    /// Explain an optimiser or a schedule: its formula, what it keeps, its defaults, its pitfalls
    Explain(explain::Explain),
    /// Look for a learning rate: short runs whose rate rises, and what their losses say
    LrFind(Box<lr_find::LrFind>),
    /// Train with many settings, one run after the other, and rank them
    Sweep(sweep::Sweep),
    /// Measure: a training step, the cost of a schedule, the kernels
    Bench(bench::BenchCommand),
    /// Compare runs: settings that differ, how far each came, their curves over each other
    Compare(compare::Compare),
    /// Find the fastest shaders on this adapter and keep the choice for later runs
    Tune(Box<tune::Tune>),
    /// Check that every kernel and a training run are right on this machine's adapter
    Doctor(doctor::Doctor),
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
    let result = match read(std::env::args_os().collect()) {
        Ok((cli, matches)) => {
            let matches = matches.subcommand().map(|(_, matches)| matches);
            run(cli.command, matches.unwrap_or(&ArgMatches::default()))
        }
        Err(Mistake::Words(e)) => e.exit(),
        Err(Mistake::File(e)) => Err(e),
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

fn run(command: Command, matches: &ArgMatches) -> Result<Outcome> {
    match command {
        Command::Train(command) => command.run(matches),
        Command::Resume(command) => command.run(matches),
        Command::Cooldown(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Schedule(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::LrFind(command) => command.run(matches),
        Command::Sweep(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Tune(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Devices(command) => command.run(),
    }
}

/// Why a command line is not understood.
enum Mistake {
    /// clap's answer, which may be help that was asked for.
    Words(clap::Error),
    /// In the file that it names, or beside it.
    File(Error),
}

impl From<clap::Error> for Mistake {
    fn from(e: clap::Error) -> Mistake {
        Mistake::Words(e)
    }
}

impl From<Error> for Mistake {
    fn from(e: Error) -> Mistake {
        Mistake::File(e)
    }
}

/// Reads a command line and does nothing of what it says: how tests and fuzzers reach flags and files of settings.
///
/// # Errors
/// What the program would answer.
#[doc(hidden)]
pub fn understand(args: Vec<OsString>) -> Result<(), String> {
    match read(args) {
        Ok((cli, _)) => match cli.command {
            Command::Train(train) => train.flags.setup.check_words().map_err(|e| e.to_string()),
            _ => Ok(()),
        },
        Err(Mistake::Words(e)) => Err(e.to_string()),
        Err(Mistake::File(e)) => Err(e.to_string()),
    }
}

/// Reads the command line, and once more with what a file of settings says in front of the flags, which
/// then win.
fn read(mut args: Vec<OsString>) -> Result<(Cli, ArgMatches), Mistake> {
    let matches = Cli::command().try_get_matches_from(&args)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let none = Vec::new();
    let (file, unset) = match &cli.command {
        Command::LrFind(find) => (find.config.clone(), &none),
        Command::Train(train) => (train.config.clone(), &train.flags.unset),
        Command::Resume(resume) => (resume.config(), resume.unset()),
        _ => (None, &none),
    };
    let Some(file) = file else {
        let useless = unset.first();
        return match useless {
            Some(key) => Err(Mistake::File(Error::Usage(format!(
                "--unset {key} has no effect: no file of settings was named"
            )))),
            None => Ok((cli, matches)),
        };
    };
    let mut flags = config::flags_of(&file, &train::command(), unset)?;
    if matches!(cli.command, Command::LrFind(_)) {
        flags = lr_find::effective(&file, flags);
    }
    args.splice(2..2, flags);
    let command = Cli::command().args_override_self(true);
    let matches = command.try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, matches))
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
