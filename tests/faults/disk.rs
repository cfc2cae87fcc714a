//! Disks that are full, or may only be read.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;

use super::{demand, failed, read, said, same, start};
use crate::cli::{folder, success};

/// Runs a script with a disk of its own below `disk`, if the system lets one be made: `$KILN` is the binary.
fn on_a_disk(script: &str, dir: &Path) -> Option<Output> {
    let possible = |test: &str| {
        let run = Command::new("unshare")
            .args(["-rm", "sh", "-c", test])
            .output();
        run.is_ok_and(|out| out.status.success())
    };
    if !possible("mount -t tmpfs -o size=1m none /mnt") {
        eprintln!(
            "SKIPPED: no disk can be made here (unshare -rm, mount -t tmpfs): nothing was filled"
        );
        return None;
    }
    fs::create_dir(dir.join("disk")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-ec", script]).current_dir(dir);
    command.env("KILN", env!("CARGO_BIN_EXE_kiln"));
    command.env("KILN_CACHE_DIR", dir.join("cache"));
    Some(command.output().expect("unshare runs"))
}

const RUN: &str =
    "train --data digits --model mlp --epochs 4 --device cpu --quiet --save-every 10 --keep 2";

/// A full disk ends the run: it says which checkpoint is whole, and the run goes on from there once there is room,
/// to the same bits. A resumption that finds the disk still full changes nothing.
#[test]
fn a_full_disk_keeps_the_last_checkpoint() {
    let dir = folder();
    let dir = dir.path();
    let script = format!(
        "mount -t tmpfs -o size=180k none disk; cd disk
         code=0; $KILN {RUN} --out a || code=$?; test $code = 1
         code=0; $KILN resume a --quiet || code=$?; test $code = 1
         mount -o remount,size=20m .
         $KILN resume a --quiet; cp -r a ../a"
    );
    let Some(out) = on_a_disk(&script, dir) else {
        return;
    };
    let text = said(&out);
    assert!(out.status.success(), "{text}");
    demand(
        &text,
        &[
            "No space left",
            "step-",
            "updates is whole; go on from it with: kiln resume a",
        ],
    );
    success(&format!("{RUN} --out whole"), dir);
    same(dir, "whole", "a");
}

/// A run that is to go on does, tells of it once, and leaves all rows once there is room again.
#[test]
fn a_full_disk_may_be_passed_over() {
    let dir = folder();
    let dir = dir.path();
    let long = RUN.replace("--epochs 4", "--max-steps 1500");
    let script = format!(
        "mount -t tmpfs -o size=180k none disk; cd disk
         $KILN {long} --on-write-error continue --out a 2> said & run=$!
         until grep -q 'the run goes on' said; do sleep 0.01; kill -0 $run; done
         mount -o remount,size=80m .
         wait $run; cat said >&2; cp -r a ../a"
    );
    let Some(out) = on_a_disk(&script, dir) else {
        return;
    };
    let text = said(&out);
    assert!(out.status.success(), "{text}");
    assert!(text.matches("the run goes on").count() <= 2, "{text}");
    demand(
        &text,
        &[
            "could not be written",
            "what was due has been written since",
        ],
    );
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    let steps = rows
        .lines()
        .filter(|row| row.contains("\"loss\""))
        .map(|row| {
            serde_json::from_str::<Value>(row).unwrap()["step"]
                .as_u64()
                .unwrap()
        });
    assert!(steps.eq(0..1500), "rows are missing");
    let kept = String::from_utf8(read(dir, "a/environment.json")).unwrap();
    demand(&kept, &["unwritten"]);
}

/// A disk that turns read-only in mid-run, at a moment when no file on it is being written.
#[test]
fn a_read_only_disk_keeps_the_last_checkpoint() {
    let dir = folder();
    let dir = dir.path();
    let long = RUN.replace("--epochs 4", "--max-steps 1500");
    let script = format!(
        "cd disk
         $KILN {long} --out a 2> said & run=$!
         until test -e a/checkpoints/last; do sleep 0.01; kill -0 $run; done
         mount --bind a/checkpoints a/checkpoints
         until mount -o remount,bind,ro a/checkpoints 2> busy; do kill -0 $run; done
         code=0; wait $run || code=$?; cat said >&2; test $code = 2
         umount a/checkpoints
         $KILN resume a --quiet"
    );
    let Some(out) = on_a_disk(&script, dir) else {
        return;
    };
    let text = said(&out);
    assert!(out.status.success(), "{text}");
    demand(
        &text,
        &["Read-only", "is whole; go on from it with: kiln resume a"],
    );
    success(&format!("{long} --out whole"), dir);
    same(dir, "whole", "disk/a");
}

/// The same without any rights: a directory that takes no new files takes the place of the checkpoints.
#[test]
fn a_directory_that_takes_no_files_ends_the_run() {
    let dir = folder();
    let dir = dir.path();
    let run =
        "train --data digits --model mlp --max-steps 1500 --device cpu --quiet --save-every 20";
    let child = start(&format!("{run} --out a"), dir);
    let checkpoints = dir.join("a/checkpoints");
    while !checkpoints.join("last").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::rename(&checkpoints, dir.join("kept")).unwrap();
    symlink("/proc", &checkpoints).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = said(&out);
    assert!(!out.status.success(), "{text}");
    demand(&text, &["checkpoints"]);
    fs::remove_file(&checkpoints).unwrap();
    fs::rename(dir.join("kept"), &checkpoints).unwrap();
    success("resume a --quiet", dir);
    success(&format!("{run} --out whole"), dir);
    same(dir, "whole", "a");
}

/// Rows that find no room: a limit on the length of files, which needs no rights. A run that goes on has a model
/// at its end, and says that rows are missing; going on with it brings them.
#[test]
fn rows_that_find_no_room() {
    let dir = folder();
    let dir = dir.path();
    let limited = |args: &str| -> Output {
        let script = format!("trap '' XFSZ; ulimit -f 32; exec \"$KILN\" {args}");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(dir);
        command.env("KILN", env!("CARGO_BIN_EXE_kiln"));
        command.env("KILN_CACHE_DIR", dir.join("cache"));
        command.output().expect("sh runs")
    };
    let run =
        "train --data line --max-steps 900 --device cpu --quiet --save-every 50 --schedule linear";
    success(&format!("{run} --out whole"), dir);
    let text = failed(&limited(&format!("{run} --out a")), 1);
    demand(&text, &["metrics.jsonl", "is whole", "kiln resume a"]);
    success("resume a --quiet", dir);
    same(dir, "whole", "a");
    let out = limited(&format!("{run} --on-write-error continue --out b"));
    let text = said(&out);
    assert!(out.status.success(), "{text}");
    demand(&text, &["the run goes on", "the last attempt failed too"]);
    assert_eq!(
        read(dir, "b/model.safetensors"),
        read(dir, "whole/model.safetensors")
    );
    success("resume b --quiet", dir);
    same(dir, "whole", "b");
}
