//! What has memory, in whole runs: the rates in `metrics.jsonl` are what the same controller says
//! when it is shown the same numbers again.

use std::{fs, path::Path, process::Command};

use kiln::{
    control::{Monitor, Observe, Timing},
    schedule::{LearningRate, Rate, Run},
};
use serde_json::Value;

use crate::{
    common::{Case, on_gpu},
    ops::op,
};

/// Updates of every run, in epochs of [`EPOCH`].
const STEPS: u64 = 36;
const EPOCH: u64 = 3;

/// The rows of a run of `schedule` on 96 digits, in batches of 32.
fn run(schedule: &str, flags: &str) -> (Vec<Value>, Vec<Value>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let base = "train --limit 96 --batch-size 32 --max-steps 36 --lr 0.1 --quiet --out run";
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    let words = base.split(' ').chain(flags.split_whitespace());
    command
        .env("KILN_CACHE_DIR", dir.path()) // what somebody tuned here is not used
        .current_dir(dir.path())
        .args(words)
        .args(["--schedule", schedule]);
    let out = command.output().expect("the binary runs");
    assert!(
        out.status.success(),
        "{schedule}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    rows(dir.path())
}

/// Updates and evaluations.
fn rows(dir: &Path) -> (Vec<Value>, Vec<Value>) {
    let text = fs::read_to_string(dir.join("run/metrics.jsonl")).expect("metrics.jsonl");
    let rows = text
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("a JSON row"));
    rows.partition(|r| r.get("loss").is_some())
}

fn number(row: &Value, key: &str) -> f64 {
    row[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} of {row}"))
}

fn start(schedule: &str, monitor: Monitor, observe: Observe) -> Rate {
    let rate: LearningRate = schedule.parse().unwrap();
    let facts = Run {
        base_momentum: Some(0.9),
        updates: Some(STEPS),
        epoch_updates: Some(EPOCH as f64),
        batch: Some(32),
        ..Run::new(0.1)
    };
    rate.start(&facts, monitor, observe).unwrap()
}

/// Shows a controller what the run measured, and expects the run's rates; the rate must have
/// moved, or nothing was tested.
fn replay(schedule: &str, flags: &str, monitor: Monitor, observe: Observe, tolerance: f64) {
    let (updates, evaluations) = run(schedule, flags);
    assert_eq!(updates.len() as u64, STEPS);
    let mut rate = start(schedule, monitor, observe);
    let pure = rate.schedule().clone();
    let mut steered = false;
    for (row, step) in updates.iter().zip(0..) {
        let seen = [
            (Monitor::Loss, "loss"),
            (Monitor::GradientNorm, "grad_norm"),
        ];
        let show = |timing: Timing, rate: &mut Rate| {
            for (m, key) in seen {
                rate.observe_timed(timing, m, Observe::Update, number(row, key), step);
            }
        };
        show(Timing::SameUpdate, &mut rate);
        let (want, got) = (rate.at(step), number(row, "lr"));
        assert!(
            (want - got).abs() <= tolerance * want,
            "{schedule}: update {step}: {got}, not {want}"
        );
        steered |= want != pure.at(step);
        show(Timing::NextUpdate, &mut rate);
        if (step + 1) % EPOCH == 0 {
            let e = &evaluations[((step + 1) / EPOCH - 1) as usize];
            let first = (step + 1 - EPOCH) as usize;
            let mean = |key: &str| {
                let sum: f64 = updates[first..=step as usize]
                    .iter()
                    .map(|r| number(r, key))
                    .sum();
                sum / EPOCH as f64
            };
            for (m, value) in [
                (Monitor::Loss, mean("loss")),
                (Monitor::GradientNorm, mean("grad_norm")),
                (Monitor::EvalLoss, number(e, "eval_loss")),
                (Monitor::EvalAccuracy, number(e, "eval_accuracy")),
            ] {
                rate.observe(m, Observe::Epoch, value, step);
            }
        }
    }
    assert!(steered, "{schedule}: the controller never acted");
}

const CPU: &str = "--device cpu";

