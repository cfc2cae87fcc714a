//! Layers that remember or drop something, and losses, in whole runs on all machines, against PyTorch where it has
//! a say (`golden/layers.*`, made by `make_layers.py`).

use std::sync::Arc;

use kiln::{
    data::{Dataset, Features, Names, Options, Split, Targets, Task},
    eval::{Evaluator, Forward},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::{Kind, Network, PRESETS},
    ops::{Hyper, as_words, pointwise_loss::Pointwise},
    optim::Sgd,
    plan::{Plan, Slice},
    record::{Recorder, Tensor, Window},
    train::{Config, Loss, OnNonFinite, Order, Session, Snapshot, Trainer, Weights},
};
use serde_json::Value;

use crate::{
    common::{buffer, compare, golden, gpu, largest},
    methods::{MACHINES, constant},
    trajectories::{Rows, dataset},
};

fn classes(n: u32) -> Task {
    Task::Classification {
        classes: (0..n).map(|c| c.to_string()).collect(),
    }
}

/// Samples of this shape, and the first of them once more to evaluate on.
fn data(shape: &[u32], task: Task, values: Vec<f32>, targets: Targets, test: usize) -> Dataset {
    let width = shape.iter().product::<u32>() as usize;
    let split = |len: usize| {
        let targets = match &targets {
            Targets::Classes(labels) => Targets::Classes(labels[..len].to_vec()),
            Targets::Values { .. } => panic!("these tests have classes"),
        };
        Split {
            features: Features::Floats(values[..len * width].to_vec()),
            targets,
            len,
            names: Names::default(),
        }
    };
    Dataset {
        name: "given".into(),
        shape: shape.to_vec(),
        columns: Vec::new(),
        task,
        train: split(values.len() / width),
        val: None,
        test: (test > 0).then(|| split(test)),
        test_fraction: None,
        standardization: None,
        summary: String::new(),
    }
}

/// Images that no network has seen, of this size.
fn noise(shape: &[u32], samples: usize) -> Dataset {
    let mut rng = kiln::rng::Rng::new(31, kiln::rng::Purpose::Test, 0);
    let width = shape.iter().product::<u32>() as usize;
    let labels = (0..samples).map(|_| rng.below(5)).collect();
    let values = rng.floats(samples * width);
    data(
        shape,
        classes(5),
        values,
        Targets::Classes(labels),
        samples.min(8),
    )
}

/// The machine of this name, for any plan.
fn on(machine: &str, plan: &Arc<Plan>) -> Box<dyn Executor> {
    match machine {
        "twins" => Box::new(Cpu::naive(plan.clone()).unwrap()),
        "GPU" => Box::new(GpuExecutor::new(gpu(), plan).unwrap()),
        _ => Box::new(Cpu::new(plan.clone()).unwrap()),
    }
}

fn fitted(model: &str, data: &Dataset) -> Network {
    kiln::fit::network(model, data).unwrap()
}

