//! What a run says of how it ended, in `environment.json` and on its page. How runs end by themselves is in
//! `tests/resume.rs`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::cli::{folder, refusal, success};

/// What a run says of itself.
pub fn environment(dir: &Path, run: &str) -> Value {
    let text = fs::read(dir.join(run).join("environment.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A run that diverges, or is killed, says so afterwards, and with whose weights the page judges.
#[test]
fn a_run_says_how_it_ended() {
    let dir = folder();
    let dir = dir.path();
    let page = |run: &str| fs::read_to_string(dir.join(run).join("report.html")).unwrap();
    success("train --epochs 2 --device cpu --quiet --out a", dir);
    let found = environment(dir, "a");
    assert_eq!(found["ended"], "complete");
    assert!(found["seconds"].is_f64() && found["started"].is_u64() && found["threads"].is_u64());
    assert!(
        found["device"]
            .as_str()
            .unwrap()
            .starts_with("CPU executor")
    );
    let weights = found["weights"].as_str().unwrap();
    assert!(page("a").contains(&format!("test split, {weights}")));
    // As if it had been killed: the result is not there, or is that of an earlier end.
    let mut killed = found.clone();
    for key in ["ended", "weights"] {
        killed.as_object_mut().unwrap().remove(key);
    }
    // Numbers as texts are read as well.
    killed["started"] = "1795878422".into();
    fs::write(dir.join("a/environment.json"), killed.to_string()).unwrap();
    success("report a", dir);
    let text = page("a");
    for part in [
        "not ended",
        "test split, weights of the last checkpoint",
        "2026-11-28 15:07:02 UTC",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let diverging = "train --lr 1e9 --optimizer SGD --device cpu --quiet --out b";
    refusal(diverging, dir, 1);
    let ended = environment(dir, "b")["ended"].clone();
    let ended = ended.as_str().unwrap();
    assert!(ended.starts_with("diverged at update "), "{ended}");
    success("report b", dir);
    assert!(page("b").contains(ended));
}
