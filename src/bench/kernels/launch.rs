//! One launch, alone in a plan: with its inputs on a machine, run, checked, timed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::cases::Case;
use crate::{
    device::{Gpu, Machine},
    error::{Error, Result},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor, tuning::Table},
    kernel::{CpuFn, Op},
    ops::{HYPER_WORDS, Hyper},
    plan::{Dispatch, HYPER, Plan, Program, Role, Slice},
    rng::{Purpose, Rng},
};

/// What a launch reads and what its outputs hold before.
struct Contents {
    reads: Vec<Vec<f32>>,
    before: Vec<Vec<f32>>,
}

impl Contents {
    fn sample(op: &Op, dims: &[u32]) -> Contents {
        let mut rng = Rng::new(0, Purpose::Workload, 1);
        let names = op.reads.iter().chain(op.writes);
        let lens = (op.lens)(dims);
        let fill = |(name, len): (&&str, u64)| (op.sample)(dims, name, len as usize, &mut rng);
        let mut reads: Vec<Vec<f32>> = names.zip(lens).map(fill).collect();
        let before = reads.split_off(op.reads.len());
        Contents { reads, before }
    }

    /// What the outputs hold after one launch on the host.
    fn on_host(&self, dims: &[u32], run: CpuFn) -> Vec<Vec<f32>> {
        let mut outputs = self.before.clone();
        let reads: Vec<&[f32]> = self.reads.iter().map(|r| &r[..]).collect();
        let mut writes: Vec<&mut [f32]> = outputs.iter_mut().map(|w| &mut w[..]).collect();
        run(dims, &reads, &mut writes);
        outputs
    }

    /// The hyper-parameters among what is read, for the executor, which fills them in by itself.
    fn hyper(&self, op: &Op) -> Hyper {
        let at = op.reads.iter().position(|name| *name == "hyper");
        at.map_or(Hyper::default(), |at| {
            bytemuck::pod_read_unaligned(bytemuck::cast_slice(&self.reads[at]))
        })
    }
}

/// What a launch must leave in its outputs, and who says so.
pub(in crate::bench) struct Expected {
    outputs: Vec<Vec<f32>>,
    pub(in crate::bench) by: &'static str,
}

impl Expected {
    /// Of a launch on an adapter: what the naive twin computes, or, where that takes too long, the
    /// CPU executor's fast path.
    pub(in crate::bench) fn on_adapter(case: &Case) -> Expected {
        match (case.op.flops)(&case.dims) <= TWINS_LIMIT {
            true => Expected::of(case, &case.dims, case.op.cpu, "twin"),
            false => Expected::of(case, &case.dims, case.op.fast, "fast path"),
        }
    }

    fn of(case: &Case, dims: &[u32], run: CpuFn, by: &'static str) -> Expected {
        let outputs = Contents::sample(case.op, dims).on_host(dims, run);
        Expected { outputs, by }
    }
}

/// Builds what runs a plan.
type Build<'a> = &'a dyn Fn(&Arc<Plan>) -> Result<Box<dyn Executor>>;

/// How often a launch runs for one sample, and how long a run took when that was found out.
#[derive(Clone, Copy)]
pub(in crate::bench) struct Pace {
    count: u64,
    per_submit: u64,
    /// Seconds of a run.
    pub(in crate::bench) one: f64,
}

/// A launch, ready to run.
pub struct Launch {
    op: &'static Op,
    exec: Box<dyn Executor>,
    program: Program,
    hyper: Hyper,
    outputs: Vec<Slice>,
}

impl Launch {
    fn new(op: &'static Op, dims: &[u32], build: Build) -> Result<Launch> {
        let contents = Contents::sample(op, dims);
        let mut plan = Plan::default();
        plan.buffer("hyper", HYPER_WORDS, Role::Input);
        let names = op.reads.iter().chain(op.writes);
        let words = contents.reads.iter().chain(&contents.before);
        let args = names
            .zip(words)
            .enumerate()
            .map(|(i, (name, words))| match *name {
                "hyper" => plan.whole(HYPER),
                _ => plan.buffer(format!("{name}.{i}"), words.len() as u32, Role::State),
            });
        let args: Vec<Slice> = args.collect();
        let outputs = args[op.reads.len()..].to_vec();
        plan.dispatches.push(Dispatch {
            op,
            dims: dims.to_vec(),
            args: args.clone(),
        });
        let program = Program {
            name: op.name.into(),
            batch: 0,
            range: 0..1,
        };
        let mut exec = build(&Arc::new(plan))?;
        let words = contents.reads.iter().chain(&contents.before);
        for (at, words) in args.iter().zip(words) {
            if at.buffer != HYPER {
                exec.write(*at, words)?;
            }
        }
        Ok(Launch {
            hyper: contents.hyper(op),
            op,
            exec,
            program,
            outputs,
        })
    }

    /// Runs once, from the state that it was made in, and compares every output.
    fn check(&mut self, name: &str, want: &Expected) -> Result<()> {
        self.exec.run(&self.program, &[self.hyper])?;
        let outputs = self.outputs.iter().zip(&want.outputs);
        for ((at, want), output) in outputs.zip(self.op.writes) {
            let got = self.exec.read(*at)?;
            compare(want, &got).map_err(|why| {
                Error::Device(format!(
                    "{name}: `{output}` is wrong at {why}; no time is shown of a wrong result"
                ))
            })?;
        }
        Ok(())
    }

