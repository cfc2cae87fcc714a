//! The forward pass of a trained network, its measures, and the commands on top. Blind to a mistake
//! in a layer that training shares: those have oracles of their own.

use std::{fs, path::Path};

use kiln::{
    data::{self, Dataset, Features, Options, Targets, Task},
    eval::{Evaluator, Forward, Logits, Objective, classification},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Model, Network},
};
use serde_json::Value;

use crate::{
    cli::{folder, refusal, success},
    common,
};

fn fitted(model: &str, data: &Dataset) -> Network {
    let outputs = match &data.task {
        Task::Classification { classes } => classes.len(),
        Task::Regression { outputs } => outputs.len(),
    } as u32;
    let parsed = Model::parse(model, &data.shape, outputs).expect("a model");
    parsed.fit(&data.shape, outputs).expect("it fits")
}

fn answers(network: &Network, batch: u32, features: &Features, gpu: bool) -> Logits {
    let forward = Forward::record(network, batch).expect("a plan");
    let exec: Box<dyn Executor> = match gpu {
        true => Box::new(GpuExecutor::new(common::gpu(), &forward.plan).expect("an executor")),
        false => Box::new(Cpu::new(forward.plan.clone()).expect("an executor")),
    };
    let weights = network.init(37);
    let mut evaluator = Evaluator::new(exec, &forward, &weights).expect("an evaluator");
    evaluator.logits(features).expect("answers")
}

/// The split is cut into batches and put together again, whatever the batch; bytes mean what their
/// table says; the GPU answers what the CPU answers.
#[test]
fn answers_do_not_depend_on_batches_or_machines() {
    let options = Options {
        standardize: true,
        ..Options::default()
    };
    let digits = data::load("digits", &options).unwrap();
    let test = digits.test.as_ref().unwrap();
    let network = fitted("Conv2d(4, 3) ReLU MaxPool2d(2) Flatten Linear(10)", &digits);
    let one = answers(&network, 1, &test.features, false);
    assert_eq!((one.len(), one.outputs()), (359, 10));
    let Features::Bytes { data, table } = &test.features else {
        panic!("digits are bytes")
    };
    let floats = Features::Floats(data.iter().map(|&b| table[usize::from(b)]).collect());
    for (batch, features, gpu) in [
        (100, &test.features, false),
        (359, &floats, false),
        (500, &test.features, false),
        (100, &floats, true),
        (128, &test.features, true),
    ] {
        let other = answers(&network, batch, features, gpu);
        let same = common::compare(one.data(), other.data(), 1e-5, 1e-5);
        same.unwrap_or_else(|e| panic!("batch {batch}, gpu {gpu}: {e}"));
    }
}

/// A network that ends with a view of another layer's output.
#[test]
fn the_last_layer_may_be_a_view() {
    let digits = data::load("digits", &Options::default()).unwrap();
    let network = fitted("Conv2d(10, 3) AdaptiveAvgPool2d(1) Flatten", &digits);
    let test = digits.test.as_ref().unwrap();
    let [a, b] = [1, 7].map(|batch| answers(&network, batch, &test.features, false));
    common::compare(a.data(), b.data(), 1e-6, 1e-6).unwrap();
}

/// A run of `kiln train` in a directory, with the `config.toml` of its flags.
fn run(dir: &Path, name: &str, flags: &[(&str, &str)]) -> Value {
    let mut args = format!("train --device cpu --quiet --out {name}");
    let mut config = String::new();
    for (flag, value) in flags {
        match *value {
            "true" => args += &format!(" --{flag}"),
            _ => args += &format!(" --{flag} \"{value}\""),
        }
        let plain = value.parse::<f64>().is_ok() || *value == "true";
        config += &match plain {
            true => format!("{flag} = {value}\n"),
            false => format!("{flag} = \"{value}\"\n"),
        };
    }
    success(&args, dir);
    fs::write(dir.join(name).join("config.toml"), config).unwrap();
    let metrics = fs::read_to_string(dir.join(name).join("metrics.jsonl")).unwrap();
    serde_json::from_str(metrics.lines().last().unwrap()).unwrap()
}

fn close(a: &Value, b: &Value) -> bool {
    let [a, b] = [a, b].map(|v| v.as_f64().expect("a number"));
    (a - b).abs() <= 1e-6 * b.abs()
}

