//! `kiln devices`: what wgpu sees.

use clap::Args;

use super::{Outcome, say};
use crate::{
    device::{self, mebibytes},
    error::Result,
};

/// `kiln devices`.
#[derive(Args)]
pub(super) struct Devices {}

impl Devices {
    pub(super) fn run(self) -> Result<Outcome> {
        let adapters = device::list();
        if adapters.is_empty() {
            say!("wgpu finds no adapter on this machine.")?;
        }
        for d in &adapters {
            say!("{}", d.name)?;
            say!("    {}, {}, driver {}", d.kind, d.backend, d.driver_line())?;
            say!(
                "    bindings up to {}, buffers up to {}, {} storage buffers per kernel",
                mebibytes(d.max_binding),
                mebibytes(d.max_buffer),
                d.storage_buffers
            )?;
            say!(
                "    workgroups of up to {} invocations with {} of memory",
                d.max_invocations,
                mebibytes(d.workgroup_memory.into())
            )?;
            if let Some(why) = &d.unusable {
                say!("    cannot be used: {why}")?;
            }
        }
        let (_, line) = device::open(&device::Choice::Auto, device::Needs::default())?;
        say!(
            "\n--device auto would take: {}",
            line.trim_start_matches("device: ")
        )?;
        say!("--device cpu always works and needs no adapter.")?;
        Ok(Outcome::Done)
    }
}
