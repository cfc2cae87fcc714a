//! Frameworks' lines in kiln's own words have the reference rates; how many of each kind convert is pinned.

use kiln::control::{Monitor, Observe};
use kiln::schedule::convert::{Language, convert};
use kiln::schedule::{LearningRate, Rate, Run};
use serde_json::Value;
use std::collections::BTreeMap;

/// Kind, cases that convert exactly, cases that convert with a comment where they differ, all cases.
const CONVERTED: &[(&str, usize, usize, usize)] = &[
    ("hf.constant", 6, 0, 6),
    ("hf.constant_with_warmup", 6, 0, 6),
    ("hf.cosine", 12, 0, 12),
    ("hf.cosine_warmup_with_min_lr", 12, 0, 12),
    ("hf.cosine_with_min_lr", 12, 0, 12),
    ("hf.cosine_with_restarts", 12, 0, 12),
    ("hf.greedy", 0, 0, 8),
    ("hf.inverse_sqrt", 12, 0, 12),
    ("hf.linear", 6, 0, 6),
    ("hf.polynomial", 12, 0, 12),
    ("hf.reduce_lr_on_plateau", 0, 3, 3),
    ("hf.warmup_stable_decay", 60, 0, 60),
    ("keras.CosineDecay", 10, 0, 10),
    ("keras.CosineDecayRestarts", 6, 0, 6),
    ("keras.ExponentialDecay", 8, 0, 8),
    ("keras.InverseTimeDecay", 8, 0, 8),
    ("keras.LearningRateScheduler", 3, 0, 3),
    ("keras.PiecewiseConstantDecay", 6, 0, 6),
    ("keras.PolynomialDecay", 14, 0, 14),
    ("keras.ReduceLROnPlateau", 0, 32, 32),
    ("optax.constant_schedule", 3, 0, 3),
    ("optax.cosine_decay_schedule", 6, 0, 6),
    ("optax.cosine_onecycle_schedule", 9, 0, 9),
    ("optax.exponential_decay", 18, 0, 18),
    ("optax.join_schedules", 4, 0, 4),
    ("optax.linear_onecycle_schedule", 9, 0, 9),
    ("optax.linear_schedule", 5, 0, 5),
    ("optax.piecewise_constant_schedule", 7, 0, 7),
    ("optax.piecewise_interpolate_schedule", 11, 0, 11),
    ("optax.polynomial_schedule", 11, 0, 11),
    ("optax.reduce_on_plateau", 0, 0, 28),
    ("optax.sgdr_schedule", 3, 0, 3),
    ("optax.warmup_constant_schedule", 4, 0, 4),
    ("optax.warmup_cosine_decay_schedule", 6, 0, 6),
    ("optax.warmup_exponential_decay_schedule", 7, 0, 7),
    ("timm.CosineLRScheduler", 12, 0, 26),
    ("timm.MultiStepLRScheduler", 2, 0, 4),
    ("timm.PlateauLRScheduler", 0, 2, 3),
    ("timm.PolyLRScheduler", 12, 0, 24),
    ("timm.StepLRScheduler", 6, 0, 8),
    ("timm.TanhLRScheduler", 8, 0, 24),
    ("timm.WSDLRScheduler", 10, 0, 14),
    ("torch.ChainedScheduler", 9, 4, 13),
    ("torch.ConstantLR", 7, 0, 9),
    ("torch.CosineAnnealingLR", 10, 0, 10),
    ("torch.CosineAnnealingWarmRestarts", 7, 0, 7),
    ("torch.CyclicLR", 17, 0, 18),
    ("torch.ExponentialLR", 7, 0, 7),
    ("torch.LambdaLR", 10, 0, 10),
    ("torch.LinearLR", 11, 0, 11),
    ("torch.MultiStepLR", 8, 0, 8),
    ("torch.MultiplicativeLR", 2, 0, 5),
    ("torch.OneCycleLR", 2, 16, 18),
    ("torch.PolynomialLR", 10, 0, 10),
    ("torch.ReduceLROnPlateau", 13, 44, 57),
    ("torch.SWALR", 10, 0, 10),
    ("torch.SequentialLR", 20, 3, 24),
    ("torch.StepLR", 10, 0, 10),
];

