//! `kiln bench step`: how long a training step takes.

use std::time::Instant;

use clap::Args;

use super::subject::Which;
use crate::{
    bench::{self, StepOptions, StepReport, Workload},
    cli::{Outcome, machine::MachineFlags, say},
    device::Needs,
    error::{Error, Result},
};

/// `kiln bench step`.
#[derive(Args)]
pub(super) struct Step {
    #[command(flatten)]
    which: Which,
    /// Steps to time one by one; as many again, less the warm-up, run with the queue full
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "Measurement",
          value_parser = clap::value_parser!(u64).range(2..=1 << 24))]
    steps: u64,
    /// First steps to leave out of the percentiles [default: 10, at most half]
    #[arg(long, value_name = "N", help_heading = "Measurement")]
    warmup: Option<u64>,
    #[command(flatten, next_help_heading = "Measurement")]
    machine: MachineFlags,
    /// Print one line of JSON
    #[arg(long, help_heading = "Measurement")]
    json: bool,
}

impl Step {
    pub(super) fn run(self) -> Result<Outcome> {
        let started = Instant::now();
        let options = self.options()?;
        let (subject, rate) = self.which.subject(self.steps)?;
        let recorded = match rate {
            Some(rate) => subject.at(rate)?,
            None => subject.under(&Workload::schedule(self.steps), self.steps)?,
        };
        let (machine, _) = self.machine.open(Needs::of(&recorded.session.plan))?;
        let report = bench::step(&subject, &recorded, &machine, options, started)?;
        if self.json {
            say!("{}", super::json(&report)?)?;
        } else {
            say!("{}", table(&report))?;
        }
        Ok(Outcome::Done)
    }

    fn options(&self) -> Result<StepOptions> {
        let options = StepOptions::new(self.steps);
        match self.warmup {
            Some(warmup) if warmup >= self.steps => Err(Error::Usage(format!(
                "--warmup {warmup} leaves none of {} steps to measure; use fewer, or more --steps",
                self.steps
            ))),
            Some(warmup) => Ok(StepOptions { warmup, ..options }),
            None => Ok(options),
        }
    }
}

fn table(r: &StepReport) -> String {
    let label = super::adapter(&r.device);
    let timed = r.steps - r.warmup;
    let mut lines = vec![
        format!("{}: {}, batch {}", r.workload, r.model, r.batch_size),
        format!("on {label}"),
        format!(
            "step, each waited for   {:>10.4} ms  (p10 {:.4}, p90 {:.4}, of {timed})  {:>10.0} samples/s",
            r.median_step_ms, r.p10, r.p90, r.samples_per_s
        ),
        format!(
            "step, queue kept full   {:>10.4} ms  (mean of {timed})  {:>10.0} samples/s",
            r.pipelined_step_ms, r.pipelined_samples_per_s
        ),
        format!(
            "first step              {:>10.2} ms  after {:.0} ms of setup",
            r.first_step_ms, r.setup_ms
        ),
        format!(
            "{} dispatches and {:.2} submits a step (queue full)",
            r.dispatches, r.submits_per_step
        ),
        format!(
            "loss {:.6} at first, {:.6} in step {}",
            r.first_loss, r.final_loss, r.steps
        ),
    ];
    if let Some(ms) = r.device_step_ms {
        let line = format!("step, by the device     {ms:>10.4} ms  (median of the same run)");
        lines.insert(4, line);
    }
    lines.push(format!("to quote: {}", r.timing));
    if let Some(peak) = r.peak_rss_mb {
        lines.push(format!("peak memory of the process {peak:.1} MiB"));
    }
    lines.join("\n")
}
