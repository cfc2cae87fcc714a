//! Updates around the marks where counters end: the same bits as early ones, rows that count on.

use kiln::{
    bench::{Subject, Workload},
    data::{self, Dataset, Features, Names, Split, Targets, Task},
    device::Machine,
    error::Result,
    model::Model,
    ops,
    run::RunDir,
    train::{Clip, Config, Evaluation, Observer, Order, Trainer, Update},
};

use super::schedules::MARKS;
use crate::{
    cli::{folder, success},
    common::gpu,
};

#[derive(Default)]
struct Rows(Vec<Update>);

impl Observer for Rows {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.0.push(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, _: &Evaluation) -> Result<()> {
        Ok(())
    }
}

fn machines() -> [Machine; 2] {
    [Machine::Cpu, Machine::Gpu(gpu())]
}

/// Moves a run to another update, as a checkpoint from there would.
fn seek(trainer: &mut Trainer, step: u64) {
    let mut snapshot = trainer.snapshot().unwrap();
    snapshot.state.step = step;
    trainer.restore(&snapshot).unwrap();
}

/// Six updates from `step` on, of a run that had five before: its rows and its weights.
fn six(
    subject: &Subject,
    schedule: &str,
    machine: &Machine,
    step: u64,
) -> (Vec<Update>, Vec<Vec<f32>>) {
    let recorded = subject.under(schedule, 1 << 54).unwrap();
    let mut trainer = recorded.trainer(subject, machine).unwrap();
    assert!(trainer.run(5, &mut Rows::default()).unwrap());
    seek(&mut trainer, step);
    let mut rows = Rows::default();
    assert!(trainer.run(step + 6, &mut rows).unwrap());
    let order = trainer.executor_mut().read(recorded.session.order).unwrap();
    let (epoch, _) = recorded.session.epochs.locate(step + 5);
    if subject.config.order == Order::Shuffled {
        let expected = data::order(subject.config.seed, epoch, order.len());
        assert_eq!(
            ops::as_integers(&order),
            expected,
            "the order at update {step}"
        );
    }
    (rows.0, trainer.weights().unwrap())
}

/// Protects long runs from counters that are too narrow, on the host and in shaders: around 2²⁴, 2³¹, 2³² and 2⁵³ updates
/// a run takes the same steps, to the bit, as around update 256, where an epoch ends too.
#[test]
fn late_updates_have_the_bits_of_early_ones() {
    let mut subject = Workload::W3.subject(None, None).unwrap();
    subject.config = Config {
        accumulate: 2,
        clip: Some(Clip::Norm(0.5)),
        ema: Some(0.9),
        ..subject.config
    };
    for machine in machines() {
        let (early, weights) = six(&subject, "constant", &machine, 253);
        for mark in MARKS {
            let (late, moved) = six(&subject, "constant", &machine, mark - 3);
            assert!(weights == moved, "the weights around {mark}");
            for (i, (early, late)) in (0..).zip(early.iter().zip(&late)) {
                let step = mark - 3 + i;
                let expected = Update {
                    step,
                    epoch: step as f64 / 128.0,
                    ..early.clone()
                };
                assert_eq!(*late, expected);
            }
        }
    }
}

/// The same with all that depends on the update or the epoch: the rate, and the order of the samples.
#[test]
fn late_updates_have_their_own_rate_and_order() {
    let mut subject = Workload::W3.subject(None, None).unwrap();
    subject.config.order = Order::Shuffled;
    for machine in machines() {
        for mark in MARKS {
            let (rows, _) = six(&subject, "linear", &machine, mark - 3);
            for (row, step) in rows.iter().zip(mark - 3..) {
                let rate = 0.01 * (((1 << 54) - step) as f64 / (1u64 << 54) as f64);
                assert_eq!(row.step, step);
                assert!((row.lr - rate).abs() < 1e-17, "{row:?}");
            }
        }
    }
}

/// Numbers that differ from sample to sample.
fn number(sample: u64) -> f32 {
    (sample.wrapping_mul(2_654_435_761) % 1009) as f32 / 504.0 - 1.0
}

