//! Faults on demand, for tests of what follows them. `KILN_INJECT` holds some of these, with commas between
//! them; without it nothing here runs, and with it kiln says so.
//!
//! | word | what happens |
//! |---|---|
//! | `device-lost@N` | the device is lost when it has been given N updates, once per word |
//! | `no-memory@BYTES` | the device has no room for more than that in all buffers |

use std::{
    env,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{Executor, Fetch, RunTime};
use crate::{
    device::Gpu,
    error::{Error, Result},
    ops::Hyper,
    plan::{Program, Slice},
};

/// What holds them.
const VARIABLE: &str = "KILN_INJECT";

/// Those that were asked for.
#[derive(Debug, Default, PartialEq)]
struct Faults {
    /// Updates after which the device is lost, one time after the other.
    lost: Vec<u64>,
    memory: Option<u64>,
}

fn parse(text: &str) -> Result<Faults, String> {
    let mut faults = Faults::default();
    for word in text.split(',').filter(|word| !word.is_empty()) {
        let found = word.split_once('@');
        let found = found.and_then(|(kind, at)| Some((kind, at.parse().ok()?)));
        match found {
            Some(("device-lost", at)) => faults.lost.push(at),
            Some(("no-memory", bytes)) => faults.memory = Some(bytes),
            _ => {
                return Err(format!(
                    "{VARIABLE}: `{word}` is no fault; expected device-lost@UPDATES or no-memory@BYTES. It is for \
                     kiln's own tests: unset it"
                ));
            }
        }
    }
    Ok(faults)
}

fn faults() -> Result<&'static Faults> {
    static FAULTS: OnceLock<Result<Faults, String>> = OnceLock::new();
    let read = || {
        let text = env::var(VARIABLE).unwrap_or_default();
        if !text.is_empty() {
            eprintln!("note: {VARIABLE}={text} is set: faults are made on purpose");
        }
        parse(&text)
    };
    let faults = FAULTS.get_or_init(read).as_ref();
    faults.map_err(|why| Error::Usage(why.clone()))
}

/// Bytes that the device has room for, if they are few on purpose.
pub(super) fn memory() -> Result<Option<u64>> {
    Ok(faults()?.memory)
}

/// The executor, with a device that will be lost if that was asked for.
pub(super) fn armed(exec: Box<dyn Executor>, gpu: Arc<Gpu>) -> Result<Box<dyn Executor>> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let faults = faults()?;
    if faults.lost.is_empty() {
        return Ok(exec);
    }
    let next = faults.lost.get(NEXT.fetch_add(1, Ordering::Relaxed));
    Ok(Box::new(Doomed {
        exec,
        gpu,
        left: next.copied(),
    }))
}

/// An executor whose device is lost after some updates.
struct Doomed {
    exec: Box<dyn Executor>,
    gpu: Arc<Gpu>,
    left: Option<u64>,
}

impl Executor for Doomed {
    fn write(&mut self, at: Slice, words: &[f32]) -> Result<()> {
        self.exec.write(at, words)
    }

    fn share(&mut self, at: Slice, words: &Arc<Vec<f32>>) -> Result<()> {
        self.exec.share(at, words)
    }

    fn run(&mut self, program: &Program, hypers: &[Hyper]) -> Result<()> {
        if program.name.starts_with("train")
            && let Some(left) = &mut self.left
        {
            *left = left.saturating_sub(hypers.len() as u64);
            if *left == 0 {
                self.left = None;
                self.gpu.lose();
            }
        }
        self.exec.run(program, hypers)
    }

    fn fetch(&mut self, at: Slice) -> Result<Fetch> {
        self.exec.fetch(at)
    }

    fn collect(&mut self, fetch: Fetch, words: &mut Vec<f32>) -> Result<()> {
        self.exec.collect(fetch, words)
    }

    fn flops_per_submit(&self) -> u64 {
        self.exec.flops_per_submit()
    }

    fn submits(&self) -> u64 {
        self.exec.submits()
    }

    fn start_clock(&mut self) {
        self.exec.start_clock();
    }

    fn stop_clock(&mut self) -> Result<Vec<RunTime>> {
        self.exec.stop_clock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is no fault is said: nobody sets this by accident.
    #[test]
    fn words_are_read() {
        let faults = parse("device-lost@120,no-memory@1000,device-lost@7").unwrap();
        let expected = Faults {
            lost: vec![120, 7],
            memory: Some(1000),
        };
        assert_eq!(faults, expected);
        assert_eq!(parse("").unwrap(), Faults::default());
        for wrong in ["device-lost", "device-lost@x", "1"] {
            assert!(parse(wrong).unwrap_err().contains("unset"), "{wrong}");
        }
    }
}
