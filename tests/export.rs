//! ONNX files: read back here, and run by ONNX Runtime where there is a Python that has it. Blind,
//! without that Python, to what an operator's attributes mean.

use std::{collections::HashSet, env, fmt::Write, fs, path::Path, process::Command};

use kiln::{
    data::{self, Features, Options, Preprocessing, Task},
    eval::{Evaluator, Forward},
    exec::cpu::Cpu,
    export::{
        onnx::{self, About},
        proto::{DataType, DimensionValue, ModelProto, TensorProto, ValueInfoProto},
    },
    model::{Kind, Model, Network},
    rng::{Purpose, Rng},
};
use prost::Message;

use crate::cli::{folder, refusal, success};

/// Every preset and every option of every layer, on inputs that leave something over.
const NETWORKS: [(&str, &[u32]); 28] = [
    ("mlp", &[7]),
    ("mlp", &[3, 5, 4]),
    ("linear", &[3]),
    ("lenet", &[1, 28, 28]),
    ("small-cnn", &[3, 13, 11]),
    ("Linear(9, bias=False) ReLU Linear(4)", &[5]),
    (
        "Conv2d(6, (3, 2), stride=(2, 1), padding=(1, 0)) ReLU Flatten Linear(4)",
        &[4, 9, 10],
    ),
    (
        "Conv2d(6, 3, dilation=(2, 1), bias=False) Flatten Linear(4)",
        &[4, 9, 10],
    ),
    (
        "Conv2d(8, 3, padding=2, dilation=2, groups=4, stride=3) Flatten Linear(4)",
        &[4, 11, 10],
    ),
    (
        "Conv2d(4, 3, groups=2, bias=False) AdaptiveAvgPool2d(1) Flatten",
        &[2, 9, 7],
    ),
    (
        "MaxPool2d(3, stride=2, padding=1, ceil_mode=True) Flatten Linear(4)",
        &[2, 10, 8],
    ),
    (
        "MaxPool2d((2, 3), stride=(3, 2), ceil_mode=True) Flatten Linear(4)",
        &[2, 10, 12],
    ),
    (
        "MaxPool2d(3, stride=2, padding=(1, 0)) Flatten Linear(4)",
        &[2, 10, 9],
    ),
    (
        "AvgPool2d(3, stride=2, padding=1) Flatten Linear(4)",
        &[2, 10, 9],
    ),
    (
        "AvgPool2d(3, stride=2, padding=1, ceil_mode=True) Flatten Linear(4)",
        &[2, 10, 8],
    ),
    (
        "AvgPool2d((3, 2), stride=(2, 3), padding=(1, 1), ceil_mode=True, count_include_pad=False) Flatten Linear(4)",
        &[2, 10, 8],
    ),
    (
        "AvgPool2d(3, stride=4, ceil_mode=True) Flatten Linear(4)",
        &[2, 10, 9],
    ),
    (
        "Linear(9) LeakyReLU(0.2) Linear(9) ELU(0.7) Linear(9) Tanh Linear(4) Softmax",
        &[5],
    ),
    (
        "Linear(9) Sigmoid Linear(9) SiLU Linear(9) GELU Linear(4) LogSoftmax",
        &[5],
    ),
    (
        "GELU(approximate='tanh') AdaptiveAvgPool2d((2, 3)) Flatten Linear(4)",
        &[2, 10, 9],
    ),
    (
        "Conv2d(6, 3) BatchNorm2d(eps=1e-3) ReLU Residual(Conv2d(8, 3, padding=1, stride=2), BatchNorm2d(affine=False), \
         shortcut=Sequential(Conv2d(8, 1, stride=2), BatchNorm2d)) ReLU Flatten Linear(4)",
        &[2, 10, 9],
    ),
    (
        "Linear(6) BatchNorm1d Residual(Tanh, Linear(6)) Linear(4)",
        &[5],
    ),
    (
        "ConvTranspose2d(3, (3, 2), stride=(2, 3), padding=1, output_padding=(1, 2)) ReLU \
         ConvTranspose2d(2, 2, bias=False, dilation=2) AdaptiveAvgPool2d((5, 9)) Flatten Linear(4)",
        &[2, 4, 3],
    ),
    (
        "AdaptiveAvgPool2d((7, 6)) AdaptiveAvgPool2d((3, 6)) Flatten Linear(4)",
        &[2, 5, 9],
    ),
    (
        "Embedding(3, 5) Transpose(1, 2) AdaptiveAvgPool1d(1) Flatten Linear(4)",
        &[6],
    ),
    ("resnet8", &[3, 16, 16]),
    ("mlp-mixer", &[3, 8, 12]),
    (
        "Conv2d(6, 3) GroupNorm(3) Dropout LayerNorm(5) GroupNorm(2, affine=False) Flatten LayerNorm(elementwise_affine=False) \
         Linear(4)",
        &[2, 10, 7],
    ),
];