/// So it does whatever was minimised, and says what that was.
#[test]
fn eval_finds_any_loss() {
    let dir = folder();
    for (name, loss) in [("a", "HuberLoss(delta=0.5)"), ("b", "BCEWithLogitsLoss()")] {
        let flags = [
            ("model", "linear"),
            ("data", "digits"),
            ("epochs", "1"),
            ("loss", loss),
        ];
        let trained = run(dir.path(), name, &flags);
        let said = success(&format!("eval {name} --device cpu --json"), dir.path());
        let found: Value = serde_json::from_str(&said).expect("one object");
        assert!(
            close(&found["loss"], &trained["eval_loss"]),
            "{found} {trained}"
        );
        let said = success(&format!("eval {name} --device cpu"), dir.path());
        assert!(said.contains(&format!("loss ({loss}) ")), "{said}");
    }
}

/// `kiln eval` finds what training found, smoothing and standardising included, and says it all.
#[test]
fn eval_finds_what_training_found() {
    let dir = folder();
    let flags = [
        ("model", "small-cnn"),
        ("data", "digits"),
        ("epochs", "1"),
        ("standardize", "true"),
        ("label-smoothing", "0.1"),
    ];
    let trained = run(dir.path(), "run", &flags);
    let said = success("eval run --device cpu --json --worst 3", dir.path());
    let found: Value = serde_json::from_str(&said).expect("one object");
    assert!(
        close(&found["loss"], &trained["eval_loss"]),
        "{found} {trained}"
    );
    assert!(close(&found["accuracy"], &trained["eval_accuracy"]));
    assert_eq!(
        (&found["samples"], &found["top"][1]["k"]),
        (&359.into(), &5.into())
    );
    let sum = |row: &Value| -> u64 {
        let row = row.as_array().unwrap();
        row.iter().map(|n| n.as_u64().unwrap()).sum()
    };
    let confusion = found["confusion"].as_array().unwrap();
    for (row, class) in confusion.iter().zip(found["classes"].as_array().unwrap()) {
        assert_eq!(sum(row), class["support"].as_u64().unwrap());
    }
    assert_eq!(found["worst"].as_array().unwrap().len(), 3);
    let text = success("eval run --device cpu --split train", dir.path());
    for part in [
        "accuracy",
        "top-5",
        "precision",
        "confusion",
        "1438 training samples",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let e = refusal("eval run --device cpu --split val", dir.path(), 2);
    assert!(e.contains("has no validation split"), "{e}");
    let held = "train --device cpu --quiet --epochs 1 --val-fraction 0.2 --out held";
    success(held, dir.path());
    let said = success("eval held --device cpu --split val --json", dir.path());
    let judged: Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(judged["split"], "validation");
    let metrics = fs::read_to_string(dir.path().join("held/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert!(
        close(&judged["loss"], &last["eval_loss"]),
        "{judged} {last}"
    );
    // The same by hand, but for the smoothing.
    let by_hand = "eval --model small-cnn --weights run/model.safetensors --data digits";
    let said = success(
        &format!("{by_hand} --standardize --device cpu --json"),
        dir.path(),
    );
    let other: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(other["confusion"], found["confusion"]);
    // The best checkpoint comes first where there is one, and another can be asked for.
    let best = dir.path().join("run/checkpoints/best");
    fs::create_dir_all(&best).unwrap();
    fs::copy(
        dir.path().join("run/model.safetensors"),
        best.join("model.safetensors"),
    )
    .unwrap();
    for (flag, part) in [("", "best"), (" --checkpoint final", "weights: run/model")] {
        let said = success(&format!("eval run --device cpu{flag}"), dir.path());
        assert!(said.contains(part), "{said}");
    }
}

/// Tables: a regression's measures, other data by the run's statistics and class numbers, rows to
/// predict.
#[test]
fn tables_are_judged_and_predicted() {
    let dir = folder();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    let row = |i: i32| (i, f64::from(i * i % 17), f64::from(i) * 3.0 - 20.0);
    let rows = (0..60).map(row);
    let table = rows.map(|(i, a, b)| format!("{a},{b},{}\n", ["no", "yes"][usize::from(i >= 30)]));
    write("t.csv", format!("a,b,y\n{}", table.collect::<String>()));
    let classes = [
        ("model", "mlp"),
        ("data", "t.csv"),
        ("target", "y"),
        ("task", "classification"),
        ("standardize", "true"),
        ("epochs", "40"),
    ];
    run(dir.path(), "classes", &classes);
    // A table where the second class comes alone: it must keep its number.
    write(
        "other.csv",
        "a,b,y\n1,140,yes\n3,150,yes\n16,-20,no\n".into(),
    );
    let said = success(
        "eval classes --device cpu --data other.csv --json",
        dir.path(),
    );
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&found["samples"], &found["split"]),
        (&3.into(), &"given".into())
    );
    assert_eq!(found["accuracy"], 1.0, "{found}");
    write("unknown.csv", "a,b,y\n1,140,maybe\n1,2,yes\n".into());
    let e = refusal(
        "eval classes --device cpu --data unknown.csv",
        dir.path(),
        2,
    );
    assert!(e.contains("class `maybe` was not among"), "{e}");
    write("new.csv", "a,b\n1,140\n16,-20\n".into());
    let said = success("predict classes new.csv --device cpu", dir.path());
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("new.csv:2  yes "), "{said}");
    assert!(lines[1].starts_with("new.csv:3  no "), "{said}");
    // Columns are found by their names, and others are not taken for them.
    write("turned.csv", "b,a\n140,1\n-20,16\n".into());
    let turned = success("predict classes turned.csv --device cpu", dir.path());
    assert_eq!(turned.replace("turned", "new"), said);
    for (file, columns, why) in [
        ("foreign.csv", "a,c", "the model was trained on `b` too"),
        ("more.csv", "a,b,id", "the model does not know `id`"),
    ] {
        write(file, format!("{columns}\n1,2,3\n"));
        let e = refusal(
            &format!("predict classes {file} --device cpu"),
            dir.path(),
            2,
        );
        assert!(e.contains(why), "{e}");
    }
    write("swapped.csv", "b,a,y\n140,1,yes\n-20,16,no\n".into());
    let e = refusal(
        "eval classes --device cpu --data swapped.csv",
        dir.path(),
        2,
    );
    assert!(
        e.contains("its columns are b, a, but the model was trained on a, b"),
        "{e}"
    );
    write("short.csv", "a,b\n1\n".into());
    let e = refusal("predict classes short.csv --device cpu", dir.path(), 2);
    assert!(
        e.contains("line 2: a row of length 1; expected length 2"),
        "{e}"
    );

    let line = [
        ("model", "linear"),
        ("data", "line"),
        ("lr", "0.1"),
        ("epochs", "60"),
    ];
    let trained = run(dir.path(), "line", &line);
    let said = success(
        "eval line --checkpoint final --device cpu --json",
        dir.path(),
    );
    let found: Value = serde_json::from_str(&said).unwrap();
    assert!(
        close(&found["loss"], &trained["eval_loss"]),
        "{found} {trained}"
    );
    let points = data::load("line", &Options::default()).unwrap();
    let Targets::Values { data: goals, .. } = points.test.unwrap().targets else {
        panic!("a line has values")
    };
    let goals: Vec<f64> = goals.iter().map(|&g| f64::from(g)).collect();
    let mean = goals.iter().sum::<f64>() / goals.len() as f64;
    let variance = goals.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / goals.len() as f64;
    let r2 = 1.0 - found["loss"].as_f64().unwrap() / variance;
    assert!(
        close(&found["outputs"][0]["r2"], &r2.into()),
        "{found} {r2}"
    );
    assert!(success("eval line --device cpu", dir.path()).contains("R²"));
    let e = refusal("eval line --device cpu --top 2", dir.path(), 2);
    assert!(e.contains("--top has no effect"), "{e}");
}

