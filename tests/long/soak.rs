//! 50,000 updates: memory is flat.

use std::env;

use serde_json::Value;

use crate::cli::{folder, success};

fn soak(device: &str, steps: u64) -> Value {
    let args = format!("bench soak --workload w3 --device {device} --steps {steps} --json");
    serde_json::from_str(&success(&args, folder().path())).expect("a report in JSON")
}

/// Protects whoever lets a run go on for days: nothing is kept for an update, neither by the process nor on the
/// device. The command itself fails where something grows.
#[test]
fn nothing_grows_in_50_000_updates() {
    let device = env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
    let report = soak(&device, 50_000);
    assert!(report["grew"].is_null(), "{report}");
    let looks = report["looks"].as_array().expect("looks at the memory");
    assert_eq!(looks.len(), 10);
    assert_eq!(looks[9]["step"], 50_000 - 50_000 % 256);
    let known = |look: &Value| !look["rss_mb"].is_null() || !look["device_bytes"].is_null();
    assert!(looks.iter().all(known), "{report}");
    assert!(report["final_loss"].as_f64().is_some_and(f64::is_finite));
}
