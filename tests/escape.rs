//! What a file says never decides where something is written, and no run leads out of its directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::cli::{folder, refusal, success};

/// Everything below a folder, with the length of what is no folder.
fn tree(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(tree(&path)),
            false => found.push((path, entry.metadata().unwrap().len())),
        }
    }
    found.sort();
    found
}

/// A run in `run` beside a file that is somebody else's.
fn run_and_neighbour() -> tempfile::TempDir {
    let dir = folder();
    success(
        "train --data line --device cpu --epochs 2 --quiet --out run",
        dir.path(),
    );
    fs::write(dir.path().join("other"), "somebody else's\n").unwrap();
    dir
}

/// Protects whoever was given a run: no link in it leads out, whether it would be written to or read.
#[cfg(unix)]
#[test]
fn links_in_a_run_stay_in_it() {
    use std::os::unix::fs::symlink;
    let dir = run_and_neighbour();
    let run = dir.path().join("run");
    let best = fs::read_link(run.join("checkpoints/best")).unwrap();
    for (link, to) in [
        ("metrics.jsonl", "../other"),
        ("overrides.jsonl", "../not-there-yet"),
        ("tensorboard", ".."),
        ("checkpoints/best", "../../other"),
        ("checkpoints/step-000000001", "/"),
        ("report.html", "/not-there-yet"),
    ] {
        let (link, aside) = (run.join(link), dir.path().join("aside"));
        let was = fs::rename(&link, &aside).is_ok();
        symlink(to, &link).unwrap();
        for args in [
            "resume run --quiet",
            "report run",
            "eval run --device cpu",
            "compare run run",
            "export run --onnx x.onnx",
            "cooldown --from run --over 2 --device cpu --out d",
        ] {
            let e = refusal(args, dir.path(), 2);
            assert!(
                e.contains("a link that leads out of the run"),
                "{args}: {e}"
            );
        }
        fs::remove_file(&link).unwrap();
        if was {
            fs::rename(&aside, &link).unwrap();
        }
    }
    assert_eq!(
        fs::read_to_string(dir.path().join("other")).unwrap(),
        "somebody else's\n"
    );
    assert!(!dir.path().join("not-there-yet").exists() && !dir.path().join("d").exists());
    // Those that kiln makes lead nowhere else.
    assert_eq!(fs::read_link(run.join("checkpoints/best")).unwrap(), best);
    success("eval run --device cpu", dir.path());
}

/// Protects other files from a checkpoint that names them: it reads its own and no others.
#[test]
fn a_checkpoint_has_no_files_elsewhere() {
    use xxhash_rust::xxh3::xxh3_64;
    let dir = run_and_neighbour();
    let last = fs::read_dir(dir.path().join("run/checkpoints")).unwrap();
    let steps = last.flatten().map(|entry| entry.path());
    for step in steps.filter(|path| path.is_dir() && !path.is_symlink()) {
        let file = step.join("state.json");
        let text = fs::read_to_string(&file).unwrap();
        let other = xxh3_64(b"somebody else's\n");
        let text = text.replace(
            "\"digests\": {",
            &format!("\"digests\": {{ \"../../../other\": {other},"),
        );
        fs::write(&file, &text).unwrap();
        let digest = format!("{:016x}\n", xxh3_64(text.as_bytes()));
        fs::write(step.join("state.digest"), digest).unwrap();
    }
    let e = refusal(
        "resume run --epochs 3 --on-change replace --quiet",
        dir.path(),
        2,
    );
    assert!(
        e.contains("names \"../../../other\", which is no file of a checkpoint"),
        "{e}"
    );
}

/// Protects what lies beside: a file of settings cannot say where a run goes, nor can the names of a sweep's runs.
#[test]
fn settings_do_not_say_where_to_write() {
    let dir = folder();
    for key in ["out", "no-out", "no_out"] {
        fs::write(
            dir.path().join("a.toml"),
            format!("{key} = \"../elsewhere\"\n"),
        )
        .unwrap();
        let e = refusal("train a.toml --device cpu", dir.path(), 2);
        assert!(e.contains("is not a setting of the run"), "{e}");
    }
    fs::create_dir(dir.path().join("in")).unwrap();
    let inside = dir.path().join("in");
    fs::write(dir.path().join("w.csv"), "a,y\n1,2\n2,4\n3,5\n4,8\n5,9\n").unwrap();
    let sweep = "sweep --out s --grid data=../w.csv,./../w.csv -- --target y --task regression --device cpu --epochs 1";
    success(sweep, &inside);
    let runs: Vec<PathBuf> = tree(&inside).into_iter().map(|(path, _)| path).collect();
    assert!(runs.iter().any(|path| path.ends_with("model.safetensors")));
    let beside: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(beside.len(), 3, "{beside:?}");
}

/// Protects every other file from an archive: nothing in it is unpacked, whatever its members are called.
#[test]
fn archives_are_not_unpacked() {
    let dir = folder();
    let inside = dir.path().join("in");
    fs::create_dir(&inside).unwrap();
    let archive = "fuzz/corpus/npz/escaping-names.npz";
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(archive);
    fs::copy(archive, inside.join("data.npz")).unwrap();
    let before = tree(dir.path());
    let e = refusal("train --data data.npz --device cpu --no-out", &inside, 2);
    assert!(e.contains("expected `x` and `y`"), "{e}");
    assert_eq!(tree(dir.path()), before);
}

/// Protects what a link leads to, or would make, where a new run is to be.
#[cfg(unix)]
#[test]
fn a_new_run_is_not_written_through_links() {
    use std::os::unix::fs::symlink;
    let dir = folder();
    fs::write(dir.path().join("other"), "somebody else's\n").unwrap();
    for (name, to) in [("lock", "../other"), ("metrics.jsonl", "../not-there-yet")] {
        let run = dir.path().join(name);
        fs::create_dir(&run).unwrap();
        symlink(to, run.join(name)).unwrap();
        let train = format!("train --data line --device cpu --epochs 1 --quiet --out {name}");
        let e = refusal(&train, dir.path(), 2);
        assert!(e.contains(name), "{e}");
    }
    let other = fs::read_to_string(dir.path().join("other")).unwrap();
    assert_eq!(other, "somebody else's\n");
    assert!(!dir.path().join("not-there-yet").exists());
}
