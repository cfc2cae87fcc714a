//! `kiln compare`, as a person uses it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::cli::{folder, kiln, refusal, success};

/// A run directory of so many updates, whose loss falls to `last`.
fn run(root: &Path, name: &str, config: &str, last: f64) {
    let dir = root.join(name);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), config).unwrap();
    let update = |step: u32| {
        let loss = 2.0 + (last - 2.0) * f64::from(step) / 199.0;
        format!(
            "{{\"step\":{step},\"epoch\":0.5,\"lr\":0.0371,\"loss\":{loss},\"grad_norm\":1.0}}\n"
        )
    };
    let mut rows: String = (0..200).map(update).collect();
    for (step, accuracy) in [(100, 0.8), (150, 0.9125), (200, 0.9)] {
        let row = format!(
            "{{\"step\":{step},\"epoch\":1.0,\"eval_loss\":{last},\"eval_accuracy\":{accuracy}}}\n"
        );
        rows.push_str(&row);
    }
    fs::write(dir.join("metrics.jsonl"), rows).unwrap();
}

fn two() -> tempfile::TempDir {
    let dir = folder();
    let shared = "batch-size = 100\nmodel = \"lenet\"\n";
    run(dir.path(), "runs/a-1", &format!("{shared}lr = 0.1\n"), 0.5);
    run(
        dir.path(),
        "runs/b-1",
        &format!("{shared}lr = 0.0371\nseed = 7\n"),
        0.25,
    );
    let environment = r#"{"adapter": "llvmpipe", "seconds": "12.5"}"#;
    fs::write(dir.path().join("runs/a-1/environment.json"), environment).unwrap();
    dir
}

/// What differs, how far each came, and a chart; what is the same is not said.
#[test]
fn runs_are_set_beside_each_other() {
    let dir = two();
    let said = success("compare runs/a-1 runs/b-1", dir.path());
    let line = |start: &str| {
        let found = said.lines().find(|line| line.starts_with(start));
        let found = found.unwrap_or_else(|| panic!("{start}: {said}"));
        found
            .split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        line("settings that differ"),
        ["settings", "that", "differ", "a-1", "b-1"]
    );
    assert_eq!(line("lr"), ["lr", "0.1", "0.0371"]);
    assert_eq!(line("seed"), ["seed", "-", "7"]);
    assert!(!said.contains("batch-size") && !said.contains("lenet"));
    assert_eq!(
        line("loss of the last batch")[5..],
        ["0.500000", "0.250000"]
    );
    assert_eq!(line("best accuracy")[2..], ["91.25%", "91.25%"]);
    assert_eq!(line("  reached after updates")[3..], ["150", "150"]);
    assert_eq!(line("seconds")[1..], ["12.5", "-"]);
    let dots = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    assert!(
        said.contains("training loss") && said.contains(dots),
        "{said}"
    );
}

#[test]
fn runs_are_compared_as_json() {
    let dir = two();
    let said = success("compare runs/a-1 runs/b-1 --json", dir.path());
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["differences"]["lr"]["b-1"], "0.0371");
    assert_eq!(json["differences"]["seed"]["a-1"], Value::Null);
    let outcome = &json["runs"][0]["outcome"];
    assert_eq!(outcome["best_eval_accuracy_step"], 150);
    assert_eq!(
        (&outcome["updates"], &outcome["seconds"]),
        (&200.into(), &12.5.into())
    );
}

/// All curves in one picture.
#[test]
fn runs_are_drawn_over_each_other() {
    let dir = two();
    success("compare runs/a-1 runs/b-1 --plot all.svg", dir.path());
    let svg = fs::read_to_string(dir.path().join("all.svg")).unwrap();
    for text in [
        "training loss",
        "evaluation loss",
        "evaluation accuracy",
        "learning rate",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    assert_eq!(svg.matches("a-1").count(), 4);
    success("compare runs/a-1 runs/b-1 --plot all.png", dir.path());
    assert!(
        fs::read(dir.path().join("all.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

/// Runs of one name in two places are told apart.
#[test]
fn runs_of_one_name_have_their_paths() {
    let dir = two();
    run(dir.path(), "other/a-1", "lr = 0.2\n", 0.1);
    let said = success("compare runs/a-1 other/a-1", dir.path());
    assert!(
        said.contains("runs/a-1") && said.contains("other/a-1"),
        "{said}"
    );
}

/// Every refusal says what is missing or wrong, where, and what to do.
#[test]
fn refusals_say_what_to_do() {
    let dir = two();
    let refused = |args: &str, parts: &[&str]| {
        let message = refusal(args, dir.path(), 2);
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    };
    refused("compare runs/a-1", &["RUN"]);
    refused(
        "compare runs/a-1 runs/c-1",
        &["runs/c-1", "no such directory", "kiln train"],
    );
    refused(
        "compare runs/a-1 runs",
        &["config.toml", "no such file", "is runs a run directory"],
    );
    refused(
        "compare runs/a-1 runs/b-1 --plot x.gif",
        &["--plot x.gif", ".svg or .png"],
    );
    let b = dir.path().join("runs/b-1");
    fs::write(b.join("config.toml"), "lr = = 1").unwrap();
    refused(
        "compare runs/a-1 runs/b-1",
        &["b-1/config.toml", "not TOML", "line 1"],
    );
    fs::write(b.join("config.toml"), "lr = 1").unwrap();
    fs::write(b.join("environment.json"), "[]").unwrap();
    refused(
        "compare runs/a-1 runs/b-1",
        &["environment.json", "JSON object"],
    );
    fs::remove_file(b.join("environment.json")).unwrap();
    fs::write(b.join("metrics.jsonl"), "{}\n").unwrap();
    refused(
        "compare runs/a-1 runs/b-1",
        &["metrics.jsonl", "line 1", "eval_loss"],
    );
    fs::remove_file(b.join("metrics.jsonl")).unwrap();
    refused(
        "compare runs/a-1 runs/b-1",
        &["metrics.jsonl", "no such file"],
    );
    // A run that was killed before its first row, and one whose last row was torn.
    fs::write(b.join("metrics.jsonl"), "{\"step\":0,\"ep").unwrap();
    let out = kiln("compare runs/a-1 runs/b-1", dir.path());
    assert!(out.status.success());
}
