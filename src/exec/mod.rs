//! Two machines that run a plan.

pub mod cpu;
pub mod gpu;
mod inject;
pub mod tuning;

use std::sync::Arc;

use crate::{
    device::Machine,
    error::Result,
    ops::Hyper,
    plan::{Plan, Program, Slice},
};

/// A plan on a machine, ready to run.
///
/// # Errors
/// If the plan is wrong or too large for it, and what the device reports.
pub fn on(machine: Machine, plan: &Arc<Plan>) -> Result<Box<dyn Executor>> {
    Ok(match machine {
        Machine::Cpu => Box::new(cpu::Cpu::new(plan.clone())?),
        Machine::Gpu(gpu) => {
            let exec = Box::new(gpu::GpuExecutor::new(gpu.clone(), plan)?);
            inject::armed(exec, gpu)?
        }
    })
}

/// Words of shared memory that are written at a time.
const PIECE: usize = 1 << 18;

/// The whole seam between training and machines. Nothing but [`Executor::collect`] waits for the
/// machine to finish what it was given.
pub trait Executor {
    /// Overwrites words, in order with everything run before and after.
    ///
    /// # Errors
    /// What the device reported since the last call: lost, out of memory, invalid.
    fn write(&mut self, at: Slice, words: &[f32]) -> Result<()>;

    /// Writes words that the host keeps and will not change. A machine that computes in the host's
    /// memory may read them where they are.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn share(&mut self, mut at: Slice, words: &Arc<Vec<f32>>) -> Result<()> {
        for piece in words.chunks(PIECE) {
            at.len = piece.len() as u32;
            self.write(at, piece)?;
            at.offset += at.len;
        }
        Ok(())
    }

    /// Runs a program once for every element of `hypers`, each run seeing its own.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn run(&mut self, program: &Program, hypers: &[Hyper]) -> Result<()>;

    /// Asks for words as they are once everything given so far has run, without waiting.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn fetch(&mut self, at: Slice) -> Result<Fetch>;

    /// Waits for a fetch, and replaces `words` by what it brought. Whoever fetches again and again
    /// passes the same vector, and nothing is allocated.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn collect(&mut self, fetch: Fetch, words: &mut Vec<f32>) -> Result<()>;

    /// Fetches and waits.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn read(&mut self, at: Slice) -> Result<Vec<f32>> {
        let fetch = self.fetch(at)?;
        let mut words = Vec::new();
        self.collect(fetch, &mut words)?;
        Ok(words)
    }

    /// Floating-point operations that one submit should hold: enough to hide its cost, few
    /// enough to stay far below the operating systems' two-second watchdogs.
    fn flops_per_submit(&self) -> u64;

    /// Submits to a queue so far; none where there is no queue.
    fn submits(&self) -> u64 {
        0
    }

    /// Has the device note from now on when it begins and ends the work of each submit, where it
    /// has a clock for that.
    fn start_clock(&mut self) {}

    /// Ends that, and waits for the times since: none where there is no clock. Only so many are
    /// kept, the first.
    ///
    /// # Errors
    /// As [`Executor::write`].
    fn stop_clock(&mut self) -> Result<Vec<RunTime>> {
        Ok(Vec::new())
    }
}

/// What a submit took by the device's own clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunTime {
    /// Runs of a program in it.
    pub runs: u32,
    /// From its beginning to its end as the device tells, which need not be true.
    pub ms: f64,
}

/// Words on their way to the host.
pub struct Fetch(pub(crate) Pending);

pub(crate) enum Pending {
    Here(Vec<f32>),
    Mapping(gpu::Staging),
}
