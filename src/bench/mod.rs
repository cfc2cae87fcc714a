//! Measurements that check what they measure: the time of a training step, whether a schedule
//! changes it, whether a long run grows, how near each kernel comes to what the machine can do, and which shader is fastest.
//!
//! Every time is wall time, but for what the device's own clock says of a step, with the medians and
//! the 10th and 90th percentiles of many runs; whatever is compared runs in turns. Nothing is reported of a run that does not train, or of a
//! kernel whose result is wrong.

mod device_time;
pub mod kernels;
mod process;
pub mod schedules;
mod soak;
pub mod statistics;
mod step;
mod subject;
pub mod tune;
mod workload;

pub use kernels::{KernelsReport, kernels};
pub use schedules::{ScheduleOptions, SchedulesReport, schedules};
pub use soak::{Look, SoakReport, soak};
pub use step::{StepOptions, StepReport, queue_full, step};
pub use subject::{Recorded, Subject};
pub use workload::Workload;

use serde::Serialize;

use crate::device::Machine;

/// How times were taken: on the host's clock, many at once with one wait at the end.
pub const WALL_QUEUE_FULL: &str = "wall, queue full";

/// What did the work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// The adapter with its driver, or the CPU executor with its threads.
    pub device: String,
    /// A software adapter: a GPU's driver that computes on the host's cores. Its times say little
    /// about any GPU.
    pub software_adapter: bool,
    /// The table that picks the shaders; the CPU executor has none.
    pub tuning: Option<String>,
}

impl Device {
    /// The name of an opened machine.
    pub fn of(machine: &Machine) -> Device {
        match machine {
            Machine::Cpu => Device {
                device: format!("CPU executor, {} threads", rayon::current_num_threads()),
                software_adapter: false,
                tuning: None,
            },
            Machine::Gpu(gpu) => Device {
                device: gpu.description.to_string(),
                software_adapter: gpu.software,
                tuning: Some(gpu.table.name.clone()),
            },
        }
    }
}
