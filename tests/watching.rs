//! What a run shows of itself: the stream of events, the refusals, a live change of the rate.

use std::{fs, path::Path};

use serde_json::Value;

use crate::cli::{folder, kiln, refusal, success};

/// The events of a run: every line of standard output is one.
fn events(said: &str) -> Vec<Value> {
    let event = |line| serde_json::from_str(line).expect(line);
    said.lines().map(event).collect()
}

fn named<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|e| e["event"] == name).collect()
}

/// Standard output is events and nothing else, from what the run is to how it ended; rows say what the
/// file says, and the last one before an evaluation is never left out.
#[test]
fn json_streams_the_run() {
    let dir = folder();
    let args = "train --device cpu --limit 70 --epochs 3 --schedule linear --save-every 2 --out run --json";
    let events = events(&success(args, dir.path()));
    let start = &events[0];
    assert_eq!(start["event"], "start");
    for (key, value) in [("run", "run"), ("model", "small-cnn")] {
        assert_eq!(start[key], value, "{start}");
    }
    for (key, value) in [
        ("steps", 9),
        ("updates_per_epoch", 3),
        ("batch_size", 32),
        ("step", 0),
    ] {
        assert_eq!(start[key], value, "{start}");
    }
    let rows = fs::read_to_string(dir.path().join("run/metrics.jsonl")).unwrap();
    let rows: Vec<Value> = rows
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    for event in named(&events, "update") {
        let mut row = event.clone();
        row.as_object_mut().unwrap().remove("event");
        assert!(rows.contains(&row), "{row}");
    }
    let (mut last, mut evaluations) = (None, 0);
    for event in &events {
        match event["event"].as_str().unwrap() {
            "update" => last = event["step"].as_u64(),
            "evaluation" => {
                evaluations += 1;
                assert_eq!(last.map(|s| s + 1), event["step"].as_u64());
            }
            _ => {}
        }
    }
    assert_eq!(evaluations, 3);
    let checkpoints = named(&events, "checkpoint");
    assert!(!checkpoints.is_empty());
    let kept = checkpoints.last().unwrap()["path"].as_str().unwrap();
    assert!(
        dir.path().join(kept).join("model.safetensors").exists(),
        "{kept}"
    );
    let end = events.last().unwrap();
    assert_eq!(
        (&end["event"], &end["reason"]),
        (&"end".into(), &"complete".into())
    );
    assert_eq!((&end["step"], &end["run"]), (&9.into(), &"run".into()));
    assert!(end["best"]["eval_loss"].is_f64(), "{end}");
    let again = self::events(&success("resume run --json", dir.path()));
    assert_eq!((again.len(), &again[0]["reason"]), (1, &"complete".into()));
}

/// A run that ends otherwise says how, and an error still stands on standard error.
#[test]
fn json_says_why_it_ended() {
    let dir = folder();
    let out = kiln(
        "train --data line --device cpu --lr 1e6 --no-out --json",
        dir.path(),
    );
    let events = events(&String::from_utf8_lossy(&out.stdout));
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(events.last().unwrap()["reason"], "diverged");
    assert!(String::from_utf8_lossy(&out.stderr).contains("error: update "));
    let args = "train --device cpu --limit 64 --epochs 9 --until eval_loss<=1e9 --no-out --json";
    let events = self::events(&success(args, dir.path()));
    assert_eq!(events.last().unwrap()["reason"], "target");
    let args = "train --device cpu --epochs 100000 --max-time 300ms --out timed --json";
    let events = self::events(&success(args, dir.path()));
    let end = events.last().unwrap();
    assert_eq!(
        (&end["reason"], &end["run"]),
        (&"time".into(), &"timed".into())
    );
    let updates = named(&events, "update").len() as u64;
    assert!(
        updates < 1 + end["step"].as_u64().unwrap(),
        "{updates}: {end}"
    );
}

/// Nobody sees a dashboard in a file, and two screens are one too many.
#[test]
fn screens_are_refused_where_they_cannot_be() {
    let dir = folder();
    let e = refusal("train --dashboard --out run", dir.path(), 2);
    assert!(e.contains("not a terminal") && e.contains("--json"), "{e}");
    assert!(!dir.path().join("run").exists());
    let e = refusal("train --json --quiet", dir.path(), 2);
    assert!(e.contains("cannot be used with"), "{e}");
}

/// A factor that somebody writes is told of, from the update on that first used it.
#[test]
fn a_live_factor_is_told_of() {
    let dir = folder();
    let run = dir.path().join("run");
    let train = "train --device cpu --epochs 100000 --max-time 4s --schedule constant --out run";
    let said = std::thread::scope(|scope| {
        scope.spawn(|| write_factor(&run));
        success(train, dir.path())
    });
    let noted = fs::read_to_string(run.join("overrides.jsonl")).expect(&said);
    let noted: Value = serde_json::from_str(&noted).unwrap();
    let line = format!("lr factor 0.5 from update {} on", noted["step"]);
    assert!(said.contains(&line), "{line}: {said}");
    let events = events(&success("resume run --max-time 5s --json", dir.path()));
    let factors = named(&events, "factor");
    assert_eq!((factors.len(), &factors[0]["factor"]), (1, &0.5.into()));
}

/// As soon as the run has written a row.
fn write_factor(run: &Path) {
    let metrics = run.join("metrics.jsonl");
    for _ in 0..200 {
        if fs::metadata(&metrics).is_ok_and(|m| m.len() > 0) {
            fs::write(run.join("lr.factor"), "0.5").unwrap();
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
