//! How near each kernel comes to what the machine can do.

pub mod cases;
mod ceiling;
mod launch;

pub use cases::Case;
pub use ceiling::Ceilings;
pub(super) use launch::{Expected, checked_by};
pub use launch::{Launch, checked};

use serde::Serialize;

use super::{Device, WALL_QUEUE_FULL, statistics::Spread};
use crate::{device::Machine, error::Result};

/// What one case takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseRow {
    /// What it is called.
    pub name: String,
    /// The kernel.
    pub op: &'static str,
    /// Its sizes, for people.
    pub shapes: String,
    /// Floating-point operations of a run.
    pub flops: u64,
    /// Bytes that a run must move if nothing is cached.
    pub bytes: u64,
    /// Time of a run, in µs.
    pub median_us: f64,
    /// 10th percentile of the same.
    pub p10: f64,
    /// 90th percentile of the same.
    pub p90: f64,
    /// Billions of floating-point operations a second, at the median.
    pub gflops: f64,
    /// Billions of bytes a second, at the median.
    pub gb_per_s: f64,
    /// `gflops` ÷ the ceiling's, where there is one.
    pub flops_ratio: Option<f64>,
    /// `gb_per_s` ÷ the ceiling's. Data that stays in a cache passes 1.
    pub bytes_ratio: f64,
    /// What the result was checked against before the time was taken.
    pub checked: &'static str,
}

/// What kernels take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelsReport {
    /// What did the work.
    #[serde(flatten)]
    pub device: Device,
    /// How the times were taken.
    pub timing: &'static str,
    /// What the machine can do at most.
    pub ceilings: Ceilings,
    /// A row per case.
    pub cases: Vec<CaseRow>,
}

/// Checks and times all `cases`, measuring the ceilings between them.
///
/// # Errors
/// A wrong result, and what the device reports.
pub fn kernels(cases: &[Case], machine: &Machine) -> Result<KernelsReport> {
    let mut ceiling = ceiling::Ceiling::new(machine)?;
    let mut rows = Vec::with_capacity(cases.len());
    for case in cases {
        let (mut launch, against) = checked(case, machine)?;
        rows.push(row(case, &launch.samples()?, against));
        ceiling.sample()?;
    }
    let ceilings = ceiling.finish();
    for row in &mut rows {
        row.flops_ratio = ceilings.gflops.map(|most| row.gflops / most.median);
        row.bytes_ratio = row.gb_per_s / ceilings.gb_per_s.median;
    }
    Ok(KernelsReport {
        device: Device::of(machine),
        timing: WALL_QUEUE_FULL,
        ceilings,
        cases: rows,
    })
}

/// A row whose ratios are still to come.
fn row(case: &Case, seconds: &[f64], checked: &'static str) -> CaseRow {
    let Spread { median, p10, p90 } = Spread::of(seconds);
    let (flops, bytes) = ((case.op.flops)(&case.dims), (case.op.bytes)(&case.dims));
    CaseRow {
        name: case.name.clone(),
        op: case.op.name,
        shapes: (case.op.describe)(&case.dims),
        flops,
        bytes,
        median_us: median * 1e6,
        p10: p10 * 1e6,
        p90: p90 * 1e6,
        gflops: flops as f64 / median / 1e9,
        gb_per_s: bytes as f64 / median / 1e9,
        flops_ratio: None,
        bytes_ratio: f64::NAN,
        checked,
    }
}
