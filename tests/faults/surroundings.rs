//! Clocks that jump, data that changes while it is read, two processes with one run.

use std::{
    fs,
    io::Write,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::Value;

use super::{command, demand, failed, read, same, start};
use crate::cli::{folder, success};

/// The clock of the day as it must not be: it jumps by decades, back and forth, before 1970 too.
#[cfg(target_os = "linux")]
const CLOCK: &str = r#"
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    static long calls;
    long result = syscall(SYS_clock_gettime, id, t);
    if (id == CLOCK_REALTIME) t->tv_sec += (++calls % 3 - 1) * 2000000000L;
    return result;
}
"#;

/// Durations, checkpoints by time and `--max-time` follow a clock that only goes forward; dates may be wrong, nothing
/// else is.
#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_jumps_changes_nothing() {
    let dir = folder();
    let dir = dir.path();
    fs::write(dir.join("clock.c"), CLOCK).unwrap();
    let mut cc = Command::new("cc");
    let built = cc
        .args(["-shared", "-fPIC", "-o", "clock.so", "clock.c"])
        .current_dir(dir)
        .status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: there is no C compiler (cc) to make a clock that jumps");
        return;
    }
    let jumping = |args: &str| {
        let mut command = command(args, dir);
        command.env("LD_PRELOAD", dir.join("clock.so"));
        let out = command.output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let run = "train --data digits --model mlp --device cpu --quiet --batch-size 4 --max-steps 350";
    success(&format!("{run} --out whole"), dir);
    jumping(&format!("{run} --save-every 1h --max-time 1h --out a"));
    same(dir, "whole", "a");
    let seconds = |run: &str| {
        let all: Value =
            serde_json::from_slice(&read(dir, &format!("{run}/environment.json"))).unwrap();
        all["seconds"].as_f64().unwrap()
    };
    assert!((0.0..60.0).contains(&seconds("a")), "{}", seconds("a"));
    let checkpoints = fs::read_dir(dir.join("a/checkpoints")).unwrap().flatten();
    let steps = checkpoints.filter(|e| e.file_name().to_string_lossy().starts_with("step-"));
    assert!(steps.count() == 1, "a jump is not an hour");
    let out = jumping(
        "train --data digits --model mlp --device cpu --max-steps 1000000 --max-time 400ms --out b",
    );
    demand(&out, &["stopped at --max-time"]);
    assert!((0.3..30.0).contains(&seconds("b")), "{}", seconds("b"));
    jumping("resume a --quiet");
    jumping("report a");
    for file in ["report.html", "metrics.csv"] {
        assert!(dir.join("a").join(file).exists());
    }
}

/// A table that grows while it is read is no data set: neither what it was nor what it becomes.
#[test]
fn data_that_changes_is_refused() {
    let dir = folder();
    let dir = dir.path();
    let path = dir.join("t.csv");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"x,y\n").unwrap();
    let rows: String = (0..100_000).map(|i| format!("{i},{}\n", 2 * i)).collect();
    file.write_all(rows.as_bytes()).unwrap();
    let done = AtomicBool::new(false);
    let text = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                file.write_all(b"1,2\n").unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let run =
            "train --data t.csv --target y --task regression --device cpu --max-steps 1 --no-out";
        let out = command(run, dir).output().unwrap();
        done.store(true, Ordering::Relaxed);
        failed(&out, 2)
    });
    demand(
        &text,
        &["t.csv: changed while it was read", "bytes", "start again"],
    );
    success(
        "train --data t.csv --target y --task regression --device cpu --max-steps 1 --no-out --quiet",
        dir,
    );
}

/// One process at a time writes to a run.
#[test]
fn a_second_writer_is_refused() {
    let dir = folder();
    let dir = dir.path();
    let run = "train --data digits --model mlp --device cpu --quiet --max-steps 1000000 --save-every 20 --out a";
    let mut child = start(run, dir);
    while !dir.join("a/checkpoints/last").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    demand(
        &failed(&command("resume a", dir).output().unwrap(), 2),
        &["another kiln is writing"],
    );
    demand(
        &failed(&command(run, dir).output().unwrap(), 2),
        &["already holds"],
    );
    child.kill().unwrap();
    child.wait().unwrap();
}
