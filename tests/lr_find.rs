//! `kiln lr-find`: its rules with NumPy's, its commands as a person gives them.

use std::fs;

use kiln::lrfind::{Curve, Sweep};
use serde_json::Value;

use crate::{
    cli::{folder, kiln, refusal, success},
    common::golden,
};

fn json(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(golden::path(file)).expect("the golden file");
    serde_json::from_str(&text).expect("golden JSON is valid")
}

/// Smoothing, the stop, and every rule give what `tests/golden/make_lr_find.py` gives for the same losses.
#[test]
fn rules_are_fastais() {
    let (curves, wanted) = (json("lr_find_curves.json"), json("lr_find.json"));
    assert_eq!(curves.len(), wanted.len());
    for (curve, want) in curves.iter().zip(&wanted) {
        let name = curve["name"].as_str().unwrap();
        let number = |key: &str| curve[key].as_f64().unwrap();
        let steps = curve["steps"].as_u64().unwrap();
        let sweep = Sweep::new(number("from"), number("to"), steps).unwrap();
        let schedule = sweep.schedule().unwrap();
        let losses = curve["losses"].as_array().unwrap().iter();
        let losses = losses.map(|x| x.as_f64().unwrap_or(f64::NAN));
        let points = (0..).map(|i| schedule.at(i)).zip(losses);
        let found = Curve::of(&sweep, 0, points);
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        let smoothed = want["smoothed"].as_array().unwrap();
        assert_eq!(found.smoothed.len(), smoothed.len(), "{name}");
        for (a, b) in found.smoothed.iter().zip(smoothed) {
            assert!(close(*a, b.as_f64().unwrap()), "{name}: {a} {b}");
        }
        for rule in ["valley", "steep", "slide", "minimum"] {
            let (a, b) = (found.rules.get(rule), want[rule].as_f64());
            let same = a
                .zip(b)
                .map_or(a.is_none() && b.is_none(), |(a, b)| close(a, b));
            assert!(same, "{name}: {rule}: {a:?}, NumPy has {b:?}");
        }
    }
    assert!(wanted.iter().any(|c| c["valley"].is_null()));
}

/// A sweep leaves a run as it would have been, to the byte; what it found is a rate that learns.
#[test]
fn a_run_after_a_sweep_is_the_run_without_it() {
    let dir = folder();
    let train = |out: &str, lr: &str| {
        let args = format!("train --device cpu --seed 7 --limit 300 --epochs 2 --out {out} {lr}");
        success(&args, dir.path());
        fs::read(dir.path().join(out).join("metrics.jsonl")).unwrap()
    };
    let before = train("before", "");
    let said = success("lr-find --device cpu --seed 7 --json", dir.path());
    let found: Value = serde_json::from_str(&said).expect("one JSON object");
    assert_eq!(before, train("after", ""));
    assert_eq!(found["digests"]["before"], found["digests"]["after"]);
    let rate = found["suggestion"].as_f64().expect("digits can be learned");
    let spread: Vec<f64> = serde_json::from_value(found["spread"].clone()).unwrap();
    assert!(spread[0] <= rate && rate <= spread[1] && spread[1] <= 10.0 * spread[0]);
    assert_eq!(found["runs"].as_array().unwrap().len(), 3);
    assert_ne!(found["runs"][0]["losses"], found["runs"][1]["losses"]);
    let rates = found["runs"][0]["rates"].as_array().unwrap();
    assert_eq!(rates[0], 1e-7);
    assert!(!dir.path().join("runs").exists(), "nothing is written");
    let args = format!("train --device cpu --epochs 5 --quiet --out run --lr {rate}");
    success(&args, dir.path());
    let rows = fs::read_to_string(dir.path().join("run/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
    assert!(
        last["eval_accuracy"].as_f64().unwrap() > 0.9,
        "{rate}: {last}"
    );
}

/// Where the curve says nothing there is no rate, plainly, and no failure; a loss that is no number ends the
/// sweep and not the command.
#[test]
fn no_suggestion_is_an_answer() {
    let dir = folder();
    let flat = "lr-find --device cpu --limit 64 --steps 40 --runs 1 --from 1e-9 --to 1e-7";
    let said = success(flat, dir.path());
    assert!(
        said.contains("no suggestion: the loss never falls clearly"),
        "{said}"
    );
    let said = success(&format!("{flat} --json"), dir.path());
    let found: Value = serde_json::from_str(&said).unwrap();
    assert!(found["suggestion"].is_null() && found["reason"].is_string());
    let said = success(
        "lr-find --device cpu --data line --steps 40 --runs 1 --from 1e5 --to 1e9",
        dir.path(),
    );
    assert!(
        said.contains("no suggestion: the loss diverges at once"),
        "{said}"
    );
}

/// A file of settings gives model, data and optimiser; what a sweep decides itself is named, or refused
/// where it is a flag. Pictures are drawn.
#[test]
fn settings_and_mistakes() {
    let dir = folder();
    let file = "data = \"line\"\nlr = 0.5\nschedule = \"cosine\"\nkeep = 2\nbatch-size = 16\n";
    fs::write(dir.path().join("run.toml"), file).unwrap();
    let out = kiln(
        "lr-find run.toml --device cpu --steps 60 --runs 2 --plot lr.svg",
        dir.path(),
    );
    let (said, noted) = (
        String::from_utf8_lossy(&out.stdout).into_owned(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    );
    assert!(out.status.success(), "{noted}");
    assert!(
        said.contains("batch 16") && said.contains("unchanged"),
        "{said}"
    );
    assert!(noted.contains("lr, schedule, keep"), "{noted}");
    let svg = fs::read_to_string(dir.path().join("lr.svg")).unwrap();
    assert!(svg.contains("learning rate") && svg.contains("seed 1"));
    for (args, hint) in [
        ("--lr 0.1", "--lr has no effect here"),
        ("--schedule cosine", "--schedule has no effect here"),
        ("--epochs 3", "--epochs has no effect here"),
        ("--ema 0.99", "--ema has no effect here"),
        ("--from 1 --to 0.1", "0 < --from < --to"),
        ("--steps 5", "expected at least 30"),
        ("--plot a.pdf", ".svg or .png"),
        ("--data digts", "did you mean `digits`"),
    ] {
        let e = refusal(&format!("lr-find --device cpu {args}"), dir.path(), 2);
        assert!(e.contains(hint), "{args}: {e}");
    }
}