/// A regression on samples of one number.
fn line(samples: impl ExactSizeIterator<Item = u64> + Clone) -> Subject {
    let len = samples.len();
    let split = Split {
        features: Features::Floats(samples.clone().map(number).collect()),
        targets: Targets::Values {
            data: samples.map(|sample| number(sample + 1)).collect(),
            width: 1,
        },
        len,
        names: Names::None,
    };
    let data = Dataset {
        name: "line".into(),
        shape: vec![1],
        columns: Vec::new(),
        task: Task::Regression {
            outputs: vec!["y".into()],
        },
        train: split,
        val: None,
        test: None,
        test_fraction: None,
        standardization: None,
        summary: String::new(),
    };
    let model = "Linear(1)";
    let network = Model::parse(model, &[1], 1).unwrap().fit(&[1], 1).unwrap();
    Subject {
        name: model.into(),
        model: model.into(),
        data,
        weights: network.init(3),
        network,
        config: Config {
            batch_size: 4,
            order: Order::Sequential,
            ..Config::default()
        },
        base_lr: 0.01,
    }
}

/// An f32 cannot tell samples apart beyond 2²⁴. Batches on both sides of that one are those of a small set that holds
/// the same samples, to the bit.
#[test]
fn samples_beyond_2_24_are_told_apart() {
    const MARK: u64 = 1 << 24;
    let many = line(Ids(0..MARK + 16));
    let few = line(Ids(MARK - 16..MARK + 16));
    for machine in machines() {
        let run = |subject: &Subject, step: u64| {
            let recorded = subject.under("constant", 1 << 30).unwrap();
            let mut trainer = recorded.trainer(subject, &machine).unwrap();
            seek(&mut trainer, step);
            let mut rows = Rows::default();
            assert!(trainer.run(step + 7, &mut rows).unwrap());
            let losses: Vec<f64> = rows.0.iter().map(|row| row.loss).collect();
            (losses, trainer.weights().unwrap())
        };
        assert_eq!(run(&many, MARK / 4 - 3), run(&few, 1));
    }
}

/// A range of `u64` knows its length only as far as a `usize` does everywhere.
#[derive(Clone)]
struct Ids(std::ops::Range<u64>);

impl Iterator for Ids {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Ids {}

/// A checkpoint from just before 2³² updates is gone on from as any other: its number in files, the rows, the report.
#[test]
fn a_run_is_resumed_across_2_32_updates() {
    const MARK: u64 = 1 << 32;
    let dir = folder();
    let (dir, model) = (dir.path(), "Flatten Linear(10)");
    let train = format!(
        "train --device cpu --limit 64 --max-steps 5 --model \"{model}\" --save-every 2 --quiet --out run"
    );
    success(&train, dir);
    let network = Model::parse(model, &[1, 8, 8], 10)
        .unwrap()
        .fit(&[1, 8, 8], 10)
        .unwrap();
    let params: Vec<_> = network.params().collect();
    let run = RunDir::open(&dir.join("run")).unwrap();
    let (mut last, _) = run.checkpoints(9).latest(&params).unwrap();
    last.snapshot.state.step = MARK - 3;
    run.checkpoints(9)
        .save(&params, &last.snapshot, last.notes, false)
        .unwrap();
    drop(run);
    success(
        &format!(
            "resume run --max-steps {} --on-change keep --quiet",
            MARK + 3
        ),
        dir,
    );
    let rows = std::fs::read_to_string(dir.join("run/metrics.jsonl")).unwrap();
    let rows = rows
        .lines()
        .filter(|row| row.contains("\"loss\""))
        .map(|row| serde_json::from_str::<Update>(row).expect("a row of an update"));
    let steps: Vec<u64> = rows.map(|row| row.step).collect();
    let expected: Vec<u64> = (0..5).chain(MARK - 3..MARK + 3).collect();
    assert_eq!(steps, expected);
    assert!(
        dir.join(format!("run/checkpoints/step-{}", MARK + 3))
            .is_dir()
    );
    assert!(dir.join("run/report.html").is_file());
    let said = success("resume run", dir);
    assert!(said.contains("is complete: 4294967299 updates"), "{said}");
}
