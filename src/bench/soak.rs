//! A long run, and what memory it holds along the way: nothing may grow with the number of updates.

use std::time::Instant;

use serde::Serialize;

use super::{
    Device, Recorded, Subject,
    process::rss_mb,
    subject::{Last, Learned},
};
use crate::{
    device::Machine,
    error::{Error, Result},
};

/// Looks at the memory, evenly over the run.
const LOOKS: u64 = 10;

/// The looks, at the beginning, within which threads and drivers take what they keep.
const SETTLING: usize = 2;

/// What a process may grow by after that, in MiB, for the habits of allocators and drivers: 13 bytes
/// an update in a run of 50,000.
const SLACK_MB: f64 = 0.5;

/// Memory after some updates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// Updates applied.
    pub step: u64,
    /// What the process held, in MiB, where the system tells.
    pub rss_mb: Option<f64>,
    /// Bytes of all that was allocated on the device, where its backend counts: Vulkan and DX12.
    pub device_bytes: Option<u64>,
    /// Live allocations on the device, counted likewise.
    pub device_allocations: Option<usize>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SoakReport {
    /// The workload's name, or the model as it was written.
    pub workload: String,
    /// What did the work.
    #[serde(flatten)]
    pub device: Device,
    /// Updates of the run.
    pub steps: u64,
    /// Seconds that they took.
    pub seconds: f64,
    /// Memory after every tenth of the run.
    pub looks: Vec<Look>,
    /// How much the process grew by after the first fifth of the run, in MiB.
    pub grown_mb: Option<f64>,
    /// How much the device's memory grew by after that, in bytes.
    pub device_grown_bytes: Option<u64>,
    /// The loss of the last step.
    pub final_loss: f64,
    /// What grew; nothing if memory was flat.
    pub grew: Option<String>,
}

/// Runs `steps` updates with the queue full and looks at the memory ten times, the last time at the last end
/// of an epoch.
///
/// # Errors
/// What the device reports, a run that does not train, and a machine on which nothing about memory
/// can be known.
pub fn soak(
    subject: &Subject,
    recorded: &Recorded,
    machine: &Machine,
    steps: u64,
) -> Result<SoakReport> {
    let mut trainer = recorded.trainer(subject, machine)?;
    let per_epoch = recorded.session.epochs.updates();
    let (started, mut last) = (Instant::now(), Last::default());
    let mut looks = Vec::new();
    for tenth in 1..=LOOKS {
        trainer.run(pause(steps, tenth, per_epoch), &mut last)?;
        looks.push(look(trainer.step(), machine));
    }
    trainer.run(steps, &mut last)?;
    let seconds = started.elapsed().as_secs_f64();
    Learned::new(subject, trainer.step())?.check(&trainer.weights()?, &subject.name)?;
    let settled = &looks[SETTLING - 1..];
    let rss: Option<Vec<f64>> = settled.iter().map(|look| look.rss_mb).collect();
    let bytes: Option<Vec<u64>> = settled.iter().map(|look| look.device_bytes).collect();
    if rss.is_none() && bytes.is_none() {
        return Err(Error::Device(
            "neither the system nor the device says how much memory is in use, so a soak shows nothing \
             here; run it on Linux, or on Vulkan or DX12"
                .into(),
        ));
    }
    let grown_mb = rss.map(|rss| rss.iter().fold(0.0, |most: f64, mb| most.max(mb - rss[0])));
    let device_grown_bytes = bytes.map(|b| {
        b.iter()
            .fold(0, |most: u64, now| most.max(now.saturating_sub(b[0])))
    });
    Ok(SoakReport {
        workload: subject.name.clone(),
        device: Device::of(machine),
        steps,
        seconds,
        looks,
        grown_mb,
        device_grown_bytes,
        final_loss: last.loss,
        grew: grew(grown_mb, device_grown_bytes),
    })
}

/// The update before the look after so many tenths: a whole number of epochs where one fits, as the run
/// would pause there anyway. Elsewhere it would make a chunk of a length of its own, for which the
/// executor keeps a buffer.
fn pause(steps: u64, tenth: u64, per_epoch: u64) -> u64 {
    let step = (u128::from(steps) * u128::from(tenth) / u128::from(LOOKS)) as u64;
    match step - step % per_epoch {
        whole if whole > 0 && steps / LOOKS > per_epoch => whole,
        _ => step,
    }
}

fn look(step: u64, machine: &Machine) -> Look {
    let held = match machine {
        Machine::Cpu => None,
        Machine::Gpu(gpu) => gpu.memory(),
    };
    Look {
        step,
        rss_mb: rss_mb(),
        device_bytes: held.map(|(bytes, _)| bytes),
        device_allocations: held.map(|(_, allocations)| allocations),
    }
}

/// On the device nothing may grow at all.
fn grew(process_mb: Option<f64>, device_bytes: Option<u64>) -> Option<String> {
    match (process_mb, device_bytes) {
        (_, Some(bytes)) if bytes > 0 => Some(format!("the device's memory grew by {bytes} bytes")),
        (Some(mb), _) if mb > SLACK_MB => Some(format!(
            "the process grew by {mb:.2} MiB, more than {SLACK_MB}"
        )),
        _ => None,
    }
}
