//! One launch of one kernel, with what it reads, and how it is run and judged on every machine.
//!
//! Outputs are poisoned and every argument lies between guard words in a larger buffer, so that
//! what is never written, and what is written outside of its slice, shows.

use std::sync::Arc;

use super::{compare_within, largest};
use crate::{
    device::Gpu,
    error::{Error, Result},
    exec::{Executor, gpu::GpuExecutor, tuning::Table},
    kernel::{CpuFn, Op},
    ops::{HYPER_WORDS, Hyper, rate_stats, update},
    plan::{ALIGN, Dispatch, HYPER, Plan, Role, Slice},
    rng::{Purpose, Rng},
};

/// A NaN that no kernel computes: what has it was never written.
pub const POISON: f32 = f32::from_bits(0x7fc0_dead);

/// One launch.
pub struct Case {
    /// The kernel.
    pub op: &'static Op,
    /// Its dims.
    pub dims: Vec<u32>,
    /// What it reads.
    pub reads: Vec<Vec<f32>>,
    /// What its outputs hold before.
    pub before: Vec<Vec<f32>>,
}

/// What a launch left in its outputs.
pub type Outputs = Vec<Vec<f32>>;

impl Case {
    /// Random contents, as the kernel wants them. Outputs are poisoned, but for those that are
    /// updated in place.
    pub fn sample(op: &'static Op, dims: Vec<u32>, seed: u64) -> Case {
        let mut rng = Rng::new(seed, Purpose::Test, 0);
        let lens = (op.lens)(&dims);
        let names = op.reads.iter().chain(op.writes);
        let mut reads: Vec<Vec<f32>> = names
            .zip(lens)
            .map(|(name, len)| (op.sample)(&dims, name, len as usize, &mut rng))
            .collect();
        let mut before = reads.split_off(op.reads.len());
        for (name, words) in op.writes.iter().zip(&mut before) {
            if !in_place(op, name) {
                words.fill(POISON);
            }
        }
        Case {
            op,
            dims,
            reads,
            before,
        }
    }

    /// Given contents, poisoned outputs; those that are updated in place hold 0.75.
    pub fn given(op: &'static Op, dims: Vec<u32>, reads: Vec<Vec<f32>>) -> Case {
        let lens = (op.lens)(&dims).split_off(op.reads.len());
        let fill = |name| if in_place(op, name) { 0.75 } else { POISON };
        let before = op.writes.iter().zip(lens);
        let before = before.map(|(name, len)| vec![fill(name); len as usize]);
        let before = before.collect();
        Case {
            op,
            dims,
            reads,
            before,
        }
    }

    /// Runs it on the host: `op.cpu` is the naive twin, `op.fast` the fast path.
    pub fn on_host(&self, run: CpuFn) -> Outputs {
        let mut outputs = self.before.clone();
        let reads: Vec<&[f32]> = self.reads.iter().map(|r| &r[..]).collect();
        let mut writes: Vec<&mut [f32]> = outputs.iter_mut().map(|w| &mut w[..]).collect();
        run(&self.dims, &reads, &mut writes);
        outputs
    }

    /// Judges outputs against the naive twin's.
    ///
    /// # Errors
    /// Which output, where, and what was expected.
    pub fn judge(&self, got: &Outputs) -> Result<(), String> {
        let (want, allowed) = (self.on_host(self.op.cpu), self.allowed());
        let outputs = want.iter().zip(got).zip(&allowed).zip(self.op.writes);
        for (((want, got), allowed), name) in outputs {
            let fail = |why| format!("{} {:?} `{name}` {why}", self.op.name, self.dims);
            written_alike(want, got).map_err(fail)?;
            compare_within(want, got, |i| allowed[i]).map_err(fail)?;
        }
        Ok(())
    }

