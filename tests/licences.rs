//! What kiln is made of: every crate comes from the public registry, under a licence that `deny.toml` allows.
//! `cargo deny` reads the texts of the licences too, and knows of advisories; this needs nothing but cargo.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

/// The licences of `deny.toml`, and those of one crate alone.
struct Allowed {
    all: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
}

fn texts(value: &toml::Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts
        .filter_map(toml::Value::as_str)
        .map(str::to_owned)
        .collect()
}

impl Allowed {
    fn read() -> Allowed {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
        let table: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        let licenses = &table["licenses"];
        let exceptions = licenses["exceptions"].as_array().unwrap();
        let of = |entry: &toml::Value| {
            (
                entry["crate"].as_str().unwrap().to_owned(),
                texts(&entry["allow"]),
            )
        };
        Allowed {
            all: texts(&licenses["allow"]),
            exceptions: exceptions.iter().map(of).collect(),
        }
    }

    /// Whether an expression can be met: `(MIT OR Apache-2.0) AND Unicode-3.0`; an old form of `OR` is a slash.
    fn allows(&self, name: &str, expression: &str) -> bool {
        let own = self
            .exceptions
            .iter()
            .filter(|(of, _)| of == name)
            .flat_map(|(_, allow)| allow);
        let known: Vec<&String> = self.all.iter().chain(own).collect();
        let expression = expression.replace('/', " OR ");
        expression.split(" AND ").all(|choice| {
            let choice = choice.trim_matches(['(', ')', ' ']);
            choice
                .split(" OR ")
                .any(|licence| known.iter().any(|known| *known == licence.trim()))
        })
    }
}

#[test]
fn expressions_are_read() {
    let allowed = Allowed {
        all: vec!["MIT".into(), "Zlib".into()],
        exceptions: vec![("fonts".into(), vec!["OFL-1.1".into()])],
    };
    for (name, expression, is_allowed) in [
        ("a", "MIT", true),
        ("a", "Unlicense/MIT", true),
        ("a", "GPL-3.0 OR MIT", true),
        ("a", "GPL-3.0", false),
        ("a", "GPL-3.0 AND MIT", false),
        ("a", "(GPL-3.0 OR MIT) AND Zlib", true),
        ("a", "MIT AND OFL-1.1", false),
        ("fonts", "MIT AND OFL-1.1", true),
    ] {
        assert_eq!(
            allowed.allows(name, expression),
            is_allowed,
            "{name}: {expression}"
        );
    }
}

/// Protects whoever passes kiln on. What only other systems need may not be here, and is `cargo deny`'s.
#[test]
fn licences_are_allowed() {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let flags = [
        "metadata",
        "--locked",
        "--offline",
        "--format-version=1",
        "--filter-platform",
        host,
    ];
    let out = Command::new(env!("CARGO"))
        .args(flags)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let allowed = Allowed::read();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            allowed.allows(name, licence),
            "{name} is under {licence}, which deny.toml does not allow"
        );
        let source = package["source"].as_str();
        let public = source.is_none_or(|source| source.starts_with("registry+"));
        assert!(
            public && (source.is_some() || name == "kiln"),
            "{name} comes from {source:?}"
        );
    }
}
