//! MSL, for which there is no compiler outside of Apple's: it is compared with what somebody looked
//! at. `KILN_BLESS=1` rewrites `tests/golden/msl`; the diff is the review.
//!
//! For each shader there is the MSL of its shortest text, and one line for each text with a digest, so
//! that what changes under other settings only is seen as well.

use std::{collections::BTreeMap, env, fs};

use super::{
    Translated, all,
    texts::{self, Text},
};
use crate::common::golden;

/// File name and contents: what `tests/golden/msl` is to hold.
fn wanted(all: &[Translated]) -> BTreeMap<String, String> {
    let line = |t: &Translated| {
        let line = format!("{:016x} {} {}", t.msl, t.text.shader, t.text.settings);
        format!("{}\n", line.trim_end())
    };
    let digests = all.iter().map(line).collect();
    let file = |text: &Text| {
        let msl = fs::read_to_string(text.file("metal")).unwrap();
        (format!("{}.metal", text.shader), msl)
    };
    let shortest = texts::shortest(all.iter().map(|t| &t.text)).into_iter();
    let files = shortest.map(file);
    files.chain([("digests.txt".into(), digests)]).collect()
}

/// The first thing in which what is there differs from what is wanted.
fn difference(
    there: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Option<String> {
    let names = there.keys().chain(wanted.keys());
    let changed = names.filter(|name| there.get(*name) != wanted.get(*name));
    changed.into_iter().next().map(|name| {
        let lines = |files: &BTreeMap<String, String>| {
            let text = files.get(name).cloned().unwrap_or_default();
            text.lines().map(String::from).collect::<Vec<_>>()
        };
        let (old, new) = (lines(there), lines(wanted));
        let at = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let line = |lines: &[String]| lines.get(at).cloned().unwrap_or("nothing".into());
        let (old, new) = (line(&old), line(&new));
        format!(
            "{name}, line {}:\n  reviewed: {old}\n  now:      {new}",
            at + 1
        )
    })
}

#[test]
fn msl_is_what_was_reviewed() {
    let folder = golden::path("msl");
    let wanted = wanted(all());
    if env::var_os("KILN_BLESS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let entries = fs::read_dir(&folder).unwrap().map(|e| e.unwrap());
    let there = entries.map(|e| {
        let name = e.file_name().into_string().unwrap();
        (name, fs::read_to_string(e.path()).unwrap())
    });
    let there = there.collect();
    if let Some(why) = difference(&there, &wanted) {
        panic!(
            "{}: {why}\nKILN_BLESS=1 rewrites them; the diff is the review",
            folder.display()
        );
    }
}

#[test]
fn a_change_of_msl_is_noticed() {
    let files = |text: &str| BTreeMap::from([("relu.metal".to_string(), text.to_string())]);
    let sound = files("a\nb\n");
    assert_eq!(difference(&sound, &sound), None);
    for changed in [files("a\nc\n"), files("a\n"), BTreeMap::new()] {
        let why = difference(&sound, &changed).unwrap();
        assert!(why.contains("relu.metal, line"), "{why}");
        assert!(difference(&changed, &sound).is_some());
    }
}
