//! `kiln doctor`: whether kiln computes what it should on this machine.

use clap::Args;

use super::{Outcome, machine::MachineFlags, say};
use crate::{
    device::{self, Choice, Machine, Needs},
    doctor::{Check, Diagnosis, KernelRow, Verdict, examine},
    error::{Error, Result},
    exec::tuning::Tuning,
};

/// `kiln doctor`.
#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    machine: MachineFlags,
    /// Every adapter that wgpu lists, and the CPU executor
    #[arg(long, conflicts_with_all = ["device", "tuning"])]
    all: bool,
    /// Print one line of JSON per machine
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(self) -> Result<Outcome> {
        let mut healthy = true;
        if self.all {
            for description in device::list() {
                let name = description.to_string();
                if let Some(why) = &description.unusable {
                    self.say_unusable(&name, why)?;
                    continue;
                }
                let choice = Choice::Named(name);
                match device::open_tuned(&choice, Needs::default(), &Tuning::Auto) {
                    Ok(opened) => healthy &= self.examine(&opened.machine)?,
                    Err(e) => {
                        healthy = false;
                        self.say_unusable(&description.to_string(), &e.to_string())?;
                    }
                }
            }
            healthy &= self.examine(&Machine::Cpu)?;
        } else {
            let (machine, line) = self.machine.open(Needs::default())?;
            if !self.json {
                say!("{line}")?;
            }
            healthy = self.examine(&machine)?;
        }
        Ok(match healthy {
            true => Outcome::Done,
            false => Outcome::Found,
        })
    }

    fn say_unusable(&self, name: &str, why: &str) -> Result<()> {
        match self.json {
            true => say!("{}", serde_json::json!({"device": name, "unusable": why})),
            false => say!("{name}: cannot be used: {why}\n"),
        }
    }

    fn examine(&self, machine: &Machine) -> Result<bool> {
        let found = examine(machine);
        if self.json {
            let line = serde_json::to_string(&found)
                .map_err(|e| Error::io("standard output".as_ref())(std::io::Error::other(e)))?;
            say!("{line}")?;
        } else {
            say!("{}", table(&found))?;
        }
        Ok(found.healthy)
    }
}

fn table(d: &Diagnosis) -> String {
    let mut device = d.device.clone();
    if let Some(tuning) = &d.tuning {
        device += &format!("; shaders: {tuning}");
    }
    let mut lines = vec![device];
    lines.push(format!(
        "\n{:<22} {:<10} {:>8} {:>10} {:>8}  verdict",
        "kernel", "variant", "launches", "error", "ulps"
    ));
    lines.extend(d.kernels.iter().map(kernel));
    lines.push(String::new());
    lines.extend(d.checks.iter().map(check));
    lines.push(format!("\n{} ({:.1} s)\n", verdict(d), d.seconds));
    lines.join("\n")
}

fn kernel(row: &KernelRow) -> String {
    let verdict = row
        .fault
        .as_deref()
        .map_or("ok".into(), |why| format!("FAIL: {why}"));
    format!(
        "{:<22} {:<10} {:>8} {:>10.1e} {:>8.1}  {verdict}",
        row.kernel, row.variant, row.cases, row.relative, row.ulps
    )
}

fn check(c: &Check) -> String {
    let verdict = match c.verdict {
        Verdict::Ok => "ok",
        Verdict::Note => "note",
        Verdict::Fail => "FAIL",
    };
    format!("{verdict:<5} {:<12} {}", c.name, c.found)
}

/// In one sentence, with what to do.
fn verdict(d: &Diagnosis) -> String {
    let portable = |row: &&KernelRow| row.variant == "portable" && row.fault.is_some();
    match (d.healthy, d.tuning.is_some()) {
        (true, _) => "healthy: kiln computes what it should on this machine".into(),
        (false, false) => "NOT healthy: the CPU executor is wrong here; please report this table".into(),
        (false, true) if d.kernels.iter().any(|row| portable(&row)) => {
            "NOT healthy: do not train on this adapter; update its driver, use --device cpu meanwhile, and \
             please report this table"
                .into()
        }
        (false, true) => {
            "NOT healthy: update the driver and look again; until then train with --device cpu, and please \
             report this table"
                .into()
        }
    }
}
