//! Whether kiln computes what it should on a machine: every kernel variant against its twin, gradients
//! against finite differences, a training run against the CPU executor's and against itself.

mod case;
mod compare;
mod gradients;
mod kernels;
mod limits;
mod texts;
mod training;

pub use case::{Case, Outputs, POISON, on_gpu_by};
pub use compare::{compare, compare_within, distance, largest};
pub use kernels::{KernelRow, LONG_RUN, cases, long_runs, long_sums};

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    device::{Gpu, Machine},
    error::Error,
    ops,
};
use training::Subject;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Good to know; nothing depends on it.
    Note,
    /// Not to be trained with.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// `gradients`.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
}

impl Check {
    /// One that held, unless there is a fault.
    fn of(name: &'static str, held: String, fault: Option<String>) -> Check {
        Check {
            name,
            verdict: match fault {
                Some(_) => Verdict::Fail,
                None => Verdict::Ok,
            },
            found: fault.unwrap_or(held),
        }
    }

    /// One that could not be made.
    fn broken(name: &'static str, e: &Error) -> Check {
        Check::of(name, String::new(), Some(e.to_string()))
    }
}

/// What was found on a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The adapter with its driver, or the CPU executor.
    pub device: String,
    /// What picks its shaders; none on the CPU executor.
    pub tuning: Option<String>,
    /// Every check.
    pub checks: Vec<Check>,
    /// Every kernel and variant.
    pub kernels: Vec<KernelRow>,
    /// Whether nothing failed.
    pub healthy: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Looks at everything. What the device refuses is a check that failed, not an error.
pub fn examine(machine: &Machine) -> Diagnosis {
    let started = Instant::now();
    let (device, tuning, (kernels, mut checks)) = match machine {
        Machine::Cpu => ("CPU executor".into(), None, on_cpu()),
        Machine::Gpu(gpu) => (
            gpu.description.to_string(),
            Some(gpu.table.name.clone()),
            on_adapter(gpu),
        ),
    };
    checks.splice(0..0, summary(&kernels));
    if let Machine::Gpu(gpu) = machine {
        checks.extend(left_out(&kernels, gpu));
    }
    let sound = |c: &Check| c.verdict != Verdict::Fail;
    Diagnosis {
        device,
        tuning,
        healthy: checks.iter().all(sound),
        checks,
        kernels,
        seconds: started
            .elapsed()
            .max(Duration::from_millis(1))
            .as_secs_f64(),
    }
}

type Found = (Vec<KernelRow>, Vec<Check>);

fn on_cpu() -> Found {
    let gradients = Subject::new().and_then(|s| gradients::check(&s, Machine::Cpu));
    let checks = vec![gradients.unwrap_or_else(|e| Check::broken("gradients", &e))];
    (kernels::on_cpu(), checks)
}

fn on_adapter(gpu: &Arc<Gpu>) -> Found {
    let mut checks = limits::checks(&gpu.description);
    let kernels = kernels::on_adapter(gpu);
    match Subject::new() {
        Err(e) => checks.push(Check::broken("training", &e)),
        Ok(subject) => {
            let slopes = gradients::check(&subject, Machine::Gpu(gpu.clone()));
            checks.push(slopes.unwrap_or_else(|e| Check::broken("gradients", &e)));
            let path = subject.path(gpu);
            checks.extend(path.unwrap_or_else(|e| vec![Check::broken("trajectory", &e)]));
        }
    }
    (kernels, checks)
}

/// Variants without a row: what every launch runs instead is their kernel's portable shader.
fn left_out(rows: &[KernelRow], gpu: &Gpu) -> Option<Check> {
    let ran = |name: &String| {
        rows.iter()
            .any(|row| *name == format!("{}.{}", row.kernel, row.variant))
    };
    let all = ops::ALL.into_iter().flat_map(|op| {
        let variants = op.variants.iter();
        variants.map(|v| format!("{}.{}", op.name, v.name))
    });
    let left_out: Vec<String> = all.filter(|name| !ran(name)).collect();
    let why = match gpu.extras.longest {
        usize::MAX => "they need what this adapter does not have",
        _ => {
            "they need what this adapter does not have, or its compiler takes minutes over their texts"
        }
    };
    (!left_out.is_empty()).then(|| Check {
        name: "variants",
        verdict: Verdict::Note,
        found: format!("not used here: {}; {why}", left_out.join(", ")),
    })
}

/// The kernels in one line.
fn summary(rows: &[KernelRow]) -> Option<Check> {
    let worst = rows
        .iter()
        .max_by(|a, b| a.relative.total_cmp(&b.relative))?;
    let faults: Vec<String> = rows
        .iter()
        .filter(|row| row.fault.is_some())
        .map(|row| format!("{}.{}", row.kernel, row.variant))
        .collect();
    let launches: usize = rows.iter().map(|row| row.cases).sum();
    let held = format!(
        "{launches} launches of {} kernel variants agree with their twins, guard words intact; the largest \
         error is {:.1e} of its tensor, {}'s",
        rows.len(),
        worst.relative,
        worst.kernel
    );
    let fault = match faults.is_empty() {
        true => None,
        false => Some(format!("{} disagree with their twins", faults.join(", "))),
    };
    Some(Check::of("kernels", held, fault))
}