/// Batch normalisations of three kinds, group and layer normalisation and a residual block follow PyTorch's run in
/// f64: losses, parameters, running statistics and the counts of batches, and the answers in evaluation.
#[test]
fn a_run_with_statistics_is_pytorchs() {
    let golden = golden::open("layers");
    let json = &golden.json;
    let number = |key: &str| golden::number(&json[key]);
    let labels = golden.integers("run/y");
    let values = golden.floats("run/x");
    let data = data(&[2, 8, 8], classes(5), values, Targets::Classes(labels), 4);
    let network = fitted(json["model"].as_str().unwrap(), &data);
    let state = |at: &str| -> Vec<Vec<f32>> {
        let one = |p: &kiln::model::Param| golden.floats(&format!("run/{at}.{}", p.name));
        network.params().map(one).collect()
    };
    let config = Config {
        batch_size: number("batch") as u32,
        optimizer: Sgd {
            momentum: number("momentum"),
            weight_decay: number("weight_decay"),
            ..Sgd::plain()
        }
        .into(),
        order: Order::Sequential,
        ..Config::default()
    };
    let session = Session::record(&network, &data, &config).unwrap();
    for (machine, open) in MACHINES {
        let rate = constant(number("lr"));
        let exec = open(&session);
        let mut trainer =
            Trainer::new(exec, &session, &config, rate, &data, &state("init")).unwrap();
        let mut rows = Rows::default();
        assert!(trainer.run(number("steps") as u64, &mut rows).unwrap());
        let losses: Vec<f32> = rows.0.iter().map(|row| row.loss as f32).collect();
        compare(&golden.floats("run/loss"), &losses, 0.0, 2e-5)
            .unwrap_or_else(|why| panic!("{machine}: loss {why}"));
        let weights = trainer.weights().unwrap();
        for ((param, want), got) in network.params().zip(state("after")).zip(&weights) {
            compare(&want, got, 2e-5 * largest(&want) + 1e-6, 0.0)
                .unwrap_or_else(|why| panic!("{machine}: {} {why}", param.name));
        }
        let forward = Forward::record(&network, 4).unwrap();
        let exec = on(machine, &forward.plan);
        let mut evaluator = Evaluator::new(exec, &forward, &weights).unwrap();
        let test = &data.test.as_ref().unwrap().features;
        let answers = evaluator.logits(test).unwrap();
        compare(&golden.floats("run/eval"), answers.data(), 1e-4, 0.0)
            .unwrap_or_else(|why| panic!("{machine}: evaluation {why}"));
    }
}

/// A case of the golden file as a program: its loss or its output, and its gradients.
fn follow_case(case: &Value) {
    let golden = golden::open("layers");
    let name = case["name"].as_str().unwrap();
    let floats = |tensor: &str| golden.floats(&format!("{name}/{tensor}"));
    let shape = golden.shape(&format!("{name}/x"));
    let number = |key: &str| golden::number(&case["params"][key]) as f32;
    let mut r = Recorder::new(1);
    let mut params: Vec<(Tensor, Vec<f32>, &str)> = Vec::new();
    let mut param = |r: &mut Recorder, tensor: &'static str| {
        let p = r.param(&golden.shape(&format!("{name}/{tensor}")));
        params.push((p, floats(tensor), tensor));
        p
    };
    let (mut goals, mut indices) = (Vec::new(), Vec::new());
    type Forward = Box<dyn Fn(&mut Recorder) -> Tensor>;
    let mut forward: Option<Forward> = None;
    let pair = |key: &str, default: u32| match &case["params"][key] {
        Value::Null => [default; 2],
        list => [0, 1].map(|i| golden::number(&list[i]) as u32),
    };
    r.begin("case", 1);
    let op = case["op"].as_str().unwrap();
    // A loss hands its gradient on as it is: nothing goes back from its own input.
    let x = match op {
        "group_norm" | "conv_transpose2d" | "adaptive_avg_pool2d" => param(&mut r, "x"),
        _ => r.input("x", &shape),
    };
    match op {
        "group_norm" => {
            let affine = [param(&mut r, "weight"), param(&mut r, "bias")];
            let channels = shape[1];
            let plane = x.at.len / shape[0] / channels;
            let size = channels / number("groups") as u32 * plane;
            forward = Some(Box::new(move |r| {
                r.group_norm(x, Some(affine), size, [plane, channels], 1e-5)
            }));
        }
        "conv_transpose2d" => {
            let [weight, bias] = [param(&mut r, "weight"), param(&mut r, "bias")];
            let &[_, _, kh, kw] = weight.shape() else {
                panic!("{name}: weight {:?}", weight.shape())
            };
            let window = Window {
                stride: pair("stride", 1),
                padding: pair("padding", 0),
                dilation: pair("dilation", 1),
                ..Window::new([kh, kw])
            };
            let more = pair("output_padding", 0);
            forward = Some(Box::new(move |r| {
                r.conv_transpose2d(x, weight, Some(bias), window, more, false)
            }));
        }
        "adaptive_avg_pool2d" => {
            let size = pair("size", 0);
            forward = Some(Box::new(move |r| r.adaptive_avg_pool2d(x, size)));
        }
        "embedding" => {
            let integers = golden.integers(&format!("{name}/x"));
            indices = integers.iter().map(|&i| i as f32).collect();
            let weight = param(&mut r, "weight");
            forward = Some(Box::new(move |r| r.embedding(x, weight)));
        }
        _ => {}
    }
    let loss = match op {
        _ if forward.is_some() => {
            let y = forward.as_ref().unwrap()(&mut r);
            let goal = r.input("goal", &[1, y.at.len]);
            r.mse(y.view(&[1, y.at.len]), goal)
        }
        "weighted_cross_entropy" => {
            let labels = golden.integers(&format!("{name}/target"));
            goals = [as_words(&labels), &floats("weight")].concat();
            let goal = r.input("goal", &[goals.len() as u32]);
            r.weighted_cross_entropy(x, goal, labels.len() as u32, number("label_smoothing"))
        }
        _ => {
            let labels = golden.integers(&format!("{name}/target"));
            goals = as_words(&labels).to_vec();
            let goal = r.input("goal", &[goals.len() as u32]);
            let loss = match op {
                "mse" => Pointwise::Mse,
                "l1" => Pointwise::L1,
                "huber" => Pointwise::Huber(number("delta")),
                _ => Pointwise::BceWithLogits,
            };
            r.pointwise(x, goal, loss, true)
        }
    };
    match &forward {
        Some(_) => r.backward(loss),
        None => params.push((x, floats("x"), "x")),
    }
    r.end();
    // Recorded last, so that nothing takes the place of its output.
    if let Some(forward) = forward {
        r.begin("forward", 1);
        forward(&mut r);
        r.end();
    }
    r.seal();
    let plan = Arc::new(r.finish());
    for (machine, _) in MACHINES {
        let (y, gradients) = run_case(&plan, machine, &params, [&goals, &indices], name);
        let close = |want: &[f32], got: &[f32], what: &str| {
            compare(want, got, 3e-6 * largest(want), 0.0)
                .unwrap_or_else(|why| panic!("{name}: {machine}: {what} {why}"));
        };
        close(&floats("y"), &y, "y");
        for ((_, _, tensor), got) in params.iter().zip(gradients) {
            close(&floats(&format!("d{tensor}")), &got, tensor);
        }
    }
}