/// What is evaluated after an epoch decides about the next one.
#[test]
fn epoch_controllers_follow_the_evaluations() {
    let (loss, epoch) = (Monitor::EvalLoss, Observe::Epoch);
    replay(
        "plateau(factor=0.5, patience=0, threshold=0.2) * cosine(to=0.01)",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    replay(
        "torch.ReduceLROnPlateau(optimizer, 'min', patience=0, threshold=0.2)",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    replay(
        "keras.ReduceLROnPlateau(patience=1, min_delta=0.4)",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    replay(
        "loss_drop(by=10%, factor=0.7) * constant",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    // Absolute limits need the very rate, and the very mean of the epoch's losses.
    replay(
        "plateau(factor=0.5, patience=0, threshold=0.2, min_lr=0.03) * cosine(to=0.01)",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    replay(
        "threshold(below=[2.1, 1.7], factor=0.5, monitor=loss) * linear",
        CPU,
        loss,
        epoch,
        1e-12,
    );
    let flags = "--device cpu --monitor eval_accuracy";
    replay(
        "threshold(above=[0.1, 0.15], factor=0.5) * linear",
        flags,
        Monitor::EvalAccuracy,
        epoch,
        1e-12,
    );
}

/// A controller that observes every update decides about the very next one; Optax's about the
/// update that delivered the loss.
#[test]
fn update_controllers_follow_the_losses() {
    let flags = "--device cpu --monitor loss --observe update";
    let (loss, update) = (Monitor::Loss, Observe::Update);
    replay(
        "plateau(factor=0.8, patience=0, threshold=0.1)",
        flags,
        loss,
        update,
        1e-12,
    );
    replay(
        "greedy(factor=0.9, patience=1) * cosine(to=0.01)",
        flags,
        loss,
        update,
        1e-12,
    );
    replay(
        "optax.reduce_on_plateau(factor=0.7, patience=2, rtol=0.05)",
        flags,
        loss,
        update,
        1e-12,
    );
    let flags = "--device software --monitor loss --observe update";
    replay(
        "optax.reduce_on_plateau(factor=0.7, patience=2, rtol=0.05)",
        flags,
        loss,
        update,
        1e-12,
    );
}

/// The gradient's norm steers on the device, in f32, without the host: as the host's controller
/// says in f64.
#[test]
fn gradient_controllers_run_on_the_device() {
    for device in ["--device cpu", "--device software"] {
        for schedule in [
            "adagrad_norm(b0=0.5) * constant(0.1)",
            "gradient_ratio(floor=0.2, smoothing=0.5, reference=4) * cosine(to=0.01)",
            "gradient_ratio(reference=2) * adagrad_norm(b0=0.7) * constant",
        ] {
            replay(schedule, device, Monitor::EvalLoss, Observe::Epoch, 1e-5);
        }
    }
}

/// On the device a controller does what the host does in f32, to the bit: factors and memories, wherever a run stands.
#[test]
fn gradient_controllers_have_the_bits_of_the_host() {
    let op = op("gradient_control");
    let of = |seed: u64| {
        (op.cases)()
            .into_iter()
            .map(move |d| Case::sample(op, d, seed))
    };
    let cases: Vec<Case> = (0..50).flat_map(of).collect();
    for (case, got) in cases.iter().zip(on_gpu(&cases)) {
        let bits = |outputs: &[Vec<f32>]| -> Vec<u32> {
            outputs.iter().flatten().map(|x| x.to_bits()).collect()
        };
        let got = got.unwrap();
        assert_eq!(bits(&got), bits(&case.on_host(op.cpu)), "{:?}", case.dims);
    }
}

/// One-cycle and cyclic carry their momentum into the kernel; the flags schedule it and the
/// weight decay by themselves.
#[test]
fn momentum_is_scheduled() {
    let (updates, _) = run("one_cycle", CPU);
    let rate = start("one_cycle", Monitor::EvalLoss, Observe::Epoch);
    for (row, step) in updates.iter().zip(0..) {
        assert_eq!(row["momentum"].as_f64(), rate.momentum_at(step));
    }
    let (updates, _) = run(
        "constant",
        "--device cpu --momentum-schedule linear(0.5->0.9)",
    );
    assert_eq!(number(&updates[0], "momentum"), 0.5);
    assert_eq!(number(&updates[18], "momentum"), 0.7);
    let (plain, _) = run("constant", "--device cpu");
    assert_ne!(
        plain[5]["loss"], updates[5]["loss"],
        "the momentum reaches the update"
    );
    let (decayed, _) = run(
        "constant",
        "--device cpu --weight-decay-schedule constant(0.3)",
    );
    assert_eq!(plain[0]["loss"], decayed[0]["loss"]);
    assert_ne!(
        plain[5]["loss"], decayed[5]["loss"],
        "the weight decay reaches the update"
    );
}

/// A controller whose number the run does not measure is an error at the start, and so are flags
/// that nobody would heed.
#[test]
fn missing_monitors_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("t.csv"), "x,y\n1,2\n2,4\n3,6\n").unwrap();
    for (args, part) in [
        (
            "train --data t.csv --target y --task regression --test-fraction 0 --schedule plateau",
            "eval_loss, which this run does not measure",
        ),
        (
            "train --data line --schedule threshold(above=0.9,monitor=eval_accuracy)",
            "eval_accuracy, which this run does not measure",
        ),
        (
            "train --schedule plateau --observe update",
            "one after every epoch only",
        ),
        ("train --schedule cosine --monitor loss", "no controller"),
        ("train --schedule cosine --observe update", "no controller"),
        (
            "train --schedule torch.OneCycleLR(0.1,total_steps=50)",
            "the framework raises at update",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
        command
            .current_dir(dir.path())
            .args(args.split(' '))
            .args(["--device", "cpu"]);
        let out = command.output().unwrap();
        let message = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{args}: {message}");
        assert!(message.contains(part), "{args}: {message}");
    }
}
