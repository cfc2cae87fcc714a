//! A trace of wgpu's calls: what wgpu itself logs, counted by name. kiln has no part in it.

use std::{
    mem::take,
    sync::{Mutex, Once},
};

use log::{LevelFilter, Log, Metadata, Record};

use super::Counts;

static TRACE: Trace = Trace(Mutex::new(Counts::new()));

struct Trace(Mutex<Counts>);

impl Log for Trace {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("wgpu")
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata())
            && let Some(name) = name(&record.args().to_string())
        {
            *self.0.lock().unwrap().entry(name).or_default() += 1;
        }
    }

    fn flush(&self) {}
}

/// `Device::poll Wait { … }` without its arguments; nothing for a second word on one call.
fn name(record: &str) -> Option<String> {
    let mut words = record.split([' ', '(']);
    let call = words.next()?;
    match (call, words.next()) {
        ("Queue::submit", Some("returned")) => None,
        ("Device::poll", Some(how)) => Some(format!("{call} {how}")),
        _ => Some(call.to_string()),
    }
}

/// The calls that wgpu gets while `f` runs.
pub fn during(f: impl FnOnce()) -> Counts {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| log::set_logger(&TRACE).unwrap());
    TRACE.0.lock().unwrap().clear();
    log::set_max_level(LevelFilter::Trace);
    f();
    log::set_max_level(LevelFilter::Off);
    take(&mut TRACE.0.lock().unwrap())
}

/// What encoding a step takes, and what goes when its submit is done. No other call costs nothing.
pub const ENCODING: [&str; 9] = [
    "Begin",
    "Pass::set_bind_group",
    "ComputePass::dispatch",
    "Finished",
    "CommandEncoder::drop",
    "CommandBuffer::drop",
    "Device::maintain:",
    "Drop",
    "Destroy",
];