/// The output or the loss, and the gradients. The gradient that comes from above a layer is the golden one.
fn run_case(
    plan: &Arc<Plan>,
    machine: &str,
    params: &[(Tensor, Vec<f32>, &str)],
    [goals, indices]: [&[f32]; 2],
    name: &str,
) -> (Vec<f32>, Vec<Vec<f32>>) {
    let mut exec = on(machine, plan);
    for (param, values, _) in params {
        exec.write(param.at, values).unwrap();
    }
    for (input, values) in [("goal", goals), ("x", indices)] {
        if !values.is_empty() {
            exec.write(buffer(plan, input), values).unwrap();
        }
    }
    let program = plan.program("case").unwrap();
    let mut y = None;
    if let Some(forward) = plan.program("forward") {
        exec.run(forward, &[Hyper::default()]).unwrap();
        let last = &plan.dispatches[forward.range.end - 1];
        let values = exec.read(last.writes()[0]).unwrap();
        // The goal that makes the mean squared error's gradient what is to come from above.
        let dy = golden::open("layers").floats(&format!("{name}/dy"));
        let half = values.len() as f32 / 2.0;
        let goal = values.iter().zip(&dy).map(|(y, dy)| y - dy * half);
        exec.write(buffer(plan, "goal"), &goal.collect::<Vec<_>>())
            .unwrap();
        y = Some(values);
    }
    exec.run(program, &[Hyper::default()]).unwrap();
    let log = exec.read(buffer(plan, "log")).unwrap();
    let grads = exec.read(buffer(plan, "grads")).unwrap();
    if y.is_none() {
        let loss = &plan.dispatches[program.range.start];
        return (vec![log[0]], vec![exec.read(loss.writes()[1]).unwrap()]);
    }
    let of = |(p, _, _): &(Tensor, Vec<f32>, &str)| {
        let Slice { offset, len, .. } = p.at;
        grads[offset as usize..][..len as usize].to_vec()
    };
    (y.unwrap_or_default(), params.iter().map(of).collect())
}