    /// The time of `count` runs that are waited for together, `per_submit` (at most 64) of them in
    /// one submit.
    ///
    /// # Errors
    /// What the device reports.
    pub fn time(&mut self, count: u64, per_submit: u64) -> Result<Duration> {
        let hypers = vec![self.hyper; per_submit.min(count) as usize];
        let word = Slice {
            len: 1,
            ..self.outputs[0]
        };
        let start = Instant::now();
        let mut left = count;
        while left > 0 {
            let now = left.min(per_submit);
            self.exec.run(&self.program, &hypers[..now as usize])?;
            left -= now;
        }
        self.exec.read(word)?;
        Ok(start.elapsed())
    }

    /// Finds out how many runs take about as long as a sample should, which warms up, too.
    pub(in crate::bench) fn pace(&mut self, sample: Duration) -> Result<Pace> {
        /// Work in one submit: far below every watchdog.
        const SUBMIT: Duration = Duration::from_millis(20);
        self.time(1, 1)?; // warm: memory touched, shader compiled
        let (mut count, mut took) = (1, self.time(1, 1)?);
        while took < sample / 2 && count < 1 << 20 {
            count *= 2;
            took = self.time(count, count.min(64))?;
        }
        let one = took.as_secs_f64() / count as f64;
        let runs = |time: Duration| ((time.as_secs_f64() / one) as u64).max(1);
        Ok(Pace {
            count: runs(sample),
            per_submit: runs(SUBMIT).min(64),
            one,
        })
    }

    /// Seconds of a run: the mean of as many as the pace says, with the queue full.
    pub(in crate::bench) fn sample(&mut self, pace: Pace) -> Result<f64> {
        let took = self.time(pace.count, pace.per_submit)?;
        Ok(took.as_secs_f64() / pace.count as f64)
    }

    /// Several samples.
    pub(super) fn samples(&mut self) -> Result<Vec<f64>> {
        /// How long a sample takes at least, if its runs are short.
        const SAMPLE: Duration = Duration::from_millis(20);
        /// When slow cases stop being sampled, and how often they are all the same.
        const LONG: Duration = Duration::from_millis(1500);
        const LEAST: usize = 5;
        const MOST: usize = 15;
        let pace = self.pace(SAMPLE)?;
        let (start, mut samples) = (Instant::now(), Vec::new());
        while samples.len() < LEAST || (samples.len() < MOST && start.elapsed() < LONG) {
            samples.push(self.sample(pace)?);
        }
        Ok(samples)
    }
}

/// Floating-point operations that the naive twin gets through in a fraction of a second.
const TWINS_LIMIT: u64 = 100_000_000;

/// Checks a case on its machine, and says against what. Small ones against the naive twin; large
/// ones on an adapter against the CPU executor's fast path; large ones on the CPU executor against
/// the twin with fewer rows or images.
///
/// # Errors
/// If the result is wrong: where, and by how much.
pub fn checked(case: &Case, machine: &Machine) -> Result<(Launch, &'static str)> {
    if let Machine::Gpu(gpu) = machine {
        let want = Expected::on_adapter(case);
        return Ok((checked_by(case, gpu, &gpu.table, &want)?, want.by));
    }
    let small = (case.op.flops)(&case.dims) <= TWINS_LIMIT;
    let (dims, by) = match small {
        true => (&case.dims, "twin"),
        false => (&case.smaller, "twin, fewer rows"),
    };
    let on_cpu = |dims: &[u32]| {
        let build = |plan: &Arc<Plan>| -> Result<Box<dyn Executor>> {
            Ok(Box::new(Cpu::new(plan.clone())?))
        };
        Launch::new(case.op, dims, &build)
    };
    let mut launch = on_cpu(dims)?;
    launch.check(&case.name, &Expected::of(case, dims, case.op.cpu, by))?;
    match small {
        true => Ok((launch, by)),
        false => Ok((on_cpu(&case.dims)?, by)),
    }
}

/// Checks a case on an adapter, with the shader that `table` picks.
///
/// # Errors
/// If the shader does not build, or its result is wrong.
pub(in crate::bench) fn checked_by(
    case: &Case,
    gpu: &Arc<Gpu>,
    table: &Table,
    want: &Expected,
) -> Result<Launch> {
    let build = |plan: &Arc<Plan>| -> Result<Box<dyn Executor>> {
        Ok(Box::new(GpuExecutor::tuned(gpu.clone(), plan, table)?))
    };
    let mut launch = Launch::new(case.op, &case.dims, &build)?;
    launch.check(&case.name, want)?;
    Ok(launch)
}

/// The first place where two results differ by more than 0.0001 of the largest magnitude. Sums
/// in f32 stay far below that, a forgotten or wrong term far above.
fn compare(want: &[f32], got: &[f32]) -> Result<(), String> {
    let finite = want.iter().filter(|x| x.is_finite());
    let allowed = 1e-4 * finite.fold(0f32, |most, x| most.max(x.abs()));
    for (i, (w, g)) in want.iter().zip(got).enumerate() {
        let same = w.to_bits() == g.to_bits() || (w.is_nan() && g.is_nan());
        let close = (w - g).abs() <= allowed; // never of a NaN
        if !same && !close {
            return Err(format!("[{i}]: {g:e} instead of {w:e} (± {allowed:e})"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A comparison that cannot fail would prove nothing.
    #[test]
    fn wrong_results_are_seen() {
        let nan = f32::NAN;
        for (want, got) in [
            ([1.0, 5.0], [1.0, 5.01]),
            ([nan, 1.0], [0.0, 1.0]),
            ([1.0, 5.0], [nan, 5.0]),
        ] {
            assert!(compare(&want, &got).is_err(), "{want:?} {got:?}");
        }
        assert_eq!(compare(&[1.0, nan, 5.0], &[1.0001, nan, 5.0]), Ok(()));
    }
}
