//! `kiln bench soak`: whether memory stays as it is in a long run.

use clap::Args;

use super::subject::Which;
use crate::{
    bench::{self, SoakReport, Workload},
    cli::{Outcome, machine::MachineFlags, say},
    device::{Needs, mebibytes},
    error::Result,
};

/// `kiln bench soak`.
#[derive(Args)]
pub(super) struct Soak {
    #[command(flatten)]
    which: Which,
    /// Updates of the run
    #[arg(long, value_name = "N", default_value_t = 50_000, help_heading = "Measurement",
          value_parser = clap::value_parser!(u64).range(10..))]
    steps: u64,
    #[command(flatten, next_help_heading = "Measurement")]
    machine: MachineFlags,
    /// Print one line of JSON
    #[arg(long, help_heading = "Measurement")]
    json: bool,
}

impl Soak {
    pub(super) fn run(self) -> Result<Outcome> {
        let (subject, rate) = self.which.subject(self.steps)?;
        let recorded = match rate {
            Some(rate) => subject.at(rate)?,
            None => subject.under(&Workload::schedule(self.steps), self.steps)?,
        };
        let (machine, _) = self.machine.open(Needs::of(&recorded.session.plan))?;
        let report = bench::soak(&subject, &recorded, &machine, self.steps)?;
        if self.json {
            say!("{}", super::json(&report)?)?;
        } else {
            say!("{}", table(&report))?;
        }
        Ok(match report.grew {
            None => Outcome::Done,
            Some(_) => Outcome::Found,
        })
    }
}

fn table(r: &SoakReport) -> String {
    let mut lines = vec![
        format!("{}: {} updates in {:.1} s", r.workload, r.steps, r.seconds),
        format!("on {}", super::adapter(&r.device)),
        format!("{:>12}  {:>12}  device", "update", "process"),
    ];
    for look in &r.looks {
        let process = look.rss_mb.map(|mb| format!("{mb:.2} MiB"));
        let device = look.device_bytes.zip(look.device_allocations);
        let device = device.map(|(bytes, n)| format!("{} in {n} pieces", mebibytes(bytes)));
        let unknown = || "unknown".to_string();
        lines.push(format!(
            "{:>12}  {:>12}  {}",
            look.step,
            process.unwrap_or_else(unknown),
            device.unwrap_or_else(unknown)
        ));
    }
    lines.push(match &r.grew {
        None => "nothing grew after the first fifth of the run".into(),
        Some(what) => format!("after the first fifth of the run {what}"),
    });
    lines.join("\n")
}
