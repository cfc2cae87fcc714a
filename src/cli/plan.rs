//! `kiln plan`: the training step as it will run, before anything runs.

use clap::Args;

use super::{Outcome, say, setup::Setup};
use crate::{
    device::mebibytes,
    error::Result,
    plan::{Dispatch, Plan, Program, Role},
};

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
            say_program(plan, program)?;
        }
        say_memory(plan)?;
        Ok(Outcome::Done)
    }
}

/// What each dispatch computes and moves, and what the whole step does.
fn say_program(plan: &Plan, program: &Program) -> Result<()> {
    let dispatches = plan
        .dispatches
        .get(program.range.clone())
        .unwrap_or_default();
    let shapes: Vec<String> = dispatches.iter().map(Dispatch::describe).collect();
    let width = shapes.iter().map(|s| s.chars().count()).max().unwrap_or(0);
    let (name, batch, count) = (&program.name, program.batch, dispatches.len());
    say!("{name} (batch {batch}): {count} dispatches")?;
    say!(
        "  {:<22} {:<width$} {:>12} {:>12} {:>8}",
        "op",
        "shapes",
        "FLOPs",
        "bytes",
        "FLOP/B"
    )?;
    let row = |op: &str, shapes: &str, flops: u64, bytes: u64| {
        let intensity = flops as f64 / bytes as f64;
        say!("  {op:<22} {shapes:<width$} {flops:>12} {bytes:>12} {intensity:>8.2}")
    };
    for (d, shapes) in dispatches.iter().zip(&shapes) {
        row(d.op.name, shapes, d.flops(), d.bytes())?;
    }
    let flops = dispatches.iter().map(Dispatch::flops).sum();
    let bytes = dispatches.iter().map(Dispatch::bytes).sum();
    row("sum", "", flops, bytes)?;
    say!("")
}

/// What the plan's buffers take, by what they hold.
fn say_memory(plan: &Plan) -> Result<()> {
    say!("device memory: all of it is taken at the start, so this is the peak")?;
    let row = |name: &str, bytes: u64, count: usize| {
        let buffers = if count == 1 { "buffer" } else { "buffers" };
        say!(
            "  {name:<16} {:>12}  {count:>3} {buffers}",
            mebibytes(bytes)
        )
    };
    for (role, name) in Role::ALL {
        let (bytes, count) = plan.memory_of(role);
        row(name, bytes, count)?;
    }
    row("sum", plan.memory(), plan.buffers.len())?;
    say!(
        "  Activations share memory with those that are no longer read. On a GPU, a uniform for every \
         dispatch and the parts of split sums come on top."
    )
}