/// Group normalisation, transposed convolutions, adaptive pooling, embeddings, losses of classes and weighted cross-entropy, forward and backward.
#[test]
fn layers_and_losses_match_pytorch() {
    let cases = golden::open("layers").cases();
    assert_eq!(cases.len(), 18);
    cases.iter().for_each(follow_case);
}

/// Indices of a table train it the same on every machine; what is no index is refused where it lies, when a network is
/// trained and when it answers.
#[test]
fn embeddings_train() {
    let (samples, length, rows) = (41, 6, 9);
    let mut rng = kiln::rng::Rng::new(5, kiln::rng::Purpose::Test, 0);
    let values: Vec<f32> = (0..samples * length)
        .map(|_| rng.below(rows) as f32)
        .collect();
    let labels = values.chunks(length).map(|s| s[2] as u32 % 5).collect();
    let mut data = data(
        &[length as u32],
        classes(5),
        values,
        Targets::Classes(labels),
        8,
    );
    let network = fitted("Embedding(9, 4) Transpose(1, 2) Flatten Linear(5)", &data);
    let weights = network.init(3);
    let config = config(1);
    let session = Session::record(&network, &data, &config).unwrap();
    let mut all = Vec::new();
    for (machine, open) in MACHINES {
        let (exec, rate) = (open(&session), constant(0.2));
        let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
        let mut rows = Rows::default();
        assert!(trainer.run(150, &mut rows).unwrap());
        let losses: Vec<f32> = rows.0.iter().map(|row| row.loss as f32).collect();
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
        let (first, last) = (mean(&losses[..10]), mean(&losses[140..]));
        assert!(last < 0.3 * first, "{machine}: from {first} to {last}");
        all.push(losses[..20].to_vec());
    }
    for other in &all[1..] {
        compare(&all[0], other, 1e-4, 1e-3).unwrap();
    }
    let forward = Forward::record(&network, 4).unwrap();
    let exec = on("twins", &forward.plan);
    let mut evaluator = Evaluator::new(exec, &forward, &weights).unwrap();
    let e = evaluator.logits(&Features::Floats(vec![0.5; 6]));
    let e = e.map(|_| ()).unwrap_err().to_string();
    assert!(e.contains("given sample 0"), "{e}");
    let Features::Floats(values) = &mut data.train.features else {
        panic!("indices are floats")
    };
    values[13] = 9.0;
    let e = Session::record(&network, &data, &config);
    let e = e.map(|_| ()).unwrap_err().to_string();
    assert!(
        e.contains("training sample 2 (counted from 0), feature 1: 9 is no index"),
        "{e}"
    );
}

/// A model with everything that remembers or drops something.
const MODEL: &str = "Conv2d(4, 3, padding=1, bias=False) BatchNorm2d ReLU Dropout(0.2) \
    Residual(Conv2d(4, 3, padding=1), BatchNorm2d(momentum=None), ReLU, Dropout(0.1)) AdaptiveAvgPool2d(2) Flatten \
    Dropout Linear(5)";

fn config(accumulate: u32) -> Config {
    Config {
        batch_size: 4,
        accumulate,
        ema: Some(0.9),
        seed: 7,
        ..Config::default()
    }
}

/// Interrupted in the middle of an epoch, a run with running statistics and dropout goes on to the same bits; so does
/// one whose updates are of several batches, each of which counts in the statistics.
#[test]
fn runs_go_on_to_the_bit() {
    let data = noise(&[2, 6, 6], 26);
    let network = fitted(MODEL, &data);
    for accumulate in [1, 3] {
        let config = config(accumulate);
        let session = Session::record(&network, &data, &config).unwrap();
        let weights = network.init(config.seed);
        for (machine, open) in MACHINES {
            let new = || {
                let exec = open(&session);
                Trainer::new(exec, &session, &config, constant(0.05), &data, &weights).unwrap()
            };
            let steps = 9;
            let mut whole = new();
            assert!(whole.run(steps, &mut Rows::default()).unwrap());
            let mut first = new();
            assert!(first.run(4, &mut Rows::default()).unwrap());
            let saved: Snapshot = first.snapshot().unwrap();
            let mut second = new();
            second.restore(&saved).unwrap();
            assert!(second.run(steps, &mut Rows::default()).unwrap());
            let (want, got) = (whole.snapshot().unwrap(), second.snapshot().unwrap());
            assert_eq!(want, got, "{machine}, {accumulate}");
            let counts: Vec<f32> = network
                .params()
                .zip(&got.weights)
                .filter(|(p, _)| p.kind == Kind::Counter)
                .map(|(_, count)| count[0])
                .collect();
            // 26 samples are 7 batches, which make 7 updates or 3.
            let batches = if accumulate == 1 { 9.0 } else { 21.0 };
            assert_eq!(counts, [batches; 2], "{machine}, {accumulate}");
        }
    }
}

