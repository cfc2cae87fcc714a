//! The time of a training step.

use std::time::Instant;

use serde::Serialize;

use super::{
    Device, Recorded, Subject, WALL_QUEUE_FULL,
    device_time::DeviceTime,
    process::{cpu_ms, peak_rss_mb},
    statistics::{Spread, percentile},
    subject::{Learned, Losses},
};
use crate::{device::Machine, error::Result, train::Trainer};

/// How a step is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepOptions {
    /// Steps that are timed one by one.
    pub steps: u64,
    /// How many of them, the first, are left out of the percentiles.
    pub warmup: u64,
}

impl StepOptions {
    /// Ten steps of warm-up, but never more than half of all.
    pub fn new(steps: u64) -> StepOptions {
        StepOptions {
            steps,
            warmup: 10.min(steps / 2),
        }
    }
}

/// What a step takes. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// The workload's name, or the model as it was written.
    pub workload: String,
    /// What did the work.
    #[serde(flatten)]
    pub device: Device,
    /// The model, in the words of `--model`.
    pub model: String,
    /// Samples in a step.
    pub batch_size: u32,
    /// Steps that were timed one by one.
    pub steps: u64,
    /// How many of them, the first, are not in the percentiles.
    pub warmup: u64,
    /// Median of a step from its start until its loss is on the host, nothing else under way.
    pub median_step_ms: f64,
    /// 10th percentile of the same.
    pub p10: f64,
    /// 90th percentile of the same.
    pub p90: f64,
    /// The shortest of the same.
    pub min_ms: f64,
    /// The first step, which compiles whatever the driver left for later.
    pub first_step_ms: f64,
    /// From the command's start to the first step: data, plan, device, pipelines, upload.
    pub setup_ms: f64,
    /// Mean of a step in a run that waits only at its end, so that the queue stays full.
    pub pipelined_step_ms: f64,
    /// Median of a step in the same run by the timestamps that the device writes around each submit,
    /// where they are plausible.
    pub device_step_ms: Option<f64>,
    /// Samples in a second at the median step.
    pub samples_per_s: f64,
    /// The same with the queue kept full.
    pub pipelined_samples_per_s: f64,
    /// Dispatches of a step.
    pub dispatches: usize,
    /// Submits of a step in the run with the queue full; the CPU executor has none.
    pub submits_per_step: f64,
    /// User and system time of all threads for a step, where the system tells.
    pub cpu_ms_per_step: Option<f64>,
    /// The most memory that the process held, in MiB, where the system tells.
    pub peak_rss_mb: Option<f64>,
    /// The loss of the first step.
    pub first_loss: f64,
    /// The loss of the last step that was timed by itself.
    pub final_loss: f64,
    /// Which time to quote, and why: `device…` is `device_step_ms`, `wall, queue full…` is
    /// `pipelined_step_ms`. `median_step_ms` is wall time too, of steps that are waited for.
    pub timing: String,
}

/// Times single steps, then as many again with the queue full, and checks that both trained.
/// `started` is when the command began.
///
/// # Errors
/// What the device reports, and a run whose loss is not finite or does not fall.
pub fn step(
    subject: &Subject,
    recorded: &Recorded,
    machine: &Machine,
    options: StepOptions,
    started: Instant,
) -> Result<StepReport> {
    let StepOptions { steps, warmup } = options;
    let mut trainer = recorded.trainer(subject, machine)?;
    let setup_ms = ms(started);
    let (samples, cpu_ms_per_step, losses) = one_by_one(&mut trainer, options)?;
    let timed = steps - warmup;
    let submits = trainer.executor().submits();
    trainer.executor_mut().start_clock();
    let pipelined_step_ms = queue_full(&mut trainer, timed)?;
    let submits = trainer.executor().submits() - submits;
    let times = trainer.executor_mut().stop_clock()?;
    let on_device = DeviceTime::judge(&times, timed, pipelined_step_ms);
    let peak_rss_mb = peak_rss_mb();
    Learned::new(subject, trainer.step())?.check(&trainer.weights()?, &subject.name)?;
    let mut sorted = samples[warmup as usize..].to_vec();
    sorted.sort_by(f64::total_cmp);
    let Spread { median, p10, p90 } = Spread::of(&sorted);
    let batch_size = subject.config.batch_size;
    let samples_per_step = subject.config.update_samples() as f64;
    let per_second = |ms: f64| samples_per_step / ms * 1e3;
    Ok(StepReport {
        workload: subject.name.clone(),
        device: Device::of(machine),
        model: subject.model.clone(),
        batch_size,
        steps,
        warmup,
        median_step_ms: median,
        p10,
        p90,
        min_ms: percentile(&sorted, 0.0),
        first_step_ms: samples[0],
        setup_ms,
        pipelined_step_ms,
        device_step_ms: on_device.as_ref().ok().map(|d| d.step_ms),
        samples_per_s: per_second(median),
        pipelined_samples_per_s: per_second(pipelined_step_ms),
        dispatches: recorded.dispatches(),
        submits_per_step: submits as f64 / timed as f64,
        cpu_ms_per_step,
        peak_rss_mb,
        first_loss: losses[0],
        final_loss: losses[losses.len() - 1],
        timing: timing(&on_device),
    })
}

/// See [`StepReport::timing`].
fn timing(on_device: &std::result::Result<DeviceTime, String>) -> String {
    match on_device {
        Ok(DeviceTime { share, submits, .. }) => {
            let percent = share * 1e2;
            format!("device, by timestamps (submits: {submits}): {percent:.1} % of the wall time")
        }
        Err(why) => format!("{WALL_QUEUE_FULL}: {why}"),
    }
}

/// Every step waited for: its time, the processor's time for a step after the warm-up, the losses.
fn one_by_one(
    trainer: &mut Trainer,
    options: StepOptions,
) -> Result<(Vec<f64>, Option<f64>, Vec<f64>)> {
    let mut losses = Losses::default();
    let mut samples = Vec::with_capacity(options.steps as usize);
    let mut before = None;
    for step in 0..options.steps {
        if step == options.warmup {
            before = cpu_ms();
        }
        let start = Instant::now();
        trainer.run(step + 1, &mut losses)?;
        samples.push(ms(start));
    }
    let timed = (options.steps - options.warmup) as f64;
    let cpu = cpu_ms().zip(before).map(|(now, then)| (now - then) / timed);
    Ok((samples, cpu, losses.0))
}

/// The mean of `count` more steps that are waited for together, in ms.
///
/// # Errors
/// What the device reports, and a loss that is not finite.
pub fn queue_full(trainer: &mut Trainer, count: u64) -> Result<f64> {
    let start = Instant::now();
    trainer.run(trainer.step() + count, &mut Losses::default())?;
    Ok(ms(start) / count as f64)
}

/// Milliseconds since.
fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
