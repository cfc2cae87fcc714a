//! Data and batches at the ends of what there can be, on the CPU and on an adapter: trained alike, or refused in words.
//!
//! Empty files, wrong labels and data of one class are refused while they are read, whatever trains: `tests/data/` has
//! those.

use std::{env, fs, path::Path};

use serde_json::Value;

use crate::{
    cli::{folder, kiln, refusal, success, wait_for},
    resume::start,
};

fn device() -> String {
    env::var("KILN_TEST_DEVICE").unwrap_or("software".into())
}

/// Losses, norms and evaluations, row by row.
fn numbers(run: &Path) -> Vec<f64> {
    let rows = fs::read_to_string(run.join("metrics.jsonl")).expect("metrics.jsonl");
    let rows = rows
        .lines()
        .map(|row| serde_json::from_str(row).expect("a row in JSON"));
    let fields = ["step", "loss", "grad_norm", "eval_loss", "eval_accuracy"];
    rows.flat_map(|row: Value| fields.map(|field| row[field].as_f64().unwrap_or(0.0)))
        .collect()
}

/// Trains the same on both, and compares what they found.
fn alike(dir: &Path, args: &str) -> Vec<f64> {
    let [cpu, gpu] = ["cpu".into(), device()].map(|device| {
        let out = dir.join(format!("on-{device}"));
        let _ = fs::remove_dir_all(&out);
        success(
            &format!("train {args} --device {device} --quiet --out on-{device}"),
            dir,
        );
        numbers(&out)
    });
    assert_eq!(cpu.len(), gpu.len(), "{args}");
    for (a, b) in cpu.iter().zip(&gpu) {
        assert!(
            (a - b).abs() <= 1e-5 * a.abs().max(1.0),
            "{args}: {a} and {b}"
        );
    }
    cpu
}

/// A table of `rows` with two features and three classes.
fn table(dir: &Path, name: &str, rows: u32) {
    let row = |i: u32| format!("{},{},{}\n", i % 100, i % 7 * i % 11, i % 3);
    let rows: String = (0..rows).map(row).collect();
    fs::write(dir.join(name), format!("p,q,y\n{rows}")).unwrap();
}

/// Batches of one sample, batches beyond the data (up to the largest number that there is), data of one sample.
#[test]
fn small_data_and_any_batch_are_trained() {
    let dir = folder();
    let dir = dir.path();
    table(dir, "small.csv", 60);
    let small = "--data small.csv --target y --task classification --standardize --max-steps 7";
    for batch in ["1", "59", "1000", "4294967295"] {
        let found = alike(dir, &format!("{small} --batch-size {batch}"));
        assert!(found.iter().all(|x| x.is_finite()), "{batch}: {found:?}");
    }
    // Beyond the data all batches are the same.
    let [one, other] =
        ["48", "1000000"].map(|batch| alike(dir, &format!("{small} --batch-size {batch}")));
    assert_eq!(one, other);
    fs::write(dir.join("one.csv"), "p,q,y\n0.5,-1,2\n").unwrap();
    let one =
        "--data one.csv --target y --task regression --lr 0.1 --max-steps 200 --model Linear(1)";
    let found = alike(dir, &format!("{one} --test-fraction 0"));
    let last = found[found.len() - 4];
    assert!(last < 1e-3, "one sample is learned: {last}");
    for (args, part) in [
        (
            one.into(),
            "this leaves none for the test split; use a greater fraction, or 0",
        ),
        (
            format!("{one} --test-fraction 0 --val-fraction 0.5"),
            "leaves none for the training split",
        ),
        (
            format!("{one} --test-fraction 0 --drop-last"),
            "--drop-last with --batch-size 32 leaves nothing of 1 training sample; use a smaller batch",
        ),
    ] {
        let e = refusal(&format!("train {args} --device cpu"), dir, 2);
        assert!(e.contains(part), "{args}: {e}");
    }
}

/// More rows in one batch than a launch has workgroups in one direction.
#[test]
fn a_batch_of_70_000_rows_is_trained() {
    let dir = folder();
    table(dir.path(), "tall.csv", 70_000);
    let found = alike(
        dir.path(),
        "--data tall.csv --target y --task classification --standardize --test-fraction 0 --batch-size 70000 \
         --max-steps 3 --model \"Linear(4) ReLU Linear(3)\"",
    );
    assert_eq!(found.len(), 3 * 5);
}

