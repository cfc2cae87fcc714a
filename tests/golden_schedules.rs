//! Every reference value of torch, Keras, Optax, transformers and timm, within 1e-12 of its case's largest rate,
//! none left out.
//!
//! `lr[t]` is the rate that update t applies. Cases with a line that a user would type go through that line, one per
//! parameter group; fractional epochs and two schedulers on one optimiser go through the library.

use kiln::control::{Monitor, Observe};
use kiln::expr::{Error, parse};
use kiln::schedule::frameworks::{Spelling, torch};
use kiln::schedule::{LearningRate, Rate, Run};
use serde_json::Value;

const CASES: usize = 457;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("golden/schedules.json")).expect("the reference file is JSON")
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => value
            .as_f64()
            .unwrap_or_else(|| panic!("{value} is no number")),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(number).collect()
}

/// Rates and momenta that one parameter group is given.
struct Group {
    lr: Vec<f64>,
    momentum: Option<Vec<f64>>,
}

/// The recorded groups.
fn expected(case: &Value) -> Vec<Group> {
    let all = |groups: &str, single: &str| -> Vec<Vec<f64>> {
        match (case.get(groups), case.get(single)) {
            (Some(groups), _) => groups
                .as_array()
                .into_iter()
                .flatten()
                .map(numbers)
                .collect(),
            (None, Some(single)) => vec![numbers(single)],
            (None, None) => Vec::new(),
        }
    };
    let mut momenta = all("momentum_groups", "momentum").into_iter();
    all("lr_groups", "lr")
        .into_iter()
        .map(|lr| Group {
            lr,
            momentum: momenta.next(),
        })
        .collect()
}

fn run(case: &Value, group: usize, updates: Option<u64>) -> Run {
    let base_lr = case
        .get("group_base_lrs")
        .map_or(&case["base_lr"], |lrs| &lrs[group]);
    Run {
        updates,
        base_momentum: case.get("initial_momentum").and_then(Value::as_f64),
        ..Run::new(base_lr.as_f64().unwrap_or(1.0)) // null where the schedule does not use it
    }
}

/// The line of one group, written from the case's parameters as a user would.
fn line(case: &Value, group: usize) -> String {
    match case["expr"].as_str() {
        Some(line) => line.to_owned(),
        None => call(&case["kind"], &case["params"], group),
    }
}

fn call(kind: &Value, params: &Value, group: usize) -> String {
    let params = params.as_object().expect("params are an object");
    let args: Vec<String> = params
        .iter()
        .map(|(key, value)| format!("{key}={}", literal(value, group)))
        .collect();
    format!(
        "torch.{}({})",
        kind.as_str().expect("kind is a string"),
        args.join(", ")
    )
}

fn literal(value: &Value, group: usize) -> String {
    match value {
        Value::Array(groups) => literal(&groups[group], group),
        Value::Object(function) => match function["fn"].as_str() {
            Some("pow") => format!("lambda epoch: {} ** epoch", function["base"]),
            Some("inv_time") => format!("lambda epoch: 1.0 / (1.0 + {} * epoch)", function["a"]),
            other => panic!("no line for {other:?}"),
        },
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::String(text) => format!("'{text}'"),
        Value::Number(number) => number.to_string(),
    }
}

/// What kiln gives for one group of a case, as many values as the reference has.
fn computed(case: &Value, group: usize, count: usize) -> Result<Group, String> {
    let updates = count as u64;
    if let Some(epochs) = case.get("step_epochs") {
        let p = |name: &str| number(&case["params"][name]);
        let at = |epoch: f64| {
            torch::warm_restarts_at_epoch(
                number(&case["base_lr"]),
                p("T_0") as u64,
                p("T_mult") as u64,
                p("eta_min"),
                epoch,
            )
        };
        return Ok(Group {
            lr: numbers(epochs).into_iter().map(at).collect(),
            momentum: None,
        });
    }
    let run = run(case, group, Some(updates));
    if let Some(before) = case.get("pre") {
        let scheduler = |value: &Value| {
            let line = call(&value["kind"], &value["params"], group);
            let expr = parse(&line).map_err(|error| error.to_string())?;
            let kind = value["kind"].as_str().unwrap_or_default();
            torch::parse(&line, &expr, kind)
                .map(|(scheduler, _)| Box::new(scheduler))
                .map_err(|error| error.to_string())
        };
        let both = torch::Scheduler::SwaAfter {
            before: scheduler(before)?,
            swa_start: case["swa_start"].as_u64().expect("swa_start is a count"),
            swa: scheduler(case)?,
        };
        let schedule = torch::Schedule::new(&both, run.base_lr, None, (None, 1 << 20))
            .map_err(|raise| raise.message)?;
        return Ok(Group {
            lr: (0..updates).map(|t| schedule.at(t)).collect(),
            momentum: None,
        });
    }
    let line = line(case, group);
    let plan: LearningRate = line.parse().map_err(|error: Error| error.to_string())?;
    let rate = plan
        .start(&run, Monitor::EvalLoss, Observe::Update)
        .map_err(|error| error.to_string())?;
    Ok(applied(rate, &case["metrics"], count))
}

/// What every update applies, the metrics being observed one per update.
fn applied(mut rate: Rate, metrics: &Value, count: usize) -> Group {
    let metrics = numbers(metrics);
    let (mut lr, mut momentum) = (Vec::new(), Vec::new());
    for t in 0..count {
        let shown = if rate.answers_at_once() {
            Some(t)
        } else {
            t.checked_sub(1)
        };
        if let Some((step, metric)) = shown.and_then(|at| Some((at, metrics.get(at)?))) {
            rate.observe(Monitor::EvalLoss, Observe::Update, *metric, step as u64);
        }
        lr.push(rate.at(t as u64));
        momentum.extend(rate.momentum_at(t as u64));
    }
    Group {
        lr,
        momentum: Some(momentum),
    }
}