/// Pictures of another size and with colours are brought to the model's; a picture of a digit is
/// taken for it.
#[test]
fn pictures_are_predicted() {
    let dir = folder();
    let flags = [("model", "small-cnn"), ("data", "digits"), ("epochs", "8")];
    run(dir.path(), "run", &flags);
    let digits = data::load("digits", &Options::default()).unwrap();
    let Features::Bytes { data, .. } = &digits.train.features else {
        panic!("digits are bytes")
    };
    let Targets::Classes(labels) = &digits.train.targets else {
        panic!("digits have classes")
    };
    let mut files = String::new();
    for i in 0..10 {
        let pixel =
            |x: u32, y: u32| (u32::from(data[i * 64 + (y * 8 + x) as usize]) * 255 / 16) as u8;
        let grey = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([pixel(x, y)]));
        let large = image::imageops::resize(&grey, 16, 16, image::imageops::FilterType::Nearest);
        let image = image::DynamicImage::from(large).into_rgb8();
        image.save(dir.path().join(format!("{i}.png"))).unwrap();
        files += &format!(" {i}.png");
    }
    let said = success(
        &format!("predict run{files} --device cpu --json --top 2"),
        dir.path(),
    );
    let right = said.lines().zip(labels).filter(|(line, label)| {
        let found: Value = serde_json::from_str(line).unwrap();
        let classes = found["classes"].as_array().unwrap();
        assert_eq!(classes.len(), 2);
        assert!(classes[0]["probability"].as_f64() >= classes[1]["probability"].as_f64());
        classes[0]["class"] == label.to_string()
    });
    assert!(right.count() >= 9, "{said}");
    // By hand, what stands where RUN would is a file.
    let by_hand = "predict 0.png --model small-cnn --weights run/model.safetensors --data digits";
    let said = success(&format!("{by_hand} --device cpu"), dir.path());
    assert!(
        said.starts_with(&format!("0.png  {} ", labels[0])),
        "{said}"
    );
    fs::write(dir.path().join("bad.png"), "no picture").unwrap();
    let e = refusal("predict run bad.png --device cpu", dir.path(), 2);
    assert!(
        e.contains("bad.png: its contents are neither a PNG nor a JPEG"),
        "{e}"
    );
    let e = refusal("predict run missing.png --device cpu", dir.path(), 2);
    assert!(e.contains("missing.png"), "{e}");
    for (args, part) in [
        ("eval nowhere", "nowhere: has no config.toml"),
        (
            "eval run --checkpoint nowhere",
            "expected best, last, final",
        ),
        ("eval run --top 11", "there are only 10 classes"),
        ("predict run", "name pictures or CSV files"),
        ("eval run --model mlp --weights x", "either RUN or --model"),
    ] {
        let e = refusal(&format!("{args} --device cpu"), dir.path(), 2);
        assert!(e.contains(part), "{args}: {e}");
    }
}

