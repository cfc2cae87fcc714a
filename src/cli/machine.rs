//! The flags that say what computes, and with which shaders.

use std::sync::Arc;

use clap::Args;

use crate::{
    device::{self, Choice, Machine, Needs},
    error::Result,
    exec::{self, Executor, tuning::Tuning},
    plan::Plan,
};

/// What trains or is measured.
#[derive(Args, Clone, Debug)]
pub(super) struct MachineFlags {
    /// auto, gpu, software, cpu, or part of an adapter's name (see `kiln devices`)
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: Choice,
    /// Which shaders run: auto (what `kiln tune` found for this adapter, if it ran), built-in, or a
    /// file that `kiln tune` wrote
    #[arg(long, value_name = "TABLE", default_value = "auto")]
    tuning: Tuning,
}

impl MachineFlags {
    /// Opens it. The text says in one line what was chosen, why, and what picks the shaders.
    pub(super) fn open(&self, needs: Needs) -> Result<(Machine, String)> {
        let opened = device::open_tuned(&self.device, needs, &self.tuning)?;
        if let Some(remark) = opened.remark {
            eprintln!("note: {remark}");
        }
        let mut line = opened.line;
        if let Machine::Gpu(gpu) = &opened.machine {
            line += &format!("; shaders: {}", gpu.table.name);
            if let Some(note) = &gpu.note {
                eprintln!("note: {note}");
            }
        }
        Ok((opened.machine, line))
    }

    /// Opens it and makes it ready to run a plan.
    pub(super) fn executor(&self, plan: &Arc<Plan>) -> Result<(Box<dyn Executor>, String)> {
        let (machine, line) = self.open(Needs::of(plan))?;
        Ok((exec::on(machine, plan)?, line))
    }
}
