//! A training step costs the host nothing: no memory, no wait, nothing built. A binary of its own,
//! as it replaces the global allocator.
//!
//! Blind to what happens once per epoch (a shuffled order is written, the test split evaluated),
//! and to memory that a driver takes by itself: only Rust's allocator is watched.

mod calls;
mod heap;

use std::{collections::BTreeMap, env};

use kiln::{
    bench::Workload,
    device::{self, Choice, Machine, Needs},
    error::Result,
    train::{Evaluation, Metrics, Observer, Trainer, Update},
};

/// Updates that are watched at a time: a multiple of the longest chunk.
const UPDATES: u64 = 128;

/// Windows of updates within which the steady state must be reached. Threads take turns at random,
/// so each needs some updates until it has met the largest piece of every kernel.
const WINDOWS: usize = 8;

/// How often something happened.
type Counts = BTreeMap<String, u64>;

/// Writes every row to a file, as `kiln train --out` does.
struct Rows(Metrics);

impl Observer for Rows {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.0.row(row)
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        self.0.row(row)
    }
}

/// Both oracles on one workload under a cosine schedule, one after the other: formatting the
/// trace allocates.
fn watch(workload: Workload, machine: &Machine) -> (Counts, Counts) {
    let subject = workload.subject(None, None).unwrap();
    let recorded = subject.under(&Workload::schedule(4096), 4096).unwrap();
    let mut trainer = recorded.trainer(&subject, machine).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Rows(Metrics::create(&folder.path().join("metrics.jsonl")).unwrap());
    let mut train = |trainer: &mut Trainer| {
        let end = trainer.step() + UPDATES;
        assert!(trainer.run(end, &mut rows).unwrap());
    };
    train(&mut trainer);
    let calls = calls::during(|| train(&mut trainer));
    let mut owners = Counts::new();
    for _ in 0..WINDOWS {
        owners = heap::during(|| train(&mut trainer));
        if !owners.contains_key(heap::KILN) {
            break;
        }
    }
    (owners, calls)
}

/// The adapter of the other tests.
fn gpu() -> Machine {
    let wanted = env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
    let choice: Choice = wanted.parse().expect("KILN_TEST_DEVICE names a device");
    let (machine, line) = device::open(&choice, Needs::default()).unwrap();
    assert!(matches!(machine, Machine::Gpu(_)), "{line}");
    machine
}

/// On the CPU executor nothing is allocated but what rayon takes for its queue of jobs from
/// outside of its threads: a block for every 63 calls.
fn on_the_cpu(workload: Workload) {
    let (owners, calls) = watch(workload, &Machine::Cpu);
    let blocks: u64 = owners.values().sum();
    let queue = owners.get("crossbeam_deque").copied().unwrap_or(0);
    assert_eq!(blocks, queue, "{workload} on the CPU allocates: {owners:?}");
    assert!(queue <= UPDATES / 63 + 1, "{workload}: {owners:?}");
    assert!(calls.is_empty(), "{workload}: {calls:?}");
}

/// On a GPU kiln allocates nothing itself, builds nothing, and waits once for every log that it
/// reads: that of the chunk before.
fn on_a_gpu(workload: Workload, machine: &Machine) {
    let (owners, mut calls) = watch(workload, machine);
    println!("{workload}: of {UPDATES} updates, calls {calls:?}, allocations {owners:?}");
    assert!(
        !owners.contains_key(heap::KILN),
        "{workload} allocates: {owners:?}"
    );
    let mut count = |name: &str| calls.remove(name).unwrap_or(0);
    let reads = count("Buffer::map_async");
    assert!((1..=UPDATES).contains(&reads), "{workload}: {reads} reads");
    for (name, per_read) in [
        ("Device::poll Wait", 1),
        ("Buffer::get_mapped_range", 1),
        ("Buffer::unmap", 1),
        // A chunk's hyper-parameters, in one write.
        ("Queue::write_buffer", 1),
        // Its steps, in one pass; then the copy of its log.
        ("Queue::submit", 2),
        ("Device::create_command_encoder", 2),
        ("CommandEncoder::copy_buffer_to_buffer", 1),
    ] {
        assert_eq!(count(name), per_read * reads, "{workload}: {name}");
    }
    let encoded = calls::ENCODING.map(&mut count);
    assert!(
        encoded.iter().sum::<u64>() > UPDATES,
        "the trace sees steps"
    );
    assert!(calls.is_empty(), "{workload} also calls {calls:?}");
}

/// One test, as both oracles see the whole process.
#[test]
fn a_step_costs_the_host_nothing() {
    heap::stacks_have_owners();
    for workload in [Workload::W1, Workload::W3] {
        on_the_cpu(workload);
    }
    let machine = gpu();
    for workload in [Workload::W1, Workload::W3] {
        on_a_gpu(workload, &machine);
    }
}
