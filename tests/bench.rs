//! `kiln bench` as a person uses it. No time is asserted: what is, is that the numbers are there,
//! belong together, and are not shown of what is wrong.

use serde_json::Value;

use crate::cli::{folder, refusal, success};

fn json(args: &str) -> Value {
    let said = success(&format!("bench {args} --json"), folder().path());
    assert_eq!(said.trim().lines().count(), 1, "one line: {said}");
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{args}: {e}: {said}"))
}

fn number(row: &Value, field: &str) -> f64 {
    row[field]
        .as_f64()
        .unwrap_or_else(|| panic!("{field}: {row}"))
}

/// The fields of the report, and what must hold between them whatever the machine.
#[test]
fn step_reports_what_belongs_together() {
    let row = json("step --workload w3 --device cpu --steps 40");
    assert_eq!(
        (&row["workload"], &row["steps"]),
        (&"w3".into(), &40.into())
    );
    assert!(row["device"].as_str().unwrap().contains("CPU executor"));
    assert_eq!(row["software_adapter"], false);
    assert_eq!(row["warmup"], 10);
    let of = |field| number(&row, field);
    assert!(0.0 < of("min_ms") && of("min_ms") <= of("p10"));
    assert!(of("p10") <= of("median_step_ms") && of("median_step_ms") <= of("p90"));
    assert!(of("first_step_ms") > 0.0 && of("pipelined_step_ms") > 0.0 && of("setup_ms") > 0.0);
    let per_second = 32.0 / of("median_step_ms") * 1e3;
    assert!((of("samples_per_s") / per_second - 1.0).abs() < 1e-9);
    assert!(of("dispatches") > 5.0);
    assert_eq!(of("submits_per_step"), 0.0, "the CPU executor has no queue");
    assert!(of("final_loss").is_finite() && of("first_loss") > 0.0);
    assert!(row["device_step_ms"].is_null());
    let timing = row["timing"].as_str().unwrap();
    assert_eq!(timing, "wall, queue full: the device has no timestamps");
}

/// A software adapter says that it is one, submits several steps at once, says whether its own clock
/// is to be believed, and finds the loss that the CPU executor finds.
#[test]
fn adapters_are_named_and_labelled() {
    let [cpu, gpu] =
        ["cpu", "software"].map(|d| json(&format!("step --workload w3 --device {d} --steps 20")));
    assert_eq!(gpu["software_adapter"], true);
    assert!(gpu["device"].as_str().unwrap().contains("Vulkan"), "{gpu}");
    assert!(number(&gpu, "submits_per_step") > 0.0 && number(&gpu, "submits_per_step") < 1.0);
    let timing = gpu["timing"].as_str().unwrap();
    if gpu["device_step_ms"].is_null() {
        assert!(timing.starts_with("wall, queue full: "), "{timing}");
    } else {
        assert!(number(&gpu, "device_step_ms") > 0.0);
        assert!(timing.starts_with("device, by timestamps "), "{timing}");
    }
    let losses = [&cpu, &gpu].map(|row| number(row, "final_loss"));
    assert!((losses[0] - losses[1]).abs() < 1e-5, "{losses:?}");
    let said = success(
        "bench step --workload w3 --device software --steps 6",
        folder().path(),
    );
    assert!(said.contains("software adapter"), "{said}");
    assert!(said.contains("to quote: "), "{said}");
}

