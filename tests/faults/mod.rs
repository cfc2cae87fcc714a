//! Faults made on purpose, and what becomes of the run: what is said, what is left, how it goes on.

mod checkpoints;
mod device;
#[cfg(target_os = "linux")]
mod disk;
mod nonfinite;
mod surroundings;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// The binary in a folder, with a cache of its own.
fn command(args: &str, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.env("KILN_CACHE_DIR", dir.join("cache"));
    command.current_dir(dir).args(args.split_whitespace());
    command
}

/// A run of the binary with a fault.
fn with(fault: &str, args: &str, dir: &Path) -> Output {
    let mut command = command(args, dir);
    command.env("KILN_INJECT", fault);
    command.output().expect("the binary runs")
}

/// Starts the binary without waiting for it.
fn start(args: &str, dir: &Path) -> Child {
    let mut command = command(args, dir);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

fn said(out: &Output) -> String {
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// What a run that failed said.
fn failed(out: &Output, code: i32) -> String {
    let text = said(out);
    assert_eq!(out.status.code(), Some(code), "{text}");
    text
}

fn demand(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing: {text}");
    }
}

fn read(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Both runs left the same weights and the same rows, to the byte.
fn same(dir: &Path, a: &str, b: &str) {
    for file in ["model.safetensors", "metrics.jsonl"] {
        let of = |run: &str| read(dir, &format!("{run}/{file}"));
        assert!(of(a) == of(b), "{file} of {a} and {b} differ");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&path, &target);
        } else if kind.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A copy of a run as it was when its checkpoint after `step` updates was the last.
fn as_of(dir: &Path, from: &str, to: &str, step: u64) {
    copy(&dir.join(from), &dir.join(to));
    for entry in fs::read_dir(dir.join(to).join("checkpoints"))
        .unwrap()
        .flatten()
    {
        let name = entry.file_name().into_string().unwrap();
        let later = name
            .strip_prefix("step-")
            .map(|n| n.parse::<u64>().unwrap() > step);
        if later == Some(true) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    fs::write(dir.join(to).join("lock"), "").unwrap();
}

fn device() -> String {
    std::env::var("KILN_TEST_DEVICE").unwrap_or("software".into())
}
