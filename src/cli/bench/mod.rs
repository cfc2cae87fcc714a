//! `kiln bench`: how long a step takes, whether the schedule matters, whether a long run
//! grows, how near the kernels are to
//! what the machine can do.

mod kernels;
mod schedules;
mod soak;
mod step;
mod subject;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Outcome;
use crate::{
    bench::Device,
    error::{Error, Result},
};

/// `kiln bench`.
#[derive(Args)]
pub(super) struct BenchCommand {
    #[command(subcommand)]
    command: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Time a training step: waited for one by one, and with the queue kept full
    Step(Box<step::Step>),
    /// Compare a step's time under different schedules: does any of them cost anything?
    Schedules(Box<schedules::Schedules>),
    /// Train for long and look at the memory: does anything grow?
    Soak(Box<soak::Soak>),
    /// Time every kernel against what the machine can do: its GEMM, its copy
    Kernels(kernels::Kernels),
}

impl BenchCommand {
    pub(super) fn run(self) -> Result<Outcome> {
        match self.command {
            Bench::Step(command) => command.run(),
            Bench::Schedules(command) => command.run(),
            Bench::Soak(command) => command.run(),
            Bench::Kernels(command) => command.run(),
        }
    }
}

/// The name of the device, with a warning where it needs one, and what picks its shaders.
pub(super) fn adapter(device: &Device) -> String {
    let mut line = device.device.clone();
    if device.software_adapter {
        line += " [software adapter: not a GPU's speed]";
    }
    if let Some(table) = &device.tuning {
        line += &format!("; shaders: {table}");
    }
    line
}

/// A report as one line.
pub(super) fn json(report: &impl Serialize) -> Result<String> {
    serde_json::to_string(report)
        .map_err(|e| Error::io("standard output".as_ref())(std::io::Error::other(e)))
}
