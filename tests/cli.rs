//! The binary as a person uses it: exit codes, files, messages.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// Runs the binary in a folder, with a cache of its own: what somebody tuned here is not used.
pub fn kiln(args: &str, dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.env("KILN_CACHE_DIR", dir.join("cache"));
    command.current_dir(dir).args(split(args));
    command.output().expect("the binary runs")
}

/// Splits at spaces outside of double quotes.
fn split(args: &str) -> Vec<String> {
    let parts = args.split('"').enumerate();
    let words = parts.flat_map(|(i, part)| match i % 2 {
        0 => part.split_whitespace().map(String::from).collect(),
        _ => vec![part.to_string()],
    });
    words.collect()
}

/// Waits until a run has written something, or fails with it.
pub fn wait_for(file: &Path, child: &mut std::process::Child) {
    while !fs::metadata(file).is_ok_and(|m| m.len() > 0) {
        let ended = child.try_wait().expect("the child can be asked");
        assert!(ended.is_none(), "the run ended by itself: {ended:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a successful command printed.
pub fn success(args: &str, dir: &Path) -> String {
    let out = kiln(args, dir);
    assert!(out.status.success(), "kiln {args}: {}", text(&out.stderr));
    text(&out.stdout)
}

/// The message of a command that is refused with exit code `code`, in words a person can use.
pub fn refusal(args: &str, dir: &Path, code: i32) -> String {
    let out = kiln(args, dir);
    let message = text(&out.stderr);
    assert_eq!(
        out.status.code(),
        Some(code),
        "kiln {args}: {message}{}",
        text(&out.stdout)
    );
    assert!(!message.contains("panicked"), "kiln {args}: {message}");
    message
}

fn rows(dir: &Path) -> Vec<Value> {
    let file = fs::read_to_string(dir.join("metrics.jsonl")).expect("metrics.jsonl");
    file.lines()
        .map(|l| serde_json::from_str(l).expect("a JSON row"))
        .collect()
}

/// The README's promise: nothing but `train`, and a good model comes out.
#[test]
fn train_alone_learns_the_digits() {
    let dir = folder();
    let said = success("train --device cpu --out run", dir.path());
    let rows = rows(&dir.path().join("run"));
    let accuracy = rows.last().unwrap()["eval_accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.97, "{accuracy}\n{said}");
    assert!(dir.path().join("run/model.safetensors").exists());
}

/// One row per update from 0, one per evaluation, nothing else, nothing missing; the tail of an
/// epoch is an update too.
#[test]
fn metrics_have_every_row() {
    let dir = folder();
    success(
        "train --device cpu --limit 70 --batch-size 32 --epochs 2 --schedule cosine(to=0) --out run --quiet",
        dir.path(),
    );
    let rows = rows(&dir.path().join("run"));
    let (evaluations, updates): (Vec<_>, Vec<_>) =
        rows.iter().partition(|r| r.get("eval_loss").is_some());
    let steps: Vec<u64> = updates
        .iter()
        .map(|r| r["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 5], "70 samples are 32 + 32 + 6");
    assert_eq!(updates[0]["epoch"], 0.0);
    assert_eq!(updates[0]["lr"], 0.05);
    assert!(
        updates
            .iter()
            .all(|r| r["loss"].is_f64() && r["lr"].as_f64().unwrap() > 0.0)
    );
    assert_eq!(evaluations.len(), 2);
    assert_eq!(
        (&evaluations[1]["step"], &evaluations[1]["epoch"]),
        (&6.into(), &2.0.into())
    );
    let dropped = success(
        "train --device cpu --limit 70 --epochs 2 --drop-last",
        dir.path(),
    );
    assert!(dropped.contains("4 updates"), "{dropped}");
}

/// Two runs from one seed are one run; another seed is another.
#[test]
fn the_seed_decides() {
    let dir = folder();
    for (name, seed) in [("a", 3), ("b", 3), ("c", 4)] {
        let args = format!("train --device cpu --limit 200 --epochs 1 --seed {seed} --out {name}");
        success(&args, dir.path());
    }
    let read = |name: &str| fs::read(dir.path().join(name).join("model.safetensors")).unwrap();
    assert_eq!(read("a"), read("b"));
    assert_ne!(read("a"), read("c"));
}

/// Weights written by one run start another: the first loss is the one they had.
#[test]
fn init_continues_from_a_file() {
    let dir = folder();
    success(
        "train --device cpu --limit 64 --batch-size 64 --epochs 3 --out a --order sequential",
        dir.path(),
    );
    success(
        "train --device cpu --limit 64 --batch-size 64 --max-steps 1 --lr 1e-30 --init a/model.safetensors --out b --order sequential",
        dir.path(),
    );
    let (a, b) = (rows(&dir.path().join("a")), rows(&dir.path().join("b")));
    assert!(b[0]["loss"].as_f64().unwrap() < a[2]["loss"].as_f64().unwrap());
    let models =
        ["a", "b"].map(|d| fs::read(dir.path().join(d).join("model.safetensors")).unwrap());
    assert_eq!(models[0], models[1], "a rate of nearly 0 changes nothing");
}

/// A file of another model is refused with everything that differs.
#[test]
fn init_lists_what_does_not_match() {
    let dir = folder();
    success(
        "train --device cpu --limit 64 --max-steps 1 --out a",
        dir.path(),
    );
    let model = "\"Conv2d(16,3) ReLU Flatten Linear(10)\"";
    let e = refusal(
        &format!("train --device cpu --model {model} --init a/model.safetensors"),
        dir.path(),
        2,
    );
    for part in [
        "0.weight [16, 1, 3, 3] is missing",
        "3.bias",
        "conv1.weight is not in the model",
    ] {
        assert!(e.contains(part), "{part}: {e}");
    }
    fs::write(
        dir.path().join("cut"),
        &fs::read(dir.path().join("a/model.safetensors")).unwrap()[..500],
    )
    .unwrap();
    let e = refusal("train --device cpu --init cut", dir.path(), 2);
    assert!(e.contains("not a complete safetensors"), "{e}");
}

/// A run is never overwritten.
#[test]
fn out_is_left_alone_if_it_holds_a_run() {
    let dir = folder();
    success(
        "train --device cpu --limit 64 --max-steps 1 --out a",
        dir.path(),
    );
    let before = fs::read(dir.path().join("a/metrics.jsonl")).unwrap();
    let e = refusal(
        "train --device cpu --limit 64 --max-steps 2 --out a",
        dir.path(),
        2,
    );
    assert!(e.contains("already holds metrics.jsonl"), "{e}");
    assert_eq!(
        before,
        fs::read(dir.path().join("a/metrics.jsonl")).unwrap()
    );
}

/// Mistakes are answered with what was expected and the nearest name, before anything is written.
#[test]
fn mistakes_are_explained() {
    let dir = folder();
    for (args, hint) in [
        ("train --data digts", "did you mean `digits`"),
        ("train --data missing.csv", "missing.csv"),
        ("train --schedule cosinus", "did you mean `cosine`"),
        ("train --schedule cosine(too=0)", "did you mean `to`"),
        ("train --optimizer SGDD()", "did you mean `SGD`"),
        ("train --model lenett", "did you mean `lenet`"),
        (
            "train --model \"Conv2d(1,8,3) ReLU Linear(10)\"",
            "put Flatten before it",
        ),
        (
            "train --model \"Flatten Linear(63, 10)\"",
            "it says 63 inputs, but its input is [N, 64]: 64",
        ),
        (
            "train --model \"Flatten Linear(9)\"",
            "ends with shape [N, 9] but the data needs [N, 10]",
        ),
        (
            "train --model \"Conv2d(3,8,3) Flatten Linear(10)\"",
            "layer 0, Conv2d(3, 8, 3)",
        ),
        (
            "train --model \"Conv2d(8, 9) Flatten Linear(10)\"",
            "does not fit its input [N, 1, 8, 8]",
        ),
        ("train --model \"Flatten ReLU\"", "ends with shape"),
        (
            "train --model \"Flatten Linear(4000000) Linear(4000000) Linear(10)\"",
            "more than the",
        ),
        ("train --lr -1", "--lr"),
        ("train --lr nan", "--lr must be a number from 0"),
        ("train --epochs 0", "would train nothing"),
        ("train --batch-size 0", "batch-size"),
        (
            "train --batch-size 2000 --drop-last",
            "leaves nothing of 1438",
        ),
        ("train --data line --label-smoothing 0.1", "no effect"),
        ("train --target y", "--target"),
        (
            "train --device nosuchgpu",
            "no adapter matches --device nosuchgpu",
        ),
    ] {
        let e = refusal(&format!("{args} --out run"), dir.path(), 2);
        assert!(e.contains(hint), "kiln {args}: {e}");
    }
    assert!(!dir.path().join("run").exists());
}

/// A run that diverges says where, keeps its rows, and writes no model.
#[test]
fn divergence_is_an_error() {
    let dir = folder();
    let e = refusal(
        "train --data line --device cpu --lr 1e6 --out run",
        dir.path(),
        1,
    );
    assert!(e.contains("update ") && e.contains("learning rate"), "{e}");
    let rows = rows(&dir.path().join("run"));
    assert!(!rows.is_empty() && rows.last().unwrap()["loss"].is_null());
    assert!(!dir.path().join("run/model.safetensors").exists());
}

/// `kiln plan` shows a step without a device.
#[test]
fn plan_prints_the_step() {
    let dir = folder();
    let plan = success(
        "plan --data fashion-mnist --batch-size 100 --limit 6400",
        dir.path(),
    );
    for part in [
        "conv2d_dw",
        "cross_entropy_log",
        "sgd",
        "FLOPs",
        "21840 parameters",
        "FLOP/B",
        "device memory",
        "optimiser state",
        "activations",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
}

/// `kiln devices` names what `auto` would take.
#[test]
fn devices_are_listed() {
    let said = success("devices", folder().path());
    assert!(said.contains("--device auto would take"), "{said}");
}

/// Every data set and preset trains: a regression on `line` finds its slope.
#[test]
fn line_finds_its_line() {
    let dir = folder();
    success(
        "train --data line --device cpu --epochs 200 --lr 0.1 --out run --quiet",
        dir.path(),
    );
    let file = fs::read(dir.path().join("run/model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    let value = |name: &str| {
        let t = tensors.tensor(name).unwrap();
        f32::from_le_bytes(t.data().try_into().unwrap())
    };
    let (slope, intercept) = (value("linear.weight"), value("linear.bias"));
    assert!(
        (slope - 2.0).abs() < 1.0 && (intercept - 1.0).abs() < 0.6,
        "{slope} {intercept}"
    );
}

/// Ctrl-C ends the run after the update in flight, with everything written and exit code 130.
#[cfg(unix)]
#[test]
fn ctrl_c_keeps_everything() {
    let dir = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.current_dir(dir.path()).args(split(
        "train --device cpu --epochs 100000 --out run --quiet",
    ));
    let mut child = command.spawn().expect("the binary runs");
    let metrics = dir.path().join("run/metrics.jsonl");
    wait_for(&metrics, &mut child);
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rows = rows(&dir.path().join("run"));
    let updates = rows.iter().filter(|r| r.get("loss").is_some()).enumerate();
    updates.for_each(|(i, r)| assert_eq!(r["step"], i));
    assert!(dir.path().join("run/model.safetensors").exists());
}

/// A reader that goes away ends the talk, not the training.
#[cfg(unix)]
#[test]
fn a_closed_pipe_does_not_end_the_run() {
    let dir = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command
        .current_dir(dir.path())
        .args(split("train --device cpu --epochs 30 --out run"))
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(dir.path().join("run/model.safetensors").exists());
    assert_eq!(
        rows(&dir.path().join("run")).last().unwrap()["step"],
        30 * 45
    );
}

/// Wrappers signal a process and its group: two signals at once are one, and nothing is lost. The
/// test split is not evaluated on the way out.
#[cfg(unix)]
#[test]
fn two_signals_at_once_are_one() {
    let dir = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command
        .current_dir(dir.path())
        .args(split("train --device cpu --epochs 100000 --out run"))
        .stdout(std::process::Stdio::null());
    let mut child = command.spawn().expect("the binary runs");
    let metrics = dir.path().join("run/metrics.jsonl");
    wait_for(&metrics, &mut child);
    let id = child.id().to_string();
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -INT {id}; kill -INT {id}")])
        .status();
    assert!(kill.expect("kill runs").success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(dir.path().join("run/model.safetensors").exists());
}

/// The schedule's faults are told before the run; those that can be trained with do not stop it.
#[test]
fn lint_speaks_and_only_errors_stop() {
    let dir = folder();
    let short = "train --device cpu --limit 64 --max-steps 60 --schedule";
    let said = success(&format!("{short} exponential(gamma=0.1)"), dir.path());
    assert!(said.contains("nothing is learned there"), "{said}");
    let said = success(
        "schedule lint exponential(gamma=0.1) --steps 100",
        dir.path(),
    );
    assert!(said.contains("warning"), "{said}");
    let late = "torch.OneCycleLR(max_lr=0.1,total_steps=10)";
    let lint = kiln(&format!("schedule lint {late} --steps 20"), dir.path());
    assert_eq!(lint.status.code(), Some(1), "{}", text(&lint.stdout));
    let clean = success("schedule lint cosine --steps 100", dir.path());
    assert!(clean.contains("nothing to say"), "{clean}");
}
