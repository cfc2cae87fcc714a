//! Every kernel, under criterion: `cargo bench --bench kernels -- 'matmul 512'`.
//!
//! The result of each is checked before it is timed. `KILN_BENCH_DEVICE` takes the words of
//! `--device`, by default `cpu`. `kiln bench kernels` measures what the machine can do at most in
//! the same run; this one shows how a kernel changed since the last time.

use std::{env, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kiln::{
    bench::kernels::{Case, cases, checked},
    device::{self, Choice, Machine, Needs},
    error::Error,
};

fn run(c: &mut Criterion) -> Result<(), Error> {
    let choice = env::var("KILN_BENCH_DEVICE").unwrap_or("cpu".into());
    let choice: Choice = choice.parse().map_err(Error::Usage)?;
    let (machine, _) = device::open(&choice, Needs::default())?;
    for case in cases::all(matches!(machine, Machine::Cpu))? {
        one(c, &case, &machine)?;
    }
    Ok(())
}

fn one(c: &mut Criterion, case: &Case, machine: &Machine) -> Result<(), Error> {
    let mut group = c.benchmark_group(&case.name);
    group.sample_size(10);
    let flops = (case.op.flops)(&case.dims);
    group.throughput(match flops {
        0 => Throughput::Bytes((case.op.bytes)(&case.dims)),
        _ => Throughput::Elements(flops),
    });
    let (mut launch, mut failed) = (None, None);
    // The closure runs only if the filter lets the case through.
    group.bench_function((case.op.describe)(&case.dims), |b| {
        b.iter_custom(|count| {
            if launch.is_none() {
                match checked(case, machine) {
                    Ok((fresh, _)) => launch = Some(fresh),
                    Err(e) => failed = Some(e),
                }
            }
            match launch.as_mut().map(|l| l.time(count, 8)) {
                Some(Ok(time)) => time,
                Some(Err(e)) => {
                    failed = Some(e);
                    Duration::from_secs(1)
                }
                None => Duration::from_secs(1),
            }
        });
    });
    group.finish();
    failed.map_or(Ok(()), Err)
}

fn kernels(c: &mut Criterion) {
    if let Err(e) = run(c) {
        eprintln!("error: {e}");
        std::process::exit(1);
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
