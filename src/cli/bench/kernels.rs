//! `kiln bench kernels`: how near each kernel comes to what the machine can do.

use clap::Args;

use crate::{
    bench::{
        self, KernelsReport,
        kernels::{CaseRow, cases},
    },
    cli::{Outcome, machine::MachineFlags, say},
    device::{Machine, Needs},
    error::Result,
};

/// `kiln bench kernels`.
#[derive(Args)]
pub(super) struct Kernels {
    #[command(flatten)]
    machine: MachineFlags,
    /// Only cases whose name or shapes contain this: "matmul 512", conv2d, w4, sgd
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl Kernels {
    pub(super) fn run(self) -> Result<Outcome> {
        let (machine, _) = self.machine.open(Needs::default())?;
        let mut list = cases::all(matches!(machine, Machine::Cpu))?;
        if let Some(filter) = &self.filter {
            list = cases::select(list, filter)?;
        }
        let report = bench::kernels(&list, &machine)?;
        if self.json {
            say!("{}", super::json(&report)?)?;
        } else {
            say!("{}", table(&report))?;
        }
        Ok(Outcome::Done)
    }
}

fn table(r: &KernelsReport) -> String {
    let copy = r.ceilings.gb_per_s;
    let gemm = match r.ceilings.gflops {
        Some(s) => format!(
            "{:.1} GFLOP/s (the CPU executor's GEMM at 1024³; p10 {:.1}, p90 {:.1})",
            s.median, s.p10, s.p90
        ),
        None => "no GEMM of this device to compare with".into(),
    };
    let mut lines = vec![
        format!("on {}; {}", super::adapter(&r.device), r.timing),
        format!(
            "ceilings: {gemm}; {:.1} GB/s (copy; p10 {:.1}, p90 {:.1})",
            copy.median, copy.p10, copy.p90
        ),
        format!(
            "\n{:<24} {:>11} {:>11} {:>11} {:>9} {:>7} {:>9} {:>7}  {:<16} {}",
            "case",
            "µs",
            "p10",
            "p90",
            "GFLOP/s",
            "÷ GEMM",
            "GB/s",
            "÷ copy",
            "checked by",
            "shapes"
        ),
    ];
    lines.extend(r.cases.iter().map(line));
    lines.join("\n")
}

fn line(c: &CaseRow) -> String {
    let of_gemm = c.flops_ratio.map_or("-".into(), |r| format!("{r:.3}"));
    format!(
        "{:<24} {:>11.1} {:>11.1} {:>11.1} {:>9.2} {of_gemm:>7} {:>9.2} {:>7.3}  {:<16} {}",
        c.name, c.median_us, c.p10, c.p90, c.gflops, c.gb_per_s, c.bytes_ratio, c.checked, c.shapes
    )
}