/// The first value farther than 1e-12 of the largest from its reference.
fn deviation(given: &[f64], reference: &[f64]) -> Option<String> {
    let largest = reference
        .iter()
        .fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if given.len() != reference.len() {
        return Some(format!(
            "{} values instead of {}",
            given.len(),
            reference.len()
        ));
    }
    let far = |a: f64, b: f64| (a - b).abs() > 1e-12 * largest || a.is_nan();
    let at = given.iter().zip(reference).position(|(&a, &b)| far(a, b))?;
    Some(format!(
        "at {at}: {:?} instead of {:?}",
        given[at], reference[at]
    ))
}

/// Protects the central promise: exactly the framework's values, for every recorded case.
#[test]
fn every_case_within_1e_12() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in cases() {
        let name = case["name"].as_str().unwrap_or_default();
        for (index, reference) in expected(&case).iter().enumerate() {
            let problem = match computed(&case, index, reference.lr.len()) {
                Err(problem) => Some(problem),
                Ok(given) => deviation(&given.lr, &reference.lr).or_else(|| {
                    let momentum = reference.momentum.as_ref()?;
                    deviation(given.momentum.as_deref().unwrap_or_default(), momentum)
                        .map(|d| format!("momentum {d}"))
                }),
            };
            wrong.extend(problem.map(|problem| format!("{name}: {problem}")));
        }
        checked += 1;
    }
    assert_eq!(checked, CASES);
    assert!(
        wrong.is_empty(),
        "{} of {CASES} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Protects the promise to say before the run what a framework would raise in the middle of it: the update is the
/// recorded one, a run that gets there is refused with the exception's name, and no other case is refused.
#[test]
fn exceptions_are_foretold() {
    let mut found = 0;
    for case in cases()
        .iter()
        .filter(|case| case["expr"].is_string() && case.get("metrics").is_none())
    {
        let name = case["name"].as_str().unwrap_or_default();
        let line = line(case, 0);
        let expr = parse(&line).unwrap_or_else(|error| panic!("{name}: {error}"));
        let open = Spelling::read(&line, &expr, &run(case, 0, None))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let recorded = case["lr"].as_array().map_or(0, Vec::len) as u64;
        let Some(error) = case.get("error") else {
            assert!(
                open.raises().is_none_or(|raise| raise.index >= recorded),
                "{name}: {:?}",
                open.raises()
            );
            continue;
        };
        let index = error["raised_computing_index"].as_u64().expect("an index");
        assert_eq!(
            open.raises().map(|raise| raise.index),
            Some(index),
            "{name}"
        );
        let refused = Spelling::read(&line, &expr, &run(case, 0, Some(index + 1)))
            .expect_err(name)
            .to_string();
        assert!(
            refused.contains(error["type"].as_str().expect("a type")),
            "{name}: {refused}"
        );
        found += 1;
    }
    assert_eq!(found, 5);
}

/// Every pure case with a line, resolved against a run of unknown length.
fn pure_cases() -> impl Iterator<Item = (String, Spelling)> {
    let pure = |case: &Value| case["expr"].is_string() && case.get("metrics").is_none();
    cases().into_iter().filter(pure).map(|case| {
        let line = line(&case, 0);
        let spelling =
            parse(&line).and_then(|expr| Spelling::read(&line, &expr, &run(&case, 0, None)));
        (
            line.clone(),
            spelling.unwrap_or_else(|error| panic!("{line}: {error}")),
        )
    })
}

/// Protects seeking: a step far away is found at once. A schedule that walked there would not end in a month, and
/// neither would this test.
#[test]
fn far_steps_are_found_at_once() {
    const FAR: u64 = 1_000_000_000_000_000;
    for (line, schedule) in pure_cases() {
        let rates = (0..100).map(|i| schedule.at(FAR + i));
        assert!(!rates.sum::<f64>().is_nan(), "{line}");
    }
}

/// Protects serialised schedules: the printed line carries the run's numbers, and means the same in any other run.
#[test]
fn printed_lines_mean_the_same() {
    for (line, schedule) in pure_cases() {
        let printed = schedule.to_string();
        let expr = parse(&printed).unwrap_or_else(|error| panic!("{line}: {error}"));
        let other = Run {
            updates: Some(3),
            base_momentum: Some(0.5),
            ..Run::new(77.0)
        };
        let again = Spelling::read(&printed, &expr, &other);
        assert_eq!(
            again.unwrap_or_else(|error| panic!("{printed}: {error}")),
            schedule
        );
    }
}

/// Protects the values of Hugging Face's and timm's schedulers, made by `golden/make_hf_timm.py`.
#[test]
fn hf_and_timm_within_1e_12() {
    let file = include_str!("golden/schedules_hf_timm.json");
    let cases: Vec<Value> = serde_json::from_str(file).expect("the reference file is JSON");
    let mut wrong = Vec::new();
    for case in &cases {
        let reference = numbers(&case["lr"]);
        let problem = match computed(case, 0, reference.len()) {
            Err(problem) => Some(problem),
            Ok(given) => deviation(&given.lr, &reference),
        };
        wrong.extend(problem.map(|problem| format!("{}: {problem}", case["expr"])));
    }
    assert_eq!(cases.len(), 264);
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
