//! A training step under each schedule, under criterion: `cargo bench --bench schedules`.
//!
//! Criterion runs one after the other, so that a slow minute of the machine falls on one of them:
//! `kiln bench schedules` runs them in turns and is the one to judge by. This one shows how a step
//! changed since the last time. `KILN_BENCH_WORKLOAD` is w1, w2, w3 (the default: it needs no data,
//! and overhead shows in it) or w4; `KILN_BENCH_DEVICE` takes the words of `--device`, by default
//! `cpu`.

use std::{env, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use kiln::{
    bench::{self, Workload, schedules::standard},
    device::{self, Choice, Needs},
    error::Error,
};

fn run(c: &mut Criterion) -> Result<(), Error> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or(default.into());
    let workload: Workload = setting("KILN_BENCH_WORKLOAD", "w3")
        .parse()
        .map_err(Error::Usage)?;
    let choice: Choice = setting("KILN_BENCH_DEVICE", "cpu")
        .parse()
        .map_err(Error::Usage)?;
    let subject = workload.subject(None, None)?;
    let mut group = c.benchmark_group(format!("{workload} on {choice}"));
    group.sample_size(20);
    for named in standard() {
        let recorded = subject.under(&named.schedule, 1 << 20)?;
        let (machine, _) = device::open(&choice, Needs::of(&recorded.session.plan))?;
        let mut trainer = recorded.trainer(&subject, &machine)?;
        bench::queue_full(&mut trainer, 10)?;
        let mut failed = None;
        group.bench_function(&named.name, |b| {
            b.iter_custom(|steps| match bench::queue_full(&mut trainer, steps) {
                Ok(ms) => Duration::from_secs_f64(ms / 1e3 * steps as f64),
                Err(e) => {
                    failed = Some(e);
                    Duration::from_secs(1)
                }
            });
        });
        if let Some(e) = failed {
            return Err(e);
        }
    }
    Ok(())
}

fn schedules(c: &mut Criterion) {
    if let Err(e) = run(c) {
        eprintln!("error: {e}");
        std::process::exit(1);
    }
}

criterion_group!(benches, schedules);
criterion_main!(benches);
