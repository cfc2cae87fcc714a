//! `kiln sweep`: runs of a grid or a list, failures that stay alone, going on where it stopped, the ranking.

use std::fs;

use serde_json::Value;

use crate::cli::{folder, kiln, refusal, success};

const BASE: &str = "-- --device cpu --limit 200 --epochs 2";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Every combination has a directory of its own; a run that diverges is listed and stops nothing; seeds are
/// averaged; the same command does nothing again, and a run that was cut off goes on.
#[test]
fn a_grid_is_run_ranked_and_taken_up_again() {
    let dir = folder();
    let args = format!("sweep --out s --grid \"lr=0.0371,1e30\" --seeds 2 {BASE}");
    let out = kiln(&args, dir.path());
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}{:?}", out.stderr);
    assert!(said.contains("failed: lr-1e30_seed-0: update "), "{said}");
    assert!(
        said.contains("lr=0.0371") && said.contains("(2 seeds)"),
        "{said}"
    );
    for name in ["lr-0.0371_seed-0", "lr-0.0371_seed-1", "lr-1e30_seed-1"] {
        assert!(
            dir.path()
                .join("s")
                .join(name)
                .join("metrics.jsonl")
                .is_file(),
            "{name}"
        );
    }
    assert!(dir.path().join("s/curves.svg").is_file());
    let file = json(&fs::read_to_string(dir.path().join("s/sweep.json")).unwrap());
    assert_eq!(file["monitor"], "eval_accuracy");
    assert_eq!(file["ranking"].as_array().unwrap().len(), 1);
    let accuracies: Vec<f64> = (0..2)
        .map(|i| file["runs"][i]["best_eval_accuracy"].as_f64().unwrap())
        .collect();
    let mean = (accuracies[0] + accuracies[1]) / 2.0;
    assert!((file["ranking"][0]["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    let metrics = dir.path().join("s/lr-0.0371_seed-0/metrics.jsonl");
    let whole = fs::read(&metrics).unwrap();
    let again = kiln(&args, dir.path());
    let again = String::from_utf8_lossy(&again.stdout).into_owned();
    assert_eq!(again.matches("was done before").count(), 4, "{again}");
    // As if it had been stopped: the record says so, and the last checkpoint is an earlier one.
    cut(dir.path(), "lr-0.0371_seed-0");
    let again = kiln(&args, dir.path());
    let again = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.contains("lr-0.0371_seed-0: goes on"), "{again}");
    assert_eq!(
        fs::read(&metrics).unwrap(),
        whole,
        "a resumed run is the whole run"
    );
    let e = refusal("sweep --out s --grid lr=0.1 -- --device cpu", dir.path(), 2);
    assert!(e.contains("other flags after `--`"), "{e}");
}

/// Marks a finished run as stopped.
fn cut(root: &std::path::Path, name: &str) {
    let file = root.join("s/sweep.json");
    let mut record = json(&fs::read_to_string(&file).unwrap());
    for run in record["runs"].as_array_mut().unwrap() {
        if run["name"] == name {
            run["status"] = "stopped".into();
        }
    }
    fs::write(&file, record.to_string()).unwrap();
}

/// A list gives what a grid cannot; seeds alone are a sweep, too, and count from the one that all runs are given;
/// numbers and switches are values; what a run has of its own wins.
#[test]
fn lists_and_seeds() {
    let dir = folder();
    let list = "[[run]]\nlr = 0.1\nschedule = \"cosine(to=1e-5)\"\n[[run]]\nbatch_size = 64\ndrop-last = true\n";
    fs::write(dir.path().join("runs.toml"), list).unwrap();
    let said = success(
        &format!("sweep --out l --list runs.toml --json {BASE} --lr=0.3"),
        dir.path(),
    );
    let found = json(&said);
    let places = found["ranking"].as_array().unwrap();
    assert_eq!(places.len(), 2);
    let best = |i: usize| places[i]["mean"].as_f64().unwrap();
    assert!(best(0) >= best(1));
    let dropped = fs::read_to_string(
        dir.path()
            .join("l/batch-size-64_drop-last-true/config.toml"),
    );
    let dropped = dropped.unwrap();
    assert!(dropped.contains("drop-last = true") && dropped.contains("lr = 0.3"));
    let seeds = format!("sweep --out n --seeds 2 {BASE} --seed 7");
    let said = success(&seeds, dir.path());
    assert!(said.contains("run_seed-8") && said.contains("±"), "{said}");
}

/// Nothing runs and nothing is written before everything is understood.
#[test]
fn mistakes_are_found_before_anything_runs() {
    let dir = folder();
    fs::write(dir.path().join("bad.toml"), "[[run]]\nlearning = 1\n").unwrap();
    for (args, hint) in [
        ("--grid lrr=1,2", "did you mean `lr`"),
        ("--grid lr=1,x", "invalid value"),
        ("--grid lr=1,,2", "is empty"),
        ("--grid lr=1 --grid lr=2", "given twice"),
        ("--grid schedule=cosinus", "did you mean `cosine`"),
        ("--grid optimizer=SGDD()", "did you mean `SGD`"),
        ("--grid out=a", "is not a setting of the run"),
        ("--grid seed=1,2 --seeds 2", "both decide the seed"),
        ("--list bad.toml", "unknown key `learning`"),
        ("--list none.toml", "none.toml"),
        ("--grid lr=1 -- --out x", "remove it"),
        ("--grid lr=1 -- --epochz 3", "--epochs"),
        ("", "--grid"),
        ("--grid lr=0.1 -- --data digitz", "did you mean `digits`"),
        ("--grid lr=0.1 -- --json", "what is shown"),
    ] {
        let e = refusal(&format!("sweep --out s {args}"), dir.path(), 2);
        assert!(e.contains(hint), "{args}: {e}");
    }
    assert!(!dir.path().join("s").exists());
}

/// A map of two settings has the mean of the last evaluations and half their range in every cell, and counts what
/// failed; the same command draws the map of a sweep that is done; what makes no map is refused before anything runs.
#[test]
fn two_settings_are_drawn_as_a_map() {
    let dir = folder();
    let grid = "--grid \"lr=0.0371,1e30\" --grid \"schedule=cosine;linear\" --seeds 2";
    let base = "-- --device cpu --limit 200 --epochs 2";
    let out = kiln(
        &format!("sweep --out s --heatmap map.svg {grid} {base}"),
        dir.path(),
    );
    assert_eq!(out.status.code(), Some(1), "{:?}", out.stderr);
    assert!(String::from_utf8_lossy(&out.stdout).contains("wrote map.svg"));
    let svg = fs::read_to_string(dir.path().join("map.svg")).unwrap();
    let last = |seed: u64| {
        let rows = dir.path().join(format!(
            "s/lr-0.0371_schedule-cosine_seed-{seed}/metrics.jsonl"
        ));
        let rows = fs::read_to_string(rows).unwrap();
        let last = rows
            .lines()
            .rev()
            .map(json)
            .find(|row| row["eval_accuracy"].is_number());
        last.unwrap()["eval_accuracy"].as_f64().unwrap()
    };
    let (a, b) = (100.0 * last(0), 100.0 * last(1));
    let cell = format!("{:.1} ± {:.1}", (a + b) / 2.0, (a - b).abs() / 2.0);
    assert!(svg.contains(&cell), "{cell}");
    assert_eq!(svg.matches("2 of 2 failed").count(), 2);
    for text in [
        "last evaluation accuracy, %",
        "schedule",
        "linear",
        "0.0371",
        "1e30",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    kiln(
        &format!("sweep --out s --heatmap map.png {grid} {base}"),
        dir.path(),
    );
    assert!(
        fs::read(dir.path().join("map.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    for (args, hint) in [
        (
            "--heatmap map.pdf --grid lr=1,2 --grid epochs=1,2",
            ".svg or .png",
        ),
        ("--heatmap a.svg --grid lr=1,2 --seeds 2", "only lr varies"),
        (
            "--heatmap a.svg --grid lr=1,2 --grid epochs=1,2 --grid batch-size=8,16",
            "no two decide the others",
        ),
    ] {
        let e = refusal(
            &format!("sweep --out n {args} -- --device cpu"),
            dir.path(),
            2,
        );
        assert!(e.contains(hint), "{args}: {e}");
    }
    assert!(!dir.path().join("n").exists());
}

/// Ctrl-C reaches the run, which saves; the same command then ends the sweep.
#[cfg(unix)]
#[test]
fn ctrl_c_stops_after_the_run_has_saved() {
    use std::process::Command;
    let dir = folder();
    // One run that others follow, and the last one.
    for (out, grid) in [("s", "lr=0.01,0.02"), ("t", "lr=0.01")] {
        let args =
            format!("sweep --out {out} --grid {grid} -- --device cpu --max-steps 1000000000");
        let mut child = Command::new(env!("CARGO_BIN_EXE_kiln"))
            .current_dir(dir.path())
            .args(args.split(' '))
            .spawn()
            .expect("the binary runs");
        let metrics = dir.path().join(out).join("lr-0.01/metrics.jsonl");
        while !fs::metadata(&metrics).is_ok_and(|m| m.len() > 0) {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the sweep ended by itself"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let id = child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.expect("kill runs").success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(
            dir.path()
                .join(out)
                .join("lr-0.01/checkpoints/last")
                .exists()
        );
        assert!(!dir.path().join(out).join("lr-0.02").exists());
        let record = json(&fs::read_to_string(dir.path().join(out).join("sweep.json")).unwrap());
        assert_eq!(record["runs"][0]["status"], "stopped");
    }
}