/// What is dropped is the same on every machine, and changes from update to update and with the seed.
#[test]
fn machines_drop_the_same() {
    let data = noise(&[2, 6, 6], 26);
    let network = fitted(MODEL, &data);
    let losses = |seed: u64| -> Vec<Vec<f32>> {
        let config = Config { seed, ..config(1) };
        let session = Session::record(&network, &data, &config).unwrap();
        let weights = network.init(7);
        let run = |(_, open): (&str, crate::methods::Open)| {
            let exec = open(&session);
            let rate = constant(0.05);
            let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
            let mut rows = Rows::default();
            assert!(trainer.run(5, &mut rows).unwrap());
            rows.0.iter().map(|row| row.loss as f32).collect()
        };
        MACHINES.into_iter().map(run).collect()
    };
    let (one, other) = (losses(7), losses(8));
    for found in &one[1..] {
        compare(&one[0], found, 0.0, 1e-4).unwrap();
    }
    assert_ne!(one[0], other[0]);
}

/// A batch that is not finite leaves no NaN in the running statistics, and looking into it moves them no further.
#[test]
fn statistics_stay_finite() {
    let mut data = noise(&[2, 6, 6], 24);
    data.test = None;
    let Features::Floats(values) = &mut data.train.features else {
        panic!("noise is floats")
    };
    values[9 * 72 + 5] = f32::NAN;
    let network = fitted(MODEL, &data);
    let config = Config {
        on_nonfinite: OnNonFinite::Skip,
        order: Order::Sequential,
        ..config(1)
    };
    let session = Session::record(&network, &data, &config).unwrap();
    let weights = network.init(3);
    for (machine, open) in MACHINES {
        let exec = open(&session);
        let rate = constant(0.05);
        let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
        assert!(trainer.run(6, &mut Rows::default()).unwrap());
        assert_eq!(trainer.left_out(), 1, "{machine}");
        for (param, values) in network.params().zip(trainer.weights().unwrap()) {
            assert!(
                values.iter().all(|x| x.is_finite()),
                "{machine}: {}",
                param.name
            );
            if param.kind == Kind::Counter {
                assert_eq!(values, [6.0], "{machine}: {}", param.name);
            }
        }
    }
}

/// Averaged weights are saved and evaluated with the running statistics of the run.
#[test]
fn averages_have_the_runs_statistics() {
    let data = noise(&[2, 6, 6], 24);
    let network = fitted(MODEL, &data);
    let config = config(1);
    let session = Session::record(&network, &data, &config).unwrap();
    let (_, open) = MACHINES[1];
    let weights = network.init(3);
    let mut trainer = Trainer::new(
        open(&session),
        &session,
        &config,
        constant(0.05),
        &data,
        &weights,
    )
    .unwrap();
    assert!(trainer.run(6, &mut Rows::default()).unwrap());
    let (raw, ema) = (
        trainer.weights().unwrap(),
        trainer.averaged(Weights::Ema).unwrap().unwrap(),
    );
    for ((param, raw), ema) in network.params().zip(&raw).zip(&ema) {
        assert_eq!(raw == ema, param.kind != Kind::Trained, "{}", param.name);
    }
}

