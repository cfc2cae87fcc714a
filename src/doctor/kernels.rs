//! Every kernel, in every variant that this machine can run, against its naive twin.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::{
    case::{Case, Outputs, on_gpu_by},
    compare::distance,
};
use crate::{
    device::Gpu,
    error::Result,
    exec::tuning::{Choice, PORTABLE, Table, key},
    kernel::Op,
    ops::{self, Flat, conv2d, matmul},
};

/// How a kernel's variant did on its cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelRow {
    /// `matmul`.
    pub kernel: String,
    /// `portable`, the name of a variant, or `fast path` on the CPU executor.
    pub variant: String,
    /// Launches that it computed.
    pub cases: usize,
    /// The largest error ÷ the largest number of its tensor.
    pub relative: f64,
    /// The same in units of the last place of that number.
    pub ulps: f64,
    /// What is wrong with the first launch that is, and how many are.
    pub fault: Option<String>,
}

/// The kernel called `name`, which must be one.
fn op(name: &str) -> &'static Op {
    let found = ops::ALL.into_iter().find(|op| op.name == name);
    found.unwrap_or_else(|| panic!("no kernel {name}"))
}

/// Every case of a kernel, with random contents.
pub fn cases(op: &'static Op) -> Vec<Case> {
    let dims = (op.cases)().into_iter().zip(1..);
    dims.map(|(d, seed)| Case::sample(op, d, seed)).collect()
}

/// Large enough that sums are split, and ragged.
pub fn long_sums() -> Vec<Case> {
    let product = |m, n, k, ta, tb, epilogue, sums| matmul::Dims {
        m,
        n,
        k,
        ta,
        tb,
        epilogue,
        sums,
    };
    let gradient = conv2d::Dims {
        n: 5,
        c: 3,
        h: 28,
        w: 28,
        o: 7,
        oh: 28,
        ow: 28,
        kh: 3,
        kw: 3,
        stride_h: 1,
        stride_w: 1,
        padding_h: 1,
        padding_w: 1,
        dilation_h: 1,
        dilation_w: 1,
        groups: 1,
        epilogue: 0,
        sums: 192,
    };
    [
        ("matmul", words(product(17, 23, 2111, 0, 1, 3, 0))),
        ("matmul", words(product(20, 12, 2048, 1, 0, 4, 256))),
        ("conv2d_dw", words(gradient)),
    ]
    .map(|(name, dims)| Case::sample(op(name), dims, 11))
    .into()
}

/// More vectors than a launch has invocations: some take a second one, the others do not.
pub const LONG_RUN: Flat = Flat {
    n: (5 << 18) + (3 << 10),
};

/// Such runs of the kernels whose invocations take several vectors.
pub fn long_runs() -> Vec<Case> {
    ["add", "relu", "relu_grad", "sgd"]
        .map(|name| Case::sample(op(name), words(LONG_RUN), 13))
        .into()
}

fn words<D: bytemuck::Pod>(dims: D) -> Vec<u32> {
    bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec()
}

/// On an adapter: portable shaders first, then every variant with its first tile, then the portable
/// ones with long sums in parts.
///
/// # Errors
/// What the device reports: shaders that it does not compile.
pub fn on_adapter(gpu: &Arc<Gpu>) -> Result<Vec<KernelRow>> {
    let all = all_cases();
    let portable = Table {
        prefer: Vec::new(),
        groups: 1,
        ..Table::built_in(gpu.software)
    };
    let mut rows = Rows::default();
    for round in 0..=ops::ALL
        .iter()
        .map(|op| op.variants.len())
        .max()
        .unwrap_or(0)
    {
        let (table, cases) = match round {
            0 => (portable.clone(), all.iter().collect()),
            n => with_variant(&portable, &all, n - 1, gpu),
        };
        rows.run(gpu, &table, &cases)?;
    }
    let split = Table {
        groups: 64,
        ..portable
    };
    let sums = long_sums();
    rows.run(gpu, &split, &sums.iter().collect::<Vec<_>>())?;
    Ok(rows.finish())
}

/// The fast paths of the CPU executor.
pub fn on_cpu() -> Vec<KernelRow> {
    let mut rows = Rows::default();
    for case in &all_cases() {
        rows.judge("fast path", case, Ok(case.on_host(case.op.fast)));
    }
    rows.finish()
}

fn all_cases() -> Vec<Case> {
    let listed = ops::ALL.into_iter().flat_map(cases);
    listed.chain(long_sums()).chain(long_runs()).collect()
}

/// A table that picks every kernel's variant of this number, and the cases that it can compute.
fn with_variant<'c>(
    portable: &Table,
    all: &'c [Case],
    number: usize,
    gpu: &Gpu,
) -> (Table, Vec<&'c Case>) {
    let choice = |case: &Case| {
        let variant = case.op.variants.get(number)?;
        let choice = Choice {
            variant: variant.name.into(),
            tile: *variant.tiles.first()?,
        };
        Some((key(case.op, &case.dims), choice))
    };
    let table = Table {
        rows: all.iter().filter_map(choice).collect(),
        ..portable.clone()
    };
    let picked = |case: &&Case| table.pick(case.op, &case.dims, gpu.extras).is_some();
    let cases = all.iter().filter(picked).collect();
    (table, cases)
}

/// Rows by kernel and variant, in the order of the kernels.
#[derive(Default)]
struct Rows(BTreeMap<(usize, String), (KernelRow, usize)>);

impl Rows {
    fn run(&mut self, gpu: &Arc<Gpu>, table: &Table, cases: &[&Case]) -> Result<()> {
        let outputs = on_gpu_by(gpu, table, cases)?;
        for (case, got) in cases.iter().zip(outputs) {
            let picked = table.pick(case.op, &case.dims, gpu.extras);
            let name = picked.map_or(PORTABLE, |(variant, _)| variant.name);
            self.judge(name, case, got);
        }
        Ok(())
    }

    fn judge(&mut self, variant: &str, case: &Case, got: Result<Outputs, String>) {
        let at = ops::ALL.iter().position(|op| op.name == case.op.name);
        let new = || {
            let row = KernelRow {
                kernel: case.op.name.into(),
                variant: variant.into(),
                cases: 0,
                relative: 0.0,
                ulps: 0.0,
                fault: None,
            };
            (row, 0)
        };
        let key = (at.unwrap_or(usize::MAX), variant.to_string());
        let (row, faults) = self.0.entry(key).or_insert_with(new);
        row.cases += 1;
        let judged = got.and_then(|got| {
            let want = case.on_host(case.op.cpu);
            let pairs = want.iter().zip(&got);
            let apart = pairs.map(|(w, g)| distance(w, g));
            row.relative = apart.fold(row.relative, f64::max);
            case.judge(&got)
        });
        if let Err(why) = judged {
            *faults += 1;
            row.fault.get_or_insert(why);
        }
    }

    fn finish(self) -> Vec<KernelRow> {
        let counted = |(mut row, faults): (KernelRow, usize)| {
            row.ulps = row.relative / f64::from(f32::EPSILON);
            if let (Some(fault), 2..) = (&mut row.fault, faults) {
                *fault += &format!(" (and {} more of {} launches)", faults - 1, row.cases);
            }
            row
        };
        self.0.into_values().map(counted).collect()
    }
}
