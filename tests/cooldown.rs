//! `kiln cooldown`: a decay that branches off a constant rate; the run it comes from stays as it is.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::cli::{folder, refusal, success};

const TRAIN: &str = "train --device cpu --limit 200 --batch-size 32 --quiet --save-every 7";

fn updates(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).expect("metrics.jsonl");
    let rows = text
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("a row"));
    rows.filter(|row| row.get("loss").is_some()).collect()
}

/// Every file below a folder, with its bytes.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A group's multiple of the rate decays with it.
#[test]
fn a_branch_keeps_its_groups() {
    let dir = folder();
    let run = format!(
        "{TRAIN} --lr 0.003 --max-steps 14 --optimizer AdamW --group \"*.bias: lr=2x, weight_decay=0\" --out run"
    );
    success(&run, dir.path());
    success("cooldown --from run --over 5 --out cool", dir.path());
    let rows = updates(&dir.path().join("cool"));
    assert_eq!(rows.len(), 19);
    for row in &rows {
        let [rate, own] = ["lr", "lr[*.bias]"].map(|key| row[key].as_f64().expect("a rate"));
        assert_eq!(own, 2.0 * rate, "{row}");
    }
    assert!(rows[18]["lr"].as_f64() < rows[13]["lr"].as_f64());
}

/// The branch has the run's updates up to the checkpoint, then the decay's rates, and is to the bit the run
/// that had this schedule from the start; the old run keeps every byte.
#[test]
fn a_branch_is_the_run_that_had_planned_it() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    success(
        &format!("{TRAIN} --lr 0.0371 --max-steps 28 --out run"),
        dir.path(),
    );
    let before = files(&at("run"));
    let said = success(
        "cooldown --from run --at 21 --over 10 --out cool",
        dir.path(),
    );
    assert!(
        said.contains("branching off run after 21 updates"),
        "{said}"
    );
    assert_eq!(before, files(&at("run")), "the run is untouched");
    let planned = "constant(0.0371, 21) then one_minus_sqrt(0.0371 -> 0, 10)";
    success(
        &format!("{TRAIN} --lr 0.0371 --max-steps 31 --schedule \"{planned}\" --out planned"),
        dir.path(),
    );
    let (cool, whole) = (updates(&at("cool")), updates(&at("planned")));
    assert_eq!(cool.len(), 31);
    assert_eq!(cool, whole);
    for (i, row) in cool[21..].iter().enumerate() {
        let rate = 0.0371 * (1.0 - (i as f64 / 10.0).sqrt());
        assert!(
            (row["lr"].as_f64().unwrap() - rate).abs() < 1e-15,
            "{i}: {row}"
        );
    }
    let model = |name: &str| fs::read(at(name).join("model.safetensors")).unwrap();
    assert_eq!(model("cool"), model("planned"));
    let said = success("resume cool", dir.path());
    assert!(said.contains("is complete: 31 updates"), "{said}");
    let by_path = "cooldown --from run/checkpoints/step-000000021 --over 10 --out path --quiet";
    success(by_path, dir.path());
    assert_eq!(model("path"), model("planned"));
    for (flags, why) in [
        (
            "run/checkpoints/last --at 21",
            "names the checkpoint after 28 updates",
        ),
        ("run --schedule constant", "nothing would cool down"),
        ("run --force", "--force has no effect"),
    ] {
        let e = refusal(
            &format!("cooldown --from {flags} --over 10 --out no"),
            dir.path(),
            2,
        );
        assert!(e.contains(why), "{flags}: {e}");
    }
}

/// The last checkpoint, another shape and end, a share of the run, the rate that a live factor left.
#[test]
fn shapes_lengths_and_ends() {
    let dir = folder();
    success(
        &format!("{TRAIN} --lr 0.0371 --max-steps 20 --out run"),
        dir.path(),
    );
    let args = "cooldown --from run --over 25% --schedule linear --to 0.001 --quiet --out cool";
    assert_eq!(success(args, dir.path()), "");
    let rates: Vec<f64> = updates(&dir.path().join("cool"))[20..]
        .iter()
        .map(|row| row["lr"].as_f64().unwrap())
        .collect();
    assert_eq!(rates.len(), 5);
    for (i, rate) in rates.iter().enumerate() {
        let want = 0.0371 + (0.001 - 0.0371) * i as f64 / 5.0;
        assert!((rate - want).abs() < 1e-15, "{i}: {rate}");
    }
    let said = success("cooldown --from run --over 3", dir.path());
    assert!(said.contains("runs/run-cooldown-1"), "{said}");
}

/// What no cooldown can come of is refused, with a way out, and nothing is written.
#[test]
fn refusals() {
    let dir = folder();
    success(
        &format!("{TRAIN} --max-steps 20 --schedule cosine --out falls"),
        dir.path(),
    );
    success(&format!("{TRAIN} --max-steps 20 --out run"), dir.path());
    for (args, hint) in [
        ("--from falls --over 5", "say --force"),
        (
            "--from run --over 5 --at 8",
            "those after 7, 14, 20 updates",
        ),
        ("--from run --over 0", "above 0"),
        ("--from run --over 5 --to 0.1", "nothing would cool down"),
        ("--from run --over 5 --to -1", "--to"),
        (
            "--from run --over 5 --schedule linearr",
            "did you mean `linear`",
        ),
        ("--from run --over 5 --schedule warmup(5)", "starts at"),
        (
            "--from run --over 5 --schedule polynomial(power=2) --to 0.01",
            "write to=…",
        ),
        ("--from nothing --over 5", "config.toml"),
    ] {
        let e = refusal(&format!("cooldown {args} --out new"), dir.path(), 2);
        assert!(e.contains(hint), "{args}: {e}");
    }
    assert!(!dir.path().join("new").exists());
    success(
        "cooldown --from falls --over 5 --force --quiet --out new",
        dir.path(),
    );
}

/// What was laid out over the planned run stays where it was; averages go on, and those that would begin
/// after the branch's end are left out, which is said.
#[test]
fn what_depends_on_the_length_stays() {
    let dir = folder();
    let more = "--keep 9 --ema 0.9 --swa 50% --momentum-schedule \"linear(0.5 -> 0.9)\"";
    success(
        &format!("{TRAIN} --max-steps 28 {more} --out run"),
        dir.path(),
    );
    success(
        "cooldown --from run --at 21 --over 4 --out late",
        dir.path(),
    );
    let config =
        |name: &str| fs::read_to_string(dir.path().join(name).join("config.toml")).unwrap();
    let late = config("late");
    for line in [
        "swa = \"14, every=7\"",
        "linear(0.5 -> 0.9, 28)",
        "max-steps = 25",
    ] {
        assert!(late.contains(line), "{line}: {late}");
    }
    let momentum = |name: &str, i: usize| updates(&dir.path().join(name))[i]["momentum"].clone();
    assert_eq!(momentum("late", 24), momentum("run", 24));
    let out = crate::cli::kiln(
        "cooldown --from run --at 7 --over 4 --out early",
        dir.path(),
    );
    let noted = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && noted.contains("before --swa would begin"),
        "{noted}"
    );
    assert!(!config("early").contains("swa ="));
}
