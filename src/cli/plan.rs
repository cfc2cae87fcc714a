//! `kiln plan`: the training step as it will run, before anything runs.

use clap::Args;

use super::{Outcome, say, setup::Setup};
use crate::{device::mebibytes, error::Result, plan::Dispatch};

/// `kiln plan`.
#[derive(Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    setup: Setup,
    /// Print every dispatch's arguments: which words of which buffers
    #[arg(long)]
    arguments: bool,
}

impl PlanCommand {
    pub(super) fn run(self) -> Result<Outcome> {
        let ready = self.setup.ready()?;
        let plan = &ready.session.plan;
        say!("{}\n", ready.network)?;
        if self.arguments {
            say!("{plan}")?;
        }
        for program in &plan.programs {
            let dispatches = &plan.dispatches[program.range.clone()];
            say!(
                "{} (batch {}): {} dispatches",
                program.name,
                program.batch,
                dispatches.len()
            )?;
            say!(
                "  {:<22} {:<58} {:>12} {:>12} {:>8}",
                "op",
                "shapes",
                "FLOPs",
                "bytes",
                "FLOP/B"
            )?;
            for d in dispatches {
                say!("  {}", row(d))?;
            }
            let flops: u64 = dispatches.iter().map(Dispatch::flops).sum();
            let bytes: u64 = dispatches.iter().map(Dispatch::bytes).sum();
            say!("  {:<22} {:<58} {flops:>12} {bytes:>12}\n", "sum", "")?;
        }
        let data: u64 = plan
            .buffers
            .iter()
            .map(|b| match b.role {
                crate::plan::Role::Input => b.len as u64 * 4,
                _ => 0,
            })
            .sum();
        say!(
            "device memory: {} ({} of it data), {} buffers",
            mebibytes(plan.memory()),
            mebibytes(data),
            plan.buffers.len()
        )?;
        Ok(Outcome::Done)
    }
}

fn row(d: &Dispatch) -> String {
    let (flops, bytes) = (d.flops(), d.bytes());
    let intensity = flops as f64 / bytes as f64;
    format!(
        "{:<22} {:<58} {flops:>12} {bytes:>12} {intensity:>8.2}",
        d.op.name,
        d.describe()
    )
}