/// As many classes as there may be, of which an invocation for every row could not go over a third.
#[test]
fn many_classes_are_trained_and_too_many_refused() {
    let dir = folder();
    let dir = dir.path();
    let row = |i: u32| {
        format!(
            "{},{},{}\n",
            i % 9,
            i * i % 7,
            if i == 5 { 65_535 } else { i % 3 }
        )
    };
    let rows: String = (0..12).map(row).collect();
    fs::write(dir.join("wide.csv"), format!("p,q,y\n{rows}")).unwrap();
    let found = alike(
        dir,
        "--data wide.csv --target y --task classification --test-fraction 0 --standardize --batch-size 6 \
         --order sequential --max-steps 2 --label-smoothing 0.1 --model Linear(65536)",
    );
    let even = f64::from(65_536).ln();
    assert!((found[1] - even).abs() < 1.0, "{found:?}");
    let rows: String = (0..65_537).map(|i| format!("1,{i}\n")).collect();
    fs::write(dir.join("many.csv"), format!("p,y\n{rows}")).unwrap();
    let e = refusal(
        "train --data many.csv --target y --task classification --device cpu",
        dir,
        2,
    );
    for part in [
        "line 65538",
        "`65536`",
        "kiln tells at most 65536 classes apart",
    ] {
        assert!(e.contains(part), "{e}");
    }
    let e = refusal("train --data digits --classes 65537 --device cpu", dir, 2);
    assert!(e.contains("at most 65536"), "{e}");
}

/// One process writes to a run. Whoever comes second, by whatever command, is told so and changes nothing.
#[test]
fn the_second_writer_is_refused() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --device cpu --limit 64 --epochs 4 --save-every 4 --keep 9 --quiet --out other",
        dir,
    );
    let mut first = start("train --device cpu --epochs 1000000 --quiet --out run", dir);
    wait_for(&dir.join("run/metrics.jsonl"), &mut first);
    let config = fs::read(dir.join("run/config.toml")).unwrap();
    let refusals = [
        (
            "train --device cpu --limit 64 --epochs 1 --out run",
            "already holds",
        ),
        (
            "resume run",
            "another kiln is writing to this directory; wait for it, or stop it first",
        ),
        (
            "resume run --epochs 3 --on-change keep",
            "another kiln is writing to this directory",
        ),
        (
            "cooldown --from other --at 4 --over 2 --device cpu --out run",
            "already holds",
        ),
        (
            "sweep --out run --grid lr=0.1,0.2 -- --device cpu --limit 64 --epochs 1",
            "already holds",
        ),
    ]
    .map(|(args, part)| {
        let out = kiln(args, dir);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        (args, part, out.status.code(), said)
    });
    let alive = first.try_wait().expect("it can be asked").is_none();
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    for (args, part, code, said) in refusals {
        assert!(
            code == Some(2) && said.contains(part),
            "{args}: {code:?} {said}"
        );
    }
    assert!(alive, "the first writer went on");
    assert_eq!(fs::read(dir.join("run/config.toml")).unwrap(), config);
    // The lock goes with the process.
    kiln::run::RunDir::open(&dir.join("run")).unwrap();
}

/// The same for sweeps: two in one directory would each overwrite the other's record.
#[cfg(unix)]
#[test]
fn the_second_sweep_is_refused() {
    let dir = folder();
    let dir = dir.path();
    let sweep = "sweep --out s --grid lr=0.1,0.2 -- --device cpu --limit 64";
    let mut first = start(&format!("{sweep} --epochs 1000000"), dir);
    wait_for(&dir.join("s/lr-0.1/metrics.jsonl"), &mut first);
    let record = fs::read(dir.join("s/sweep.json")).unwrap();
    let out = kiln(&format!("{sweep} --epochs 1000000"), dir);
    let same = fs::read(dir.join("s/sweep.json")).unwrap() == record;
    // It ends its own run first, which SIGKILL would leave training.
    let id = first.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.is_ok_and(|s| s.success()));
    first.wait().expect("it ends");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.code() == Some(2) && said.contains("another kiln is writing to this directory"),
        "{said}"
    );
    assert!(same);
}