    /// How far each element of each output may be from the twin's: the error of an f32 sum grows
    /// with the square root of its length, and with the magnitudes of its terms, which is what the
    /// twin adds up when it is given absolute values.
    fn allowed(&self) -> Outputs {
        let want = self.on_host(self.op.cpu);
        let constant = |within: f32| want.iter().map(|w| vec![within; w.len()]).collect();
        match stem(self.op) {
            "add" | "dropout" | "embedding" | "scale_channels" | "transpose" | "augment_bytes"
            | "gather" | "gather_bytes" | "max_pool2d" | "relu" | "relu_grad" => constant(0.0),
            "rate_estimate" => self.scaled(&want),
            name if in_place_all(self.op) && name != "running_stats" => {
                let inputs = self.reads[1..].iter().chain(&self.before);
                let most = inputs.fold(0f32, |most, x| most.max(largest(x)));
                let mut allowed = constant(8.0 * f32::EPSILON * most);
                if ["dadapt_moments", "rate_stats"].contains(&name) {
                    self.allow_shares(&want, &mut allowed);
                }
                allowed
            }
            // A quotient of two roots of sums.
            "lamb_norms" | "lars_norms" => {
                let most = largest(&want[0]);
                constant(1e-5 * most)
            }
            // `exp` and `log` may be wrong by tens of units in the last place; every probability
            // is divided by the number of rows.
            "softmax_cross_entropy" | "weighted_cross_entropy" => {
                let rows = self.dims[0] as f32;
                let loss = want[0].iter().map(|w| 4e-6 * (1.0 + w.abs())).collect();
                vec![loss, vec![4e-6 / rows; want[1].len()]]
            }
            "cross_entropy_log" => {
                let rows = self.dims[0] as f32;
                let log = want[1].iter().map(|w| 4e-6 * (1.0 + w.abs())).collect();
                vec![vec![4e-6 / rows; want[0].len()], log]
            }
            // So may these; what a gradient multiplies the slope by is of its size.
            "activation" | "softmax" => {
                let near = |w: &f32| 4e-6 * (1.0 + w.abs());
                vec![want[0].iter().map(near).collect()]
            }
            "activation_grad" => {
                let near = |(w, dy): (&f32, &f32)| 4e-6 * (w.abs() + dy.abs()) + f32::MIN_POSITIVE;
                vec![want[0].iter().zip(&self.reads[1]).map(near).collect()]
            }
            // Groups of some hundred numbers of a few units, in a tree.
            "moments" | "running_stats" | "normalize" | "norm_coefficients" | "norm_grad" => {
                let near = |w: &f32| 4e-6 * (1.0 + w.abs());
                vec![want[0].iter().map(near).collect()]
            }
            "norm_sums" => {
                let terms = ((self.op.flops)(&self.dims) / want[0].len() as u64) as f32;
                constant(2.0 * f32::EPSILON * (4.0 + terms))
            }
            "softmax_grad" => {
                let near = |w: &f32| 1e-5 * (1.0 + w.abs());
                vec![want[0].iter().map(near).collect()]
            }
            "grad_stats_control" => self.scaled(&want),
            // A sum of terms that are all positive; a sigmoid is as good as `exp`.
            "pointwise_loss" => {
                let near = |w: &f32| 4e-6 * w.abs() + 1e-6;
                let elements = (self.dims[0] * self.dims[1]) as f32;
                vec![
                    want[0].iter().map(near).collect(),
                    want[1]
                        .iter()
                        .map(|w| 1e-6 * w.abs() + 4e-6 / elements)
                        .collect(),
                ]
            }
            _ => {
                let positive = |words: &Vec<f32>| words.iter().map(|x| x.abs()).collect();
                let magnitudes = Case {
                    op: self.op,
                    dims: self.dims.clone(),
                    reads: self.reads.iter().map(positive).collect(),
                    before: self.before.clone(),
                };
                self.scaled(&magnitudes.on_host(self.op.cpu))
            }
        }
    }

    /// Behind the slots lie sums, some of them of terms of both signs.
    fn allow_shares(&self, want: &Outputs, allowed: &mut Outputs) {
        let shares = self.dims.first().map_or(0, |&n| rate_stats::words(n)) as usize;
        for (want, allowed) in want.iter().zip(allowed) {
            let behind = want.len() - shares;
            let sums = want.get(behind..).unwrap_or_default();
            let within = self.relative(want.len()) * largest(sums);
            allowed.iter_mut().skip(behind).for_each(|a| *a = within);
        }
    }

    /// How far a sum may be from the twin's, by its terms' magnitudes.
    fn relative(&self, outputs: usize) -> f32 {
        let (flops, longest) = (
            (self.op.flops)(&self.dims),
            (self.op.iterations)(&self.dims),
        );
        let terms = longest.max(flops / outputs as u64) as f32;
        f32::EPSILON * (4.0 + terms.sqrt())
    }

    fn scaled(&self, magnitudes: &Outputs) -> Outputs {
        let of = |magnitudes: &Vec<f32>| {
            let relative = self.relative(magnitudes.len());
            let within = |m: &f32| relative * m.abs() + f32::MIN_POSITIVE;
            magnitudes.iter().map(within).collect()
        };
        magnitudes.iter().map(of).collect()
    }
}