fn cases() -> Vec<Value> {
    let parse = |text: &str| serde_json::from_str::<Vec<Value>>(text).expect("a list of cases");
    let mut cases = parse(include_str!("golden/schedules.json"));
    cases.extend(parse(include_str!("golden/schedules_hf_timm.json")));
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| match value.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => value.as_f64().unwrap_or(f64::NAN),
    };
    value.as_array().into_iter().flatten().map(number).collect()
}

fn run(case: &Value, updates: usize) -> Run {
    Run {
        updates: Some(updates as u64),
        base_momentum: case["initial_momentum"].as_f64(),
        ..Run::new(case["base_lr"].as_f64().unwrap_or(1.0))
    }
}

/// `torch.StepLR`, `hf.cosine`, …
fn kind(case: &Value) -> String {
    match (case["framework"].as_str(), case["kind"].as_str()) {
        (Some(framework), Some(kind)) => format!("{framework}.{kind}"),
        _ => {
            let line = case["expr"].as_str().unwrap_or_default();
            let (callee, args) = line.split_once('(').unwrap_or((line, ""));
            match callee {
                "hf.get_scheduler" => format!("hf.{}", args.split('\'').nth(1).unwrap_or_default()),
                callee => callee.to_owned(),
            }
        }
    }
}

/// The rates of a plan that is shown the case's metrics at its epochs' ends.
fn rates(plan: &LearningRate, run: &Run, case: &Value, count: usize) -> Result<Vec<f64>, String> {
    let mut rate: Rate = plan
        .start(run, Monitor::EvalLoss, Observe::Epoch)
        .map_err(|error| error.to_string())?;
    let metrics = numbers(&case["metrics"]);
    let mut lr = Vec::new();
    for step in 0..count as u64 {
        lr.push(rate.at(step));
        if let Some(&metric) = metrics.get(step as usize) {
            for monitor in [Monitor::EvalLoss, Monitor::EvalAccuracy, Monitor::Loss] {
                rate.observe(monitor, Observe::Epoch, metric, step);
            }
        }
    }
    Ok(lr)
}

/// A text before its first difference, which its comment names; all of it where there is none.
///
/// A controller differs for negative metrics or a first NaN only.
fn proven(native: &str, case: &Value, count: usize) -> usize {
    let from = native
        .lines()
        .find_map(|line| line.strip_prefix("# differs from update ")?.split_once(' '));
    let metrics = numbers(&case["metrics"]);
    match from {
        Some((update, _)) => update.parse().expect("a number of updates"),
        None if native.starts_with('#') && metrics.iter().any(|m| m.is_nan() || *m < 0.0) => 0,
        None => count,
    }
}

/// Every reference case that converts has the reference's rates in kiln's own words, up to where a comment says that
/// it differs; and no kind converts less often than it did.
#[test]
fn golden_lines_in_kilns_words() {
    let mut counts: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for case in cases() {
        let Some(line) = case["expr"].as_str() else {
            continue; // no line says it
        };
        let expected = numbers(&case["lr"]);
        let run = run(&case, expected.len());
        let (exact, near, all) = counts.entry(kind(&case)).or_default();
        *all += 1;
        let plan: LearningRate = line.parse().unwrap_or_else(|error| panic!("{error}"));
        let Ok(native) = convert(&plan, &run, Language::Native) else {
            continue;
        };
        *(if native.starts_with('#') { near } else { exact }) += 1;
        let own: String = native
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let foreign = ["torch.", "keras.", "optax.", "hf.", "timm."];
        assert!(
            !foreign.iter().any(|name| own.contains(name)),
            "{own} is not in kiln's words"
        );
        let computed = own
            .parse::<LearningRate>()
            .map_err(|error| error.to_string())
            .and_then(|plan| rates(&plan, &run, &case, expected.len()))
            .unwrap_or_else(|error| panic!("{line}: {native}: {error}"));
        let peak = expected.iter().fold(0.0_f64, |peak, lr| peak.max(lr.abs()));
        let pairs = expected
            .iter()
            .zip(&computed)
            .take(proven(&native, &case, expected.len()));
        for (step, (expected, computed)) in pairs.enumerate() {
            assert!(
                (expected - computed).abs() <= 1e-12 * peak,
                "{line}: {native}: {expected} and {computed} at {step}"
            );
        }
    }
    let found: Vec<_> = counts
        .iter()
        .map(|(kind, (exact, near, all))| (kind.as_str(), *exact, *near, *all))
        .collect();
    assert_eq!(found, CONVERTED, "{found:#?}");
}