/// Weights so large that the answers overflow: the sample is named, and nothing is measured.
#[test]
fn what_is_no_number_is_not_judged() {
    let logits = Logits::new(vec![0.0, 1.0, f32::NEG_INFINITY, 0.0], 2);
    let names = ["a".to_string(), "b".to_string()];
    let e = classification(&logits, &[0, 0], &names, &Objective::default(), &[1], 1).unwrap_err();
    assert!(
        e.to_string()
            .contains("sample 1 (counted from 0): output 0"),
        "{e}"
    );
}

/// A trained model needs its run and nothing else: without its data it predicts, is judged on other data and is
/// exported as before; data that has changed since changes no answer, and is told of.
#[test]
fn a_run_does_without_its_data() {
    let dir = folder();
    let dir = dir.path();
    let row = |i: i32| {
        format!(
            "{},{},{}\n",
            i,
            200 - 3 * i,
            ["no", "yes"][usize::from(i >= 30)]
        )
    };
    let table: String = (0..60).map(row).collect();
    fs::write(dir.join("t.csv"), format!("a,b,y\n{table}")).unwrap();
    fs::write(dir.join("new.csv"), "a,b\n1,197\n50,40\n").unwrap();
    fs::write(dir.join("other.csv"), "a,b,y\n1,197,no\n50,40,yes\n").unwrap();
    success(
        "train --device cpu --data t.csv --target y --task classification --standardize --epochs 30 --quiet \
         --model mlp --out run",
        dir,
    );
    let ask = || {
        success("export run --onnx run.onnx", dir);
        [
            success("predict run new.csv --device cpu", dir),
            success("eval run --data other.csv --device cpu --json", dir),
            format!("{:?}", fs::read(dir.join("run.onnx")).unwrap()),
        ]
    };
    let before = ask();
    let judged = success("eval run --device cpu --json", dir);
    // One unit for another: statistics of this file are not those of the model.
    let scaled = |i: i32| row(i).replacen(&format!("{i},"), &format!("{},", 1000 * i), 1);
    let changed: String = (0..60).map(scaled).collect();
    fs::write(dir.join("t.csv"), format!("a,b,y\n{changed}")).unwrap();
    assert_eq!(ask(), before);
    let out = crate::cli::kiln("eval run --device cpu", dir);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && said.contains("has changed since the model was trained"),
        "{said}"
    );
    fs::remove_file(dir.join("t.csv")).unwrap();
    assert_eq!(ask(), before);
    let e = refusal("eval run --device cpu", dir, 2);
    assert!(
        e.contains("bring it back, or name other data with --data"),
        "{e}"
    );
    fs::write(
        dir.join("t.csv"),
        format!("a,b,y\n{}", table.replace("yes", "aye")),
    )
    .unwrap();
    let e = refusal("eval run --device cpu", dir, 2);
    assert!(
        e.contains("its answers are aye, no, the model's no, yes"),
        "{e}"
    );
    fs::write(dir.join("t.csv"), format!("a,b,y\n{table}")).unwrap();
    assert_eq!(success("eval run --device cpu --json", dir), judged);
}
