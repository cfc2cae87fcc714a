//! Every kernel, in every variant that this machine can run, against its naive twin.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde::Serialize;

use super::{
    case::{Case, Outputs, on_gpu_by},
    compare::distance,
    texts::{covering, texts},
};
use crate::{
    device::{self, Choice as Device, Gpu, Machine, Needs},
    exec::tuning::{PORTABLE, Table},
    kernel::Op,
    ops::{self, Flat, activation, conv2d, matmul, update},
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
    let flat = ["add", "relu", "relu_grad"].map(|name| (name, words(LONG_RUN)));
    let silu = activation::Dims::new(LONG_RUN.n, activation::Function::Silu);
    let of = ["activation", "activation_grad"].map(|name| (name, words(silu)));
    let updates = update::KERNELS.map(|name| (name, words(update::Dims::flat(LONG_RUN.n))));
    let all = flat.into_iter().chain(of).chain(updates);
    all.map(|(name, dims)| Case::sample(op(name), dims, 13))
        .collect()
}

fn words<D: bytemuck::Pod>(dims: D) -> Vec<u32> {
    bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec()
}

/// On an adapter: every kernel with its portable shader, with every variant in texts that have all of its
/// settings between them, and with long sums in parts. A software driver compiles on the thread of its queue, so
/// that several devices share the work there.
pub fn on_adapter(gpu: &Arc<Gpu>) -> Vec<KernelRow> {
    let all = all_cases();
    let units = units(&all, gpu);
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Rows::default()));
    let work = |gpu: &Arc<Gpu>| {
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let judged = unit.run(gpu);
            let mut rows = rows.lock().unwrap_or_else(|e| e.into_inner());
            judged.into_iter().for_each(|one| rows.add(one));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let helpers = match gpu.software && gpu.description.backend == "Vulkan" {
        true => cores.min(MOST_DEVICES) - 1,
        false => 0,
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|| opened_again(gpu).iter().for_each(work));
        }
        work(gpu);
    });
    rows.into_inner()
        .unwrap_or_else(|e| e.into_inner())
        .finish()
}

/// Devices that are opened on a software adapter at most.
const MOST_DEVICES: usize = 4;

/// The same adapter as another device.
fn opened_again(gpu: &Gpu) -> Option<Arc<Gpu>> {
    let device = Device::Named(gpu.description.to_string());
    match device::open(&device, Needs::default()).ok()?.0 {
        Machine::Gpu(gpu) => Some(gpu),
        Machine::Cpu => None,
    }
}

/// The fast paths of the CPU executor.
pub fn on_cpu() -> Vec<KernelRow> {
    let mut rows = Rows::default();
    for case in &all_cases() {
        rows.add(judged("fast path", case, Ok(case.on_host(case.op.fast))));
    }
    rows.finish()
}

fn all_cases() -> Vec<Case> {
    let listed = ops::ALL.into_iter().flat_map(cases);
    listed.chain(long_sums()).chain(long_runs()).collect()
}

/// Launches of one kernel that share a text; of the portable shader, which takes no settings, all of them.
struct Unit<'c> {
    table: Table,
    variant: &'static str,
    cases: Vec<&'c Case>,
}

/// Everything that is looked at on an adapter.
fn units<'c>(all: &'c [Case], gpu: &Gpu) -> Vec<Unit<'c>> {
    let portable = Table {
        prefer: Vec::new(),
        groups: 1,
        ..Table::built_in(gpu.software)
    };
    let split = Table {
        groups: 64,
        ..portable.clone()
    };
    let mut units = Vec::new();
    for op in ops::ALL {
        let own: Vec<&Case> = all.iter().filter(|c| c.op.name == op.name).collect();
        for variant in op.variants {
            let texts = covering(texts(variant, &own, gpu.extras));
            units.extend(texts.into_iter().map(|text| Unit {
                table: text.table(variant, &portable),
                variant: variant.name,
                cases: text.cases,
            }));
        }
        let mut plain = |table: &Table, cases: Vec<&'c Case>| {
            units.push(Unit {
                table: table.clone(),
                variant: PORTABLE,
                cases,
            });
        };
        let long = own.iter().filter(|c| (c.op.iterations)(&c.dims) > LONG);
        let long: Vec<&Case> = long.copied().collect();
        if !long.is_empty() && ["matmul", "conv2d_dw"].contains(&op.name) {
            plain(&split, long);
        }
        plain(&portable, own);
    }
    units
}

/// Terms of a sum that is looked at in parts, too.
const LONG: u64 = 1000;

impl Unit<'_> {
    /// What the device does not compile is a fault of these launches and of no others.
    fn run(&self, gpu: &Arc<Gpu>) -> Vec<Judged> {
        let outputs = match on_gpu_by(gpu, &self.table, &self.cases) {
            Ok(outputs) => outputs,
            Err(e) => self.cases.iter().map(|_| Err(e.to_string())).collect(),
        };
        let pairs = self.cases.iter().zip(outputs);
        pairs
            .map(|(case, got)| judged(self.variant, case, got))
            .collect()
    }
}

/// How one launch did.
struct Judged {
    kernel: &'static str,
    variant: &'static str,
    relative: f64,
    fault: Option<String>,
}

fn judged(variant: &'static str, case: &Case, got: Result<Outputs, String>) -> Judged {
    let mut relative = 0.0;
    let result = got.and_then(|got| {
        let want = case.on_host(case.op.cpu);
        let apart = want.iter().zip(&got).map(|(w, g)| distance(w, g));
        relative = apart.fold(0.0, f64::max);
        case.judge(&got)
    });
    Judged {
        kernel: case.op.name,
        variant,
        relative,
        fault: result.err(),
    }
}

/// Rows by kernel and variant, in the order of the kernels, with the count of their faults.
#[derive(Default)]
struct Rows(BTreeMap<(usize, &'static str), (KernelRow, usize)>);

impl Rows {
    fn add(&mut self, one: Judged) {
        let at = ops::ALL.iter().position(|op| op.name == one.kernel);
        let new = || {
            let row = KernelRow {
                kernel: one.kernel.into(),
                variant: one.variant.into(),
                cases: 0,
                relative: 0.0,
                ulps: 0.0,
                fault: None,
            };
            (row, 0)
        };
        let key = (at.unwrap_or(usize::MAX), one.variant);
        let (row, faults) = self.0.entry(key).or_insert_with(new);
        row.cases += 1;
        row.relative = row.relative.max(one.relative);
        if let Some(why) = one.fault {
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
