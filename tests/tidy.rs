//! The house's rules that a machine can check: floors, sizes, nothing unfinished.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Who stands on which floor, from the ground up: a module may name modules of its own floor and
/// of those below. `schedule` and its kin are pure; `cli` sees everything.
const FLOORS: [(u8, &[&str]); 7] = [
    (0, &["error", "files", "rng", "expr", "schedule", "control"]),
    (1, &["kernel", "ops", "variant"]),
    (2, &["plan"]),
    (
        3,
        &["record", "model", "optim", "exec", "device", "reflect"],
    ),
    (4, &["data", "train", "run", "eval"]),
    (
        5,
        &[
            "report", "bench", "doctor", "export", "fit", "lrfind", "sweep",
        ],
    ),
    (6, &["cli", "main", "lib"]),
];

/// Those who write plans and those who run them never see each other.
const WRITERS: [&str; 3] = ["record", "model", "optim"];
const RUNNERS: [&str; 3] = ["exec", "device", "reflect"];

/// Crates that only some files may name.
const CRATES: [(&str, &[&str]); 4] = [
    ("wgpu", &["src/device", "src/exec/gpu/"]),
    ("pollster", &["src/device", "src/exec/gpu/"]),
    ("naga", &["src/reflect.rs"]),
    ("clap", &["src/cli/"]),
];

/// Lines of a file, its tests aside.
const MOST_LINES: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Files below a folder with one of the extensions: path from the root, and text.
fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            open.extend(entries.map(|e| e.unwrap().path()));
        } else if let Some(extension) = path.extension().and_then(|e| e.to_str())
            && extensions.contains(&extension)
        {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            found.push((name.to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{folder} has no {extensions:?}");
    found.sort();
    found
}

/// Without comments: what a compiler reads.
fn code(text: &str) -> String {
    let code = |line: &str| match line.trim_start().starts_with("//") {
        true => String::new(),
        false => line.to_string(),
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// `src/exec/gpu.rs` belongs to `exec`.
fn module(file: &str) -> &str {
    let path = file.strip_prefix("src/").expect("a source file");
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules named after `crate::`, alone or in braces.
fn named(code: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.extend(first_word(rest)),
            Some(list) => names.extend(listed(list).iter().filter_map(|item| first_word(item))),
        }
    }
    names
}

/// The items of a list in braces, those of nested lists aside.
fn listed(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                return items;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    items
}

fn first_word(text: &str) -> Option<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let text = text.trim_start();
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

fn floor(module: &str) -> u8 {
    let found = FLOORS.iter().find(|(_, modules)| modules.contains(&module));
    found
        .unwrap_or_else(|| panic!("{module} has no floor: give it one in tests/tidy.rs"))
        .0
}

/// Lower floors never import upper ones, and a writer never sees a runner.
#[test]
fn floors_hold() {
    let modules: BTreeSet<&str> = FLOORS.iter().flat_map(|(_, m)| m.iter().copied()).collect();
    for (file, text) in files("src", &["rs"]) {
        let here = module(&file);
        let code = code(&text);
        // Macros are named at the root of the crate.
        for there in named(&code)
            .into_iter()
            .filter(|name| modules.contains(name))
        {
            assert!(
                floor(there) <= floor(here),
                "{file}: {here} (floor {}) names {there} (floor {})",
                floor(here),
                floor(there)
            );
            let apart = |a: &[&str], b: &[&str]| a.contains(&here) && b.contains(&there);
            assert!(
                !apart(&WRITERS, &RUNNERS) && !apart(&RUNNERS, &WRITERS),
                "{file}: {here} sees {there}"
            );
        }
        floor(here);
    }
}

/// The parser above reads what it is meant to.
#[test]
fn imports_are_read() {
    let code = "use crate::{\n    error::{self, Result},\n    plan::Plan, ops,\n};\nuse crate::rng;\nfn f(x: crate::exec::Cpu) {}";
    let want = BTreeSet::from(["error", "exec", "ops", "plan", "rng"]);
    assert_eq!(named(code), want);
}

/// The graphics API stays behind the executor, the shader parser behind reflection, the command
/// line in its folder.
#[test]
fn crates_stay_where_they_belong() {
    for (file, text) in files("src", &["rs"]) {
        let code = code(&text);
        for (name, homes) in CRATES {
            let names =
                code.contains(&format!("{name}::")) || code.contains(&format!("use {name}"));
            let at_home = homes.iter().any(|home| file.starts_with(home));
            assert!(!names || at_home, "{file} names {name}");
        }
    }
}

/// A file has one subject: it can be read in one sitting. Tests inside it do not count.
#[test]
fn files_stay_short() {
    let sources = files("src", &["rs"])
        .into_iter()
        .chain(files("shaders", &["wgsl"]));
    let long = sources.filter_map(|(file, text)| {
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = own.lines().count();
        (lines > MOST_LINES).then(|| format!("{file}: {lines} lines"))
    });
    let long: Vec<String> = long.collect();
    assert!(
        long.is_empty(),
        "more than {MOST_LINES}: {}",
        long.join(", ")
    );
}

/// Nothing is unfinished, and no test is passed over.
#[test]
fn nothing_is_left_undone() {
    let unfinished = ["todo!", "unimplemented!", "#[ignore"];
    for (file, text) in sources() {
        let code = code(&text);
        for mark in unfinished {
            let here = code.contains(mark) && file != "tests/tidy.rs";
            assert!(!here, "{file} has {mark}");
        }
    }
}

/// Every mutant of the host's code stands where it did, once, and `docs/testing.md` names those that survive: a list
/// that rots proves nothing. `scripts/mutants` makes them.
#[test]
fn host_mutants_are_where_they_were() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (list, docs) = (read("tests/host_mutants.txt"), read("docs/testing.md"));
    let (mut file, mut text, mut name) = ("", String::new(), "");
    for line in list.lines().filter(|line| !line.starts_with(['#', '|'])) {
        if let Some(path) = line.strip_prefix("file ") {
            let lines: Vec<String> = read(path).lines().map(|l| l.trim_start().into()).collect();
            (file, text) = (path, lines.join("⏎"));
        } else if line.starts_with("  ! ") {
            assert!(docs.contains(name), "docs/testing.md: not a word of {name}");
        } else if let Some(code) = line.strip_prefix("  ") {
            let parts: Vec<&str> = code.split(['«', '»']).collect();
            let &[before, old, "", _, after] = &parts[..] else {
                panic!("{code}: expected «what is there»«what is put there» with what is around it")
            };
            let there = text.matches(&[before, old, after].concat()).count();
            assert_eq!(there, 1, "{file}: {name}: {code}");
        } else {
            name = line;
        }
    }
    assert!(!name.is_empty());
}

/// The project is the same wherever it is checked out.
#[test]
fn no_path_of_one_machine() {
    let roots = ["/work/", "/tmp/", "/root/", "/home/", "/Users/"];
    for (file, text) in sources() {
        for (number, line) in (1..).zip(text.lines()) {
            let path = roots.iter().find(|root| line.contains(**root));
            assert!(
                path.is_none() || file == "tests/tidy.rs",
                "{file}:{number}: {line}"
            );
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let folders = ["src", "shaders", "tests", "docs", "fuzz/src"];
    let extensions = ["rs", "wgsl", "md", "py", "json"];
    folders
        .iter()
        .flat_map(|folder| files(folder, &extensions))
        .collect()
}
