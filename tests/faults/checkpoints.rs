//! Checkpoints that are damaged, or not of this run.

use std::{fs, path::Path};

use kiln::{
    model::{Model, Network},
    run::Checkpoints,
};

use super::{copy, demand, failed, read, same};
use crate::{
    cli::{folder, kiln, success},
    faults::{as_of, command},
};

const RUN: &str =
    "--data digits --model mlp --epochs 2 --device cpu --quiet --save-every 45 --ema 0.9";

/// The last checkpoint's directory.
fn last(dir: &Path, run: &str) -> std::path::PathBuf {
    dir.join(run).join("checkpoints/step-000000090")
}

fn network() -> Network {
    let model = Model::parse("mlp", &[1, 8, 8], 10).unwrap();
    model.fit(&[1, 8, 8], 10).unwrap()
}

/// Whatever is done to whichever file of the latest checkpoint, it is found, and the one before it is taken.
#[test]
fn any_damage_is_found() {
    let dir = folder();
    let dir = dir.path();
    success(&format!("train {RUN} --out a"), dir);
    let (whole, network) = (last(dir, "a"), network());
    let params: Vec<_> = network.params().collect();
    let checkpoints = Checkpoints::of(&dir.join("a"), 9);
    let found = |what: &str| {
        let (checkpoint, wrong) = checkpoints.latest(&params).unwrap();
        assert_eq!(checkpoint.snapshot.state.step, 45, "{what} passes");
        assert_eq!(wrong.len(), 1, "{what}");
        demand(&wrong[0].to_string(), &["step-000000090"]);
    };
    assert_eq!(
        checkpoints.latest(&params).unwrap().0.snapshot.state.step,
        90
    );
    let files: Vec<_> = fs::read_dir(&whole)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .collect();
    assert_eq!(files.len(), 6, "{files:?}");
    for file in files {
        let (bytes, name) = (fs::read(&file).unwrap(), file.display());
        for at in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            // The digest ends with a line end, which says nothing.
            if other[at] == b'\n' {
                continue;
            }
            other[at] ^= 0x10;
            fs::write(&file, &other).unwrap();
            found(&format!("{name}: byte {at} of {}", bytes.len()));
        }
        for (what, other) in [
            ("empty", Vec::new()),
            ("cut", bytes[..bytes.len() / 2].to_vec()),
            ("longer", [&bytes[..], b"more"].concat()),
            ("zeros", vec![0; bytes.len()]),
            (
                "another format",
                b"PK\x03\x04 as torch.save writes it".to_vec(),
            ),
        ] {
            fs::write(&file, other).unwrap();
            found(&format!("{name}: {what}"));
        }
        fs::remove_file(&file).unwrap();
        found(&format!("{name}: gone"));
        fs::create_dir(&file).unwrap();
        found(&format!("{name}: a directory"));
        fs::remove_dir(&file).unwrap();
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(
        checkpoints.latest(&params).unwrap().0.snapshot.state.step,
        90
    );
}

/// A checkpoint of another model, of another update or of another run in this run's place.
#[test]
fn foreign_checkpoints_are_refused() {
    let dir = folder();
    let dir = dir.path();
    success(&format!("train {RUN} --out a"), dir);
    success(
        &format!("train {} --out wide", RUN.replace("mlp", "linear")),
        dir,
    );
    success(
        &format!(
            "train {} --out seed",
            RUN.replace("--ema 0.9", "--ema 0.9 --seed 4")
        ),
        dir,
    );
    // Of another model: the one before it is taken, and the run ends with its own bits.
    as_of(dir, "a", "b", 45);
    copy(&last(dir, "wide"), &last(dir, "b"));
    let out = kiln("resume b --quiet", dir);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    demand(&text, &["linear"]);
    // Under another update's name.
    as_of(dir, "a", "c", 45);
    copy(&dir.join("c/checkpoints/step-000000045"), &last(dir, "c"));
    let out = kiln("resume c --quiet", dir);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{text}");
    demand(&text, &["passed over", "not what its name says"]);
    same(dir, "a", "c");
    // Of a run with another seed.
    as_of(dir, "a", "d", 45);
    copy(&last(dir, "seed"), &last(dir, "d"));
    demand(
        &failed(&command("resume d --quiet", dir).output().unwrap(), 2),
        &["seed: 4 -> 0"],
    );
    // What is no run at all.
    fs::create_dir_all(dir.join("e/checkpoints/step-000000010")).unwrap();
    demand(
        &failed(&command("resume e", dir).output().unwrap(), 2),
        &["config.toml"],
    );
    demand(
        &failed(
            &command("resume a/model.safetensors", dir).output().unwrap(),
            2,
        ),
        &["model.safetensors"],
    );
    as_of(dir, "a", "f", 0);
    fs::remove_dir_all(dir.join("f/checkpoints")).unwrap();
    fs::write(dir.join("f/checkpoints"), "no directory").unwrap();
    let text = failed(&command("resume f --quiet", dir).output().unwrap(), 1);
    demand(&text, &["f/checkpoints"]);
}

/// The other files of a run: what is damaged is named, with its line; what only describes is passed over.
#[test]
fn damaged_journals_are_named() {
    let dir = folder();
    let dir = dir.path();
    success(&format!("train {RUN} --out a"), dir);
    for (file, text, words) in [
        ("metrics.jsonl", "", ["metrics.jsonl", "rows are missing"]),
        ("changes.jsonl", "{}\n", ["changes.jsonl", "line 1"]),
        (
            "overrides.jsonl",
            "{\"step\":1}\n",
            ["overrides.jsonl", "line 1"],
        ),
        ("config.toml", "model = ", ["config.toml", "TOML"]),
    ] {
        let run = format!("of-{file}");
        as_of(dir, "a", &run, 45);
        fs::write(dir.join(&run).join(file), text).unwrap();
        let text = failed(
            &command(&format!("resume {run} --quiet"), dir)
                .output()
                .unwrap(),
            2,
        );
        demand(&text, &words);
    }
    as_of(dir, "a", "b", 45);
    fs::write(dir.join("b/environment.json"), "\0\0").unwrap();
    fs::write(dir.join("b/data.json"), "\0\0").unwrap();
    success("resume b --quiet", dir);
    same(dir, "a", "b");
    assert!(read(dir, "b/environment.json").starts_with(b"{"));
}