/// Whether a kernel updates what it writes instead of writing it anew.
fn in_place(op: &Op, name: &str) -> bool {
    in_place_all(op)
        || name == "control"
        || name == "log" && ["grad_stats_log", "grad_stats_control", "log_grad"].contains(&stem(op))
}

/// Whether it updates all that it writes.
fn in_place_all(op: &Op) -> bool {
    let others = [
        "accumulate",
        "average",
        "dadapt_moments",
        "gradient_control",
        "rate_estimate",
        "rate_stats",
        "running_stats",
    ];
    others.contains(&stem(op)) || update::KERNELS.contains(&stem(op))
}

/// The kernel's name; that of a mutant is followed by a slash and its number.
fn stem(op: &Op) -> &str {
    op.name.split('/').next().unwrap_or_default()
}

/// Outputs are written exactly where the twin writes them.
fn written_alike(want: &[f32], got: &[f32]) -> Result<(), String> {
    let written = |x: &f32| x.to_bits() != POISON.to_bits();
    match (0..want.len()).find(|&i| written(&want[i]) != written(&got[i])) {
        Some(i) if written(&want[i]) => Err(format!("[{i}] is never written")),
        Some(i) => Err(format!("[{i}] is written but should not be")),
        None => Ok(()),
    }
}

/// Runs all cases on an adapter, in one plan, with the shaders that a table picks. A case whose guard
/// words changed has an error of its own.
///
/// # Errors
/// What the device reports before the first launch: shaders that it does not compile.
pub fn on_gpu_by(
    gpu: &Arc<Gpu>,
    table: &Table,
    cases: &[&Case],
) -> Result<Vec<Result<Outputs, String>>> {
    let mut plan = Plan::default();
    plan.buffer("hyper", HYPER_WORDS, Role::Input);
    for case in cases {
        let names = case.op.reads.iter().chain(case.op.writes);
        let contents = case.reads.iter().chain(&case.before);
        let args = names.zip(contents).map(|(name, words)| match *name {
            "hyper" => plan.whole(HYPER),
            _ => guarded(&mut plan, name, words.len() as u32),
        });
        let args = args.collect();
        plan.dispatches.push(Dispatch {
            op: case.op,
            dims: case.dims.clone(),
            args,
        });
    }
    let mut machine = GpuExecutor::tuned(gpu.clone(), &plan, table)?;
    let runs = cases.iter().zip(&plan.dispatches).enumerate();
    let run = |(i, (case, dispatch)): (usize, (&&Case, &Dispatch))| {
        run_guarded(&mut machine, &plan, i, case, dispatch)
    };
    Ok(runs.map(run).collect())
}

/// A slice in the middle of a buffer, with `ALIGN` guard words on either side.
fn guarded(plan: &mut Plan, name: &str, len: u32) -> Slice {
    let whole = plan.buffer(name, ALIGN + len + ALIGN, Role::State);
    Slice {
        offset: ALIGN,
        len,
        ..whole
    }
}

fn run_guarded(
    machine: &mut GpuExecutor,
    plan: &Plan,
    index: usize,
    case: &Case,
    dispatch: &Dispatch,
) -> Result<Outputs, String> {
    let broken = |e: Error| format!("{} {:?}: {e}", case.op.name, case.dims);
    let guard = vec![POISON; ALIGN as usize];
    let contents = case.reads.iter().chain(&case.before);
    for (slice, words) in dispatch.args.iter().zip(contents) {
        if slice.buffer != HYPER {
            let padded = [&guard[..], words, &guard].concat();
            let whole = plan.whole(slice.buffer);
            machine.write(whole, &padded).map_err(broken)?;
        }
    }
    let hyper = case.op.reads.iter().position(|name| *name == "hyper");
    let hyper = hyper.map_or(Hyper::default(), |at| {
        bytemuck::pod_read_unaligned(bytemuck::cast_slice(&case.reads[at]))
    });
    machine
        .run_dispatches(index..index + 1, &hyper)
        .map_err(broken)?;
    let outputs = dispatch.writes().iter().zip(case.op.writes);
    outputs
        .map(|(slice, name)| {
            let mut words = machine.read(plan.whole(slice.buffer)).map_err(broken)?;
            let after = words.split_off((ALIGN + slice.len) as usize);
            let output = words.split_off(ALIGN as usize);
            let intact = |w: &f32| w.to_bits() == POISON.to_bits();
            if !words.iter().chain(&after).all(intact) {
                let (op, dims) = (case.op.name, &case.dims);
                return Err(format!("{op} {dims:?} writes outside of `{name}`"));
            }
            Ok(output)
        })
        .collect()
}
