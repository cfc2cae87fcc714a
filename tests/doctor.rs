//! `kiln doctor`, as a person runs it.

use std::collections::BTreeSet;

use kiln::ops;
use serde_json::Value;

use crate::cli::{folder, refusal, success};

/// On the adapter of the tests everything holds, and everything was looked at: every kernel with its portable
/// shader, and every variant.
#[test]
fn the_adapter_of_the_tests_is_healthy() {
    let dir = folder();
    let device = std::env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
    let said = success(&format!("doctor --device {device} --json"), dir.path());
    let found: Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(found["healthy"], true, "{found}");
    let rows = found["kernels"].as_array().unwrap();
    let seen: BTreeSet<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}.{}",
                row["kernel"].as_str().unwrap(),
                row["variant"].as_str().unwrap()
            )
        })
        .collect();
    let checks = found["checks"].as_array().unwrap();
    let left_out = checks.iter().find(|c| c["name"] == "variants");
    let left_out = left_out.map_or("", |c| c["found"].as_str().unwrap());
    assert!(device != "software" || left_out.is_empty(), "{left_out}");
    for op in ops::ALL {
        let variants = op.variants.iter().map(|v| v.name);
        for name in variants.chain(["portable"]) {
            let name = format!("{}.{name}", op.name);
            assert!(
                seen.contains(&name) != left_out.contains(&name),
                "{name}: {seen:?} {left_out}"
            );
        }
    }
    for name in [
        "limits",
        "gradients",
        "trajectory",
        "determinism",
        "rates",
        "timestamps",
        "kernels",
    ] {
        assert!(checks.iter().any(|c| c["name"] == name), "{name}: {found}");
    }
}

/// The CPU executor has fast paths that may be wrong, too; and flags that would do nothing are refused.
#[test]
fn the_cpu_executor_is_looked_at_too() {
    let dir = folder();
    let said = success("doctor --device cpu", dir.path());
    assert!(
        said.contains("fast path") && said.contains("healthy: kiln computes"),
        "{said}"
    );
    let e = refusal("doctor --all --device cpu", dir.path(), 2);
    assert!(e.contains("cannot be used with"), "{e}");
}