/// A batch of one sample has no variance: refused in words.
#[test]
fn one_number_a_channel_is_refused() {
    let data = noise(&[6], 9);
    let network = fitted("Linear(4) BatchNorm1d Linear(5)", &data);
    let e = Session::record(&network, &data, &config(1))
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        e.contains("layer 1, BatchNorm1d") && e.contains("--drop-last"),
        "{e}"
    );
}

/// Losses that the data cannot have are refused, and the others learn.
#[test]
fn losses_train() {
    let data = noise(&[6], 40);
    let network = fitted("Linear(24) Tanh Linear(5)", &data);
    let with = |loss: &str| Config {
        loss: Loss::parse(loss).unwrap().0,
        ..config(1)
    };
    let e = Session::record(&network, &data, &with("CrossEntropyLoss(weight=[1, 2])"));
    let e = e.map(|_| ()).unwrap_err().to_string();
    assert!(e.contains("2 weights, but the data 5 classes"), "{e}");
    let mut values = dataset("linreg");
    let line = fitted("Linear(1)", &values);
    let e = Session::record(&line, &values, &with("BCEWithLogitsLoss()"));
    let e = e.map(|_| ()).unwrap_err().to_string();
    assert!(e.contains("from 0 to 1") && e.contains("sample"), "{e}");
    if let Targets::Values { data, .. } = &mut values.train.targets {
        data.iter_mut()
            .for_each(|goal| *goal = goal.clamp(0.0, 1.0));
    }
    Session::record(&line, &values, &with("BCEWithLogitsLoss()")).unwrap();
    for loss in [
        "CrossEntropyLoss(weight=[1, 2, 0.5, 1, 3])",
        "BCEWithLogitsLoss()",
        "MSELoss()",
        "L1Loss()",
        "HuberLoss(delta=0.5)",
    ] {
        let config = with(loss);
        let session = Session::record(&network, &data, &config).unwrap();
        let weights = network.init(3);
        let mut all = Vec::new();
        for (machine, open) in MACHINES {
            let exec = open(&session);
            let rate = constant(0.1);
            let mut trainer = Trainer::new(exec, &session, &config, rate, &data, &weights).unwrap();
            let mut rows = Rows::default();
            assert!(trainer.run(60, &mut rows).unwrap());
            let losses: Vec<f32> = rows.0.iter().map(|row| row.loss as f32).collect();
            let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
            let (first, last) = (mean(&losses[..10]), mean(&losses[50..]));
            assert!(
                last < first,
                "{machine}: {loss} goes from {first} to {last}"
            );
            all.push(losses[..10].to_vec());
        }
        for other in &all[1..] {
            compare(&all[0], other, 1e-4, 1e-3).unwrap_or_else(|why| panic!("{loss}: {why}"));
        }
    }
}

/// Every preset trains, and the adapter follows the CPU.
#[test]
fn presets_train() {
    let digits = kiln::data::load("digits", &Options::default()).unwrap();
    let pictures = noise(&[1, 32, 32], 8);
    for preset in PRESETS {
        // Networks that halve their input five times want larger pictures than digits are.
        let data = match preset {
            "lenet" | "vgg11" => &pictures,
            "linear" => continue,
            _ => &digits,
        };
        let network = fitted(preset, data);
        let config = Config {
            batch_size: 4,
            order: Order::Sequential,
            ..Config::default()
        };
        let mut small = data.clone();
        small.test = None;
        let session = Session::record(&network, &small, &config).unwrap();
        let weights = network.init(3);
        let run = |open: crate::methods::Open| -> Vec<f32> {
            let exec = open(&session);
            let rate = constant(0.01);
            let mut trainer =
                Trainer::new(exec, &session, &config, rate, &small, &weights).unwrap();
            let mut rows = Rows::default();
            assert!(trainer.run(2, &mut rows).unwrap());
            rows.0.iter().map(|row| row.loss as f32).collect()
        };
        let (cpu, gpu) = (run(MACHINES[1].1), run(MACHINES[2].1));
        compare(&cpu, &gpu, 0.0, 2e-3).unwrap_or_else(|why| panic!("{preset}: {why}"));
        assert_ne!(cpu[0], cpu[1], "{preset}");
    }
}