const SAMPLES: usize = 5;

fn outputs(model: &str) -> u32 {
    if model == "linear" { 1 } else { 4 }
}

fn fitted(model: &str, input: &[u32]) -> Network {
    let parsed = Model::parse(model, input, outputs(model)).unwrap();
    let fitted = parsed.fit(input, outputs(model));
    fitted.unwrap_or_else(|e| panic!("{model}: {e}"))
}

fn task(outputs: u32) -> Task {
    Task::Classification {
        classes: (0..outputs).map(|c| format!("class {c}")).collect(),
    }
}

/// The network as a file holds it, with its weights.
fn exported(
    model: &str,
    network: &Network,
    preprocessing: &Preprocessing,
    in_graph: bool,
) -> Vec<u8> {
    let about = About {
        model,
        data: "noise",
        task: &task(network.outputs),
        preprocessing,
        in_graph,
    };
    let model = onnx::model(network, &network.init(37), &about).unwrap();
    model.encode_to_vec()
}

fn plain(channels: u32) -> Preprocessing {
    Preprocessing {
        center: vec![0.0; channels as usize],
        scale: vec![1.0; channels as usize],
    }
}

fn floats(t: &TensorProto) -> Vec<f32> {
    let bytes = t.raw_data.as_ref().expect("raw data");
    let words = bytes.chunks_exact(4);
    words
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

/// `name [batch, 1, 28, 28]`.
fn typed(v: &ValueInfoProto) -> String {
    let tensor = v.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
    assert_eq!(tensor.elem_type(), DataType::Float);
    let dims = tensor.shape.as_ref().unwrap().dim.iter();
    let dims = dims.map(|d| match d.value.as_ref().unwrap() {
        DimensionValue::DimValue(n) => n.to_string(),
        DimensionValue::DimParam(name) => name.clone(),
    });
    format!("{} [{}]", v.name(), dims.collect::<Vec<_>>().join(", "))
}

/// Names, shapes, operators and weights survive; every value is made before it is taken.
#[test]
fn files_read_back() {
    for (text, input) in NETWORKS {
        let network = fitted(text, input);
        let bytes = exported(text, &network, &plain(input[0]), false);
        let model = ModelProto::decode(&bytes[..]).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(model.ir_version, Some(onnx::IR_VERSION));
        assert_eq!(model.opset_import[0].version, Some(onnx::OPSET));
        let graph = model.graph.as_ref().unwrap();
        let sizes: Vec<String> = input.iter().map(u32::to_string).collect();
        assert_eq!(
            typed(&graph.input[0]),
            format!("input [batch, {}]", sizes.join(", "))
        );
        assert_eq!(
            typed(&graph.output[0]),
            format!("logits [batch, {}]", network.outputs)
        );
        let all = network.params().zip(network.init(37));
        for (param, values) in all.filter(|(p, _)| p.kind != Kind::Counter) {
            let stored = graph.initializer.iter().find(|t| t.name() == param.name);
            let stored = stored.unwrap_or_else(|| panic!("{text}: no {}", param.name));
            assert_eq!(floats(stored), values);
            assert!(
                stored.dims.iter().eq(param
                    .shape
                    .iter()
                    .map(|&d| i64::from(d))
                    .collect::<Vec<_>>()
                    .iter())
            );
        }
        let mut known: HashSet<&str> = graph.initializer.iter().map(|t| t.name()).collect();
        known.insert("input");
        for node in &graph.node {
            for name in &node.input {
                assert!(
                    known.contains(name.as_str()),
                    "{text}: {name} comes from nowhere"
                );
            }
            for name in &node.output {
                assert!(known.insert(name), "{text}: {name} is made twice");
            }
        }
        assert!(known.contains("logits"), "{text}");
    }
    let network = fitted("lenet", &[1, 28, 28]);
    let model = ModelProto::decode(&exported("lenet", &network, &plain(1), false)[..]).unwrap();
    let graph = model.graph.unwrap();
    let ops: Vec<&str> = graph.node.iter().map(|n| n.op_type()).collect();
    assert_eq!(
        ops,
        [
            "Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm"
        ]
    );
    let metadata: Vec<(&str, &str)> = model
        .metadata_props
        .iter()
        .map(|e| (e.key(), e.value()))
        .collect();
    assert_eq!(metadata[0], ("kiln.model", "lenet"));
    assert_eq!(
        metadata[2],
        (
            "kiln.preprocessing",
            r#"{"center":[0.0],"in_graph":false,"scale":[1.0]}"#
        )
    );
    assert_eq!(metadata[3].0, "kiln.classes");
}

/// Numbers between −2 and 2, which padding with zeros must not be mistaken for; indices for a table.
fn noise(network: &Network, samples: usize, seed: u64) -> Vec<f32> {
    let width = network.input.iter().product::<u32>() as usize;
    let mut rng = Rng::new(seed, Purpose::Weights, 0);
    let mut draw = || match network.table() {
        Some(rows) => rng.below(rows) as f32,
        None => rng.uniform(-2.0, 2.0) as f32,
    };
    (0..samples * width).map(|_| draw()).collect()
}

fn answers(network: &Network, input: &[f32]) -> Vec<f32> {
    let forward = Forward::record(network, 3).unwrap();
    let exec = Box::new(Cpu::naive(forward.plan.clone()).unwrap());
    let mut evaluator = Evaluator::new(exec, &forward, &network.init(37)).unwrap();
    let logits = evaluator.logits(&Features::Floats(input.to_vec())).unwrap();
    logits.data().to_vec()
}

fn write_floats(path: &Path, values: &[f32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    fs::write(path, bytes).unwrap();
}

/// The interpreter of `KILN_TEST_PYTHON`, if it can import what is asked for, or why not.
fn python(modules: &str) -> Result<String, String> {
    let python = env::var("KILN_TEST_PYTHON")
        .map_err(|_| "KILN_TEST_PYTHON names no interpreter".to_string())?;
    let tried = Command::new(&python)
        .args(["-c", &format!("import {modules}")])
        .output();
    match tried {
        Ok(out) if out.status.success() => Ok(python),
        Ok(out) => {
            let why = String::from_utf8_lossy(&out.stderr).trim().to_string();
            Err(format!("{python} cannot import {modules}: {why}"))
        }
        Err(e) => Err(format!("{python} does not start: {e}")),
    }
}

/// Checks every file with ONNX's own checker, and compares what ONNX Runtime answers.
const SCRIPT: &str = r#"
import sys, numpy as np, onnx, onnxruntime
onnxruntime.set_default_logger_severity(3)
for line in open("cases.txt"):
    name, *dims = line.split()
    model = onnx.load(name + ".onnx")
    onnx.checker.check_model(model, full_check=True)
    x = np.fromfile(name + ".in", "<f4").reshape([int(d) for d in dims])
    want = np.fromfile(name + ".out", "<f4").reshape(x.shape[0], -1)
    session = onnxruntime.InferenceSession(name + ".onnx", providers=["CPUExecutionProvider"])
    got, = session.run(["logits"], {"input": x})
    scale = np.abs(want).max()
    worst = np.abs(got - want).max() / scale
    one, = session.run(["logits"], {"input": x[:1]})
    assert got.shape == want.shape and one.shape[0] == 1, (name, got.shape, want.shape)
    assert worst < 1e-5, (name, worst)
    print(name, worst)
"#;

/// ONNX Runtime answers what the twins answer, for every layer and option.
#[test]
fn onnx_runtime_agrees() {
    let python = match python("onnx, onnxruntime, numpy") {
        Ok(python) => python,
        Err(why) => {
            // Past the test harness, which keeps what macros print to itself.
            let networks = NETWORKS.len() + 1;
            let said = format!("SKIPPED export::onnx_runtime_agrees, {networks} networks: {why}\n");
            std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();
            return;
        }
    };
    let dir = folder();
    let mut cases = String::new();
    let mut case = |name: String, bytes: Vec<u8>, input: &[u32], x: &[f32], want: &[f32]| {
        fs::write(dir.path().join(format!("{name}.onnx")), bytes).unwrap();
        write_floats(&dir.path().join(format!("{name}.in")), x);
        write_floats(&dir.path().join(format!("{name}.out")), want);
        let dims: Vec<String> = input.iter().map(u32::to_string).collect();
        let samples = x.len() / input.iter().product::<u32>() as usize;
        writeln!(cases, "{name} {samples} {}", dims.join(" ")).unwrap();
    };
    for (i, (text, input)) in NETWORKS.iter().enumerate() {
        let network = fitted(text, input);
        let x = noise(&network, SAMPLES, i as u64);
        let bytes = exported(text, &network, &plain(input[0]), false);
        case(format!("case{i}"), bytes, input, &x, &answers(&network, &x));
    }
    // Raw numbers, prepared in the graph.
    let network = fitted("Conv2d(5, 3) ReLU Flatten Linear(4)", &[2, 6, 5]);
    let preprocessing = Preprocessing {
        center: vec![70.5, 131.25],
        scale: vec![0.013, 0.0071],
    };
    let raw: Vec<f32> = noise(&network, SAMPLES, 99)
        .iter()
        .map(|x| (x * 63.0 + 127.0).round())
        .collect();
    let prepare = |(i, &v): (usize, &f32)| {
        let c = i / 30 % 2;
        ((f64::from(v) - preprocessing.center[c]) * preprocessing.scale[c]) as f32
    };
    let prepared: Vec<f32> = raw.iter().enumerate().map(prepare).collect();
    let bytes = exported("raw", &network, &preprocessing, true);
    case(
        "raw".into(),
        bytes,
        &[2, 6, 5],
        &raw,
        &answers(&network, &prepared),
    );
    fs::write(dir.path().join("cases.txt"), cases).unwrap();
    let out = Command::new(python)
        .args(["-c", SCRIPT])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let [said, errors] =
        [&out.stdout, &out.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    assert!(out.status.success(), "{said}{errors}");
    assert_eq!(said.lines().count(), NETWORKS.len() + 1, "{said}");
}

/// `kiln export` writes what it says, from a run and by hand.
#[test]
fn the_command_writes_a_file() {
    let dir = folder();
    success(
        "train --device cpu --quiet --out run --max-steps 3 --standardize",
        dir.path(),
    );
    let config = "model = \"small-cnn\"\ndata = \"digits\"\nstandardize = true\n";
    fs::write(dir.path().join("run/config.toml"), config).unwrap();
    let said = success("export run --onnx m.onnx --with-preprocessing", dir.path());
    assert!(said.contains("input  `input` [batch, 1, 8, 8]"), "{said}");
    let bytes = fs::read(dir.path().join("m.onnx")).unwrap();
    let model = ModelProto::decode(&bytes[..]).unwrap();
    let graph = model.graph.unwrap();
    let ops: Vec<&str> = graph.node.iter().map(|n| n.op_type()).collect();
    assert_eq!(&ops[..3], ["Sub", "Mul", "Conv"]);
    let options = Options {
        standardize: true,
        ..Options::default()
    };
    let digits = data::load("digits", &options).unwrap();
    let scale = graph
        .initializer
        .iter()
        .find(|t| t.name() == "preprocessing.scale")
        .unwrap();
    let std = digits.standardization.unwrap().std[0];
    assert!((f64::from(floats(scale)[0]) * 16.0 * std - 1.0).abs() < 1e-5);
    assert_eq!(scale.dims, [1, 1, 1, 1]);
    let by_hand = "--model small-cnn --weights run/model.safetensors --data digits --standardize";
    success(&format!("export {by_hand} --onnx n.onnx"), dir.path());
    let e = refusal("export run --onnx missing/m.onnx", dir.path(), 2);
    assert!(e.contains("missing"), "{e}");
    let e = refusal("export --model mlp --weights x --onnx y", dir.path(), 2);
    assert!(
        e.contains("expected all of --model, --weights and --data"),
        "{e}"
    );
}