/// The first weights and the data may come from outside: then the losses are those of a run of
/// `train` with the same.
#[test]
fn step_takes_weights_and_data() {
    let dir = folder();
    let mut table = String::from("a,b,c,d,e,f,g,h,i,j,label\n");
    for row in 0..320 {
        let cells =
            (0..10).map(|i| format!("{:.3},", ((row * 7 + i * 13) % 29) as f64 / 14.0 - 1.0));
        table += &format!("{}{}\n", cells.collect::<String>(), row % 10);
    }
    std::fs::write(dir.path().join("w3.csv"), table).unwrap();
    let train = "train --device cpu --data w3.csv --target label --task classification --test-fraction 0 \
                 --model \"Linear(100) ReLU Linear(10)\" --order sequential --lr 0.01 --quiet";
    success(
        &format!("{train} --max-steps 1 --seed 5 --lr 1e-30 --out first").replace(" --lr 0.01", ""),
        dir.path(),
    );
    success(
        &format!(
            "{train} --max-steps 12 --schedule cosine --init first/model.safetensors --out run"
        ),
        dir.path(),
    );
    let rows = std::fs::read_to_string(dir.path().join("run/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(rows.lines().nth(11).unwrap()).unwrap();
    let said = success(
        "bench step --workload w3 --device cpu --steps 12 --data w3.csv --init first/model.safetensors --json",
        dir.path(),
    );
    let row: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (number(&row, "final_loss"), 11),
        (number(&last, "loss"), last["step"].as_u64().unwrap())
    );
}

/// Any model may be timed, under the flags of `train`.
#[test]
fn step_takes_any_model() {
    let row = json(
        "step --model mlp --batch-size 64 --schedule \"warmup(5) then cosine\" --device cpu --steps 20",
    );
    assert_eq!(
        (&row["workload"], &row["batch_size"]),
        (&"mlp".into(), &64.into())
    );
}

/// Every schedule has a row with an interval and a verdict; the second constant is among them.
#[test]
fn schedules_are_compared() {
    let report = json(
        "schedules --workload w3 --device cpu --rounds 8 --block-ms 2 --margin 50% \
         --schedules \"cosine, step(every=10%, gamma=0.5), gradient-norm\"",
    );
    let rows = report["schedules"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "constant",
            "constant again",
            "cosine",
            "step(every=10%, gamma=0.5)",
            "gradient-norm"
        ]
    );
    assert_eq!(
        (number(&report, "margin"), number(&report, "rounds")),
        (0.5, 8.0)
    );
    for row in rows {
        let of = |field| number(row, field);
        assert!(
            of("low") <= of("ratio") && of("ratio") <= of("high"),
            "{row}"
        );
        assert!(of("p10") <= of("median_step_ms") && of("median_step_ms") <= of("p90"));
        let verdict = row["verdict"].as_str().unwrap();
        assert!(["equivalent", "not_equivalent", "undecided"].contains(&verdict));
    }
    assert_eq!(number(&rows[0], "ratio"), 1.0);
}

/// Cases are checked, rated against the ceilings of the same run, and found by name.
#[test]
fn kernels_are_rated() {
    for device in ["cpu", "software"] {
        let report = json(&format!(
            "kernels --device {device} --filter \"w1 cross_entropy\""
        ));
        let cases = report["cases"].as_array().unwrap();
        assert!(!cases.is_empty());
        let copy = number(&report["ceilings"]["gb_per_s"], "median");
        for case in cases {
            let of = |field| number(case, field);
            assert_eq!(case["checked"], "twin");
            assert!(
                (of("gflops") - of("flops") / of("median_us") / 1e3).abs() < 1e-6 * of("gflops")
            );
            assert!((of("bytes_ratio") - of("gb_per_s") / copy).abs() < 1e-9);
            assert!(
                of("flops_ratio") > 0.0,
                "the host's GEMM is there on {device}"
            );
        }
    }
}

/// Nothing is ignored, and nothing wrong is timed.
#[test]
fn mistakes_are_explained() {
    let dir = folder();
    for (args, code, hint) in [
        ("step", 2, "--workload"),
        ("step --workload w5", 2, "expected w1, w2, w3 or w4"),
        (
            "step --workload w1 --batch-size 3",
            2,
            "cannot be used with",
        ),
        ("step --workload w3 --data digits", 2, "needs a CSV file"),
        ("step --workload w1 --data digits", 2, "images of 1×28×28"),
        (
            "step --workload w3 --init missing.safetensors",
            2,
            "missing.safetensors",
        ),
        (
            "step --workload w3 --warmup 60",
            2,
            "leaves none of 60 steps",
        ),
        (
            "step --workload w3 --device nosuchgpu",
            2,
            "no adapter matches",
        ),
        ("step --model mlp --epochs 3", 2, "--steps says how many"),
        ("step --model mlp --batch-size 2000", 2, "only full batches"),
        ("step --model mlp --lr 0 --device cpu", 1, "does not train"),
        ("step --model mlp --lr 1e9 --device cpu", 1, "learning rate"),
        (
            "schedules --workload w3 --schedules cosinus",
            2,
            "did you mean `cosine`",
        ),
        (
            "schedules --workload w3 --schedules cosine,",
            2,
            "an item is empty",
        ),
        ("schedules --workload w3 --margin 0", 2, "expected a share"),
        (
            "schedules --model mlp --schedule cosine",
            2,
            "--schedules says what is compared",
        ),
        ("kernels --filter nosuchkernel", 2, "w1 conv2d"),
    ] {
        let e = refusal(&format!("bench {args}"), dir.path(), code);
        assert!(e.contains(hint), "kiln bench {args}: {e}");
    }
}
