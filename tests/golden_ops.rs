//! Naive twins, fast paths and GPU kernels against PyTorch's tensors in `golden/ops.*`, forward
//! and backward, whole small programs as the recorder writes them.
//!
//! The twins add up in f64, so they must meet the f64 reference to the last place. The others sum
//! in f32: they are judged by the largest number of the tensor, as PyTorch's own f32 is off by up
//! to 9e-7 of it.

use std::sync::Arc;

use kiln::{
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    kernel::{CpuFn, Op},
    ops::{
        Epilogue, Flat, Hyper,
        activation::{self, Function},
        as_words, matmul,
        pointwise_loss::Pointwise,
    },
    plan::{Plan, Slice},
    record::{Recorder, Statistics, Tensor, Window},
};
use serde_json::Value;

use crate::{
    common::{
        Case, buffer, compare,
        golden::{self, Golden},
        gpu, largest, on_gpu, words,
    },
    ops::op,
};

/// Ops, and single cases, that wait for a kernel, each with what is missing. A reason that no
/// longer holds fails the test, as does a case that nobody looks at.
const WAITING: [(&str, &str); 5] = [
    ("ew_softplus", "no such activation yet"),
    ("softmax_ce_sum", "kiln trains on mean losses only"),
    ("softmax_ce_nonfinite", "kiln trains on mean losses only"),
    ("softmax_ce_ignore_index", "every label counts"),
    ("mse_sum", "kiln trains on mean losses only"),
];

fn waits(case: &Value) -> bool {
    let name = case["name"].as_str().expect("a name");
    let covers = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    WAITING.iter().any(|(pattern, _)| covers(pattern))
}

/// What is compared, and how strictly.
#[derive(Clone, Copy, PartialEq)]
enum Machine {
    Twin,
    Fast,
    Gpu,
}

const MACHINES: [Machine; 3] = [Machine::Twin, Machine::Fast, Machine::Gpu];

fn check(machine: Machine, what: &str, want: &[f32], got: &[f32]) -> Result<(), String> {
    let most = largest(want);
    let compared = match machine {
        Machine::Twin => compare(want, got, 1e-9 * most, 1.2e-7),
        Machine::Fast | Machine::Gpu => compare(want, got, 3e-6 * most + 2e-38, 0.0),
    };
    compared.map_err(|why| format!("{what} {why}"))
}

/// A golden case as a program of its own, and where its results will be.
struct Program {
    case: &'static Value,
    /// Contents of inputs, by the name of their buffer.
    inputs: Vec<(String, Vec<f32>)>,
    /// Parameters with their contents, and the golden tensor of their gradient.
    params: Vec<(Tensor, Vec<f32>, String)>,
    /// What layers remember, with its contents before, and the golden tensor of what becomes of it.
    remembered: Vec<(Slice, Vec<f32>, String)>,
}

impl Program {
    fn new(case: &'static Value) -> Program {
        Program {
            case,
            inputs: Vec::new(),
            params: Vec::new(),
            remembered: Vec::new(),
        }
    }

    fn name(&self) -> &'static str {
        self.case["name"].as_str().expect("a name")
    }

    fn has(&self, tensor: &str) -> bool {
        self.case["inputs"].get(tensor).is_some()
    }

    /// Input `tensor` of the case, as a parameter: so that its gradient is wanted.
    fn param(&mut self, r: &mut Recorder, tensor: &str) -> Tensor {
        let golden = golden::open("ops");
        let name = format!("{}/{tensor}", self.name());
        let param = r.param(&golden.shape(&name));
        let gradient = format!("{}/d{tensor}", self.name());
        self.params.push((param, golden.floats(&name), gradient));
        param
    }

    fn input(&mut self, r: &mut Recorder, tensor: &str, contents: Vec<f32>) -> Tensor {
        let golden = golden::open("ops");
        let name = format!("{}/{tensor}", self.name());
        let input = r.input(&name, &golden.shape(&name));
        self.inputs.push((name, contents));
        input
    }

    /// In evaluation there is no way back: the last gradients are torch's with statistics held fixed.
    fn batch_norm(&mut self, r: &mut Recorder, x: Tensor) -> Tensor {
        let affine = [self.param(r, "weight"), self.param(r, "bias")];
        let parts = r.statistics(x.shape()[1]);
        let running = Slice {
            len: 2 * parts[0].at.len + 1,
            ..parts[0].at
        };
        let params = &self.case["params"];
        let train = params["training"] == true;
        for (part, name) in parts.iter().zip(["running_mean", "running_var"]) {
            let before = format!("{}/{name}", self.name());
            let contents = golden::open("ops").floats(&before);
            let after = if train {
                format!("{before}_out")
            } else {
                before
            };
            self.remembered.push((part.at, contents, after));
        }
        let number = |key: &str| golden::number(&params[key]) as f32;
        let statistics = match train {
            false => Statistics::Running(running),
            true => Statistics::Batch {
                running,
                momentum: Some(number("momentum")),
                control: r.input(&format!("{}/control", self.name()), &[1]).at,
            },
        };
        r.batch_norm(x, Some(affine), statistics, number("eps"), false)
    }

    /// Whether the case's gradients are those of a training step.
    fn goes_back(&self) -> bool {
        self.case["params"]["training"] != false
    }

    fn floats(&mut self, r: &mut Recorder, tensor: &str) -> Tensor {
        let contents = golden::open("ops").floats(&format!("{}/{tensor}", self.name()));
        self.input(r, tensor, contents)
    }

    fn integers(&mut self, r: &mut Recorder, tensor: &str) -> Tensor {
        let contents = golden::open("ops").integers(&format!("{}/{tensor}", self.name()));
        self.input(r, tensor, as_words(&contents).to_vec())
    }
}

fn pair(value: &Value) -> [u32; 2] {
    let number = |v: &Value| v.as_u64().expect("a number") as u32;
    match value.as_array() {
        Some(both) => [number(&both[0]), number(&both[1])],
        None => [number(value); 2],
    }
}

/// The window that a case's parameters describe.
fn window(params: &Value) -> Window {
    let or = |key: &str, default: u32| params.get(key).map_or([default; 2], pair);
    Window {
        stride: or("stride", 1),
        padding: or("padding", 0),
        dilation: or("dilation", 1),
        groups: or("groups", 1)[0],
        ceil_mode: params["ceil_mode"] == true,
        ..Window::new(or("kernel", 1))
    }
}

/// Records the case, with a loss whose gradient the test overwrites by the case's `dy`.
fn record(r: &mut Recorder, case: &'static Value) -> Program {
    let mut p = Program::new(case);
    let params = &case["params"];
    let op = case["op"].as_str().expect("an op");
    r.begin(p.name(), 1);
    match op {
        "softmax_cross_entropy" => {
            let (logits, label) = (p.floats(r, "logits"), p.integers(r, "target"));
            let smoothing = golden::number(&params["label_smoothing"]);
            r.cross_entropy(logits, label, smoothing as f32);
        }
        "mse_loss" => {
            let (x, goal) = (p.floats(r, "x"), p.floats(r, "target"));
            r.mse(x, goal);
        }
        "l1_loss" | "smooth_l1_loss" | "bce_with_logits" => {
            let (x, goal) = (p.floats(r, "x"), p.floats(r, "target"));
            let loss = match op {
                "l1_loss" => Pointwise::L1,
                // The same at beta 1, which this case has.
                "smooth_l1_loss" => Pointwise::Huber(1.0),
                _ => Pointwise::BceWithLogits,
            };
            r.pointwise(x.view(&[1, x.at.len]), goal, loss, false);
        }
        "cnn" => record_cnn(r, &mut p),
        _ => {
            let x = p.param(r, "x");
            let y = match op {
                "linear" | "conv2d" => {
                    let weight = p.param(r, "weight");
                    let bias = p.has("bias").then(|| p.param(r, "bias"));
                    match op {
                        "linear" => r.linear(x, weight, bias, false),
                        _ => r.conv2d(x, weight, bias, window(params), false),
                    }
                }
                "batch_norm" => p.batch_norm(r, x),
                "layer_norm" => {
                    let affine = [p.param(r, "weight"), p.param(r, "bias")];
                    let size = affine[0].at.len;
                    let eps = golden::number(&params["eps"]) as f32;
                    r.group_norm(x, Some(affine), size, [1, size], eps)
                }
                "softmax" | "log_softmax" => r.softmax(x, op == "log_softmax"),
                "max_pool2d" => r.max_pool2d(x, window(params)),
                "avg_pool2d" => {
                    let include = params["count_include_pad"] == true;
                    r.avg_pool2d(x, window(params), include)
                }
                "adaptive_avg_pool2d" => {
                    let size = [x.shape()[2], x.shape()[3]];
                    r.avg_pool2d(x, Window::new(size), true)
                }
                other => panic!("nobody covers {other}: {}", p.name()),
            };
            let flat = y.view(&[1, y.at.len]);
            let goal = r.input(&format!("{}/goal", p.name()), &[1, y.at.len]);
            let loss = r.mse(flat, goal);
            if p.goes_back() {
                r.backward(loss);
            }
        }
    }
    r.end();
    p
}

/// The network of PyTorch's MNIST examples: two convolutions, two linear layers.
fn record_cnn(r: &mut Recorder, p: &mut Program) {
    let pool = Window {
        stride: [2, 2],
        ..Window::new([2, 2])
    };
    let x = p.param(r, "x");
    let mut layer = |r: &mut Recorder, name: &str| {
        let weight = p.param(r, &format!("{name}.weight"));
        (weight, Some(p.param(r, &format!("{name}.bias"))))
    };
    let (w, b) = layer(r, "conv1");
    let h = r.conv2d(x, w, b, Window::new([5, 5]), true);
    let h = r.max_pool2d(h, pool);
    let (w, b) = layer(r, "conv2");
    let h = r.conv2d(h, w, b, Window::new([5, 5]), true);
    let h = r.max_pool2d(h, pool);
    let (w, b) = layer(r, "fc1");
    let h = r.linear(h.view(&[4, 320]), w, b, true);
    let (w, b) = layer(r, "fc2");
    let logits = r.linear(h, w, b, false);
    let label = p.integers(r, "target");
    let loss = r.cross_entropy(logits, label, 0.0);
    r.backward(loss);
}

/// What the two executors have in common and [`Executor`] does not ask for.
trait Stepwise: Executor {
    fn some(&mut self, range: std::ops::Range<usize>);
}

impl Stepwise for Cpu {
    fn some(&mut self, range: std::ops::Range<usize>) {
        self.run_dispatches(range, &Hyper::default());
    }
}

impl Stepwise for GpuExecutor {
    fn some(&mut self, range: std::ops::Range<usize>) {
        self.run_dispatches(range, &Hyper::default()).unwrap();
    }
}

/// Runs one case on one machine and compares everything PyTorch has to say about it.
fn follow(
    machine: Machine,
    run: &mut dyn Stepwise,
    plan: &Plan,
    program: &Program,
) -> Result<(), String> {
    let (golden, name) = (golden::open("ops"), program.name());
    for (input, contents) in &program.inputs {
        run.write(buffer(plan, input), contents).unwrap();
    }
    for (param, contents, _) in &program.params {
        run.write(param.at, contents).unwrap();
    }
    for (at, contents, _) in &program.remembered {
        run.write(*at, contents).unwrap();
    }
    let range = plan.program(name).expect("it was recorded").range.clone();
    let losses = ["pointwise_loss", "cross_entropy_log"];
    let is_loss = |i: &usize| losses.contains(&plan.dispatches[*i].op.name);
    let loss = range.clone().find(is_loss).expect("a loss");
    // The loss, and its row in the log where that is a dispatch of its own.
    let forward = match plan.dispatches[loss + 1..].first() {
        Some(d) if d.op.name == "log_batch" => loss + 2,
        _ => loss + 1,
    };
    run.some(range.start..forward);
    for (at, tensor) in program.forward(plan, range.start, loss) {
        program.check(machine, &tensor, &run.read(at).unwrap())?;
    }
    for (at, _, tensor) in &program.remembered {
        program.check(machine, tensor, &run.read(*at).unwrap())?;
    }
    if !program.goes_back() {
        return Ok(());
    }
    if program.case["upstream"] == "dy" {
        let gradient = plan.dispatches[loss].writes()[1];
        let dy = golden.floats(&format!("{name}/dy"));
        run.write(gradient, &dy).unwrap();
    }
    run.some(forward..range.end);
    for (param, _, tensor) in &program.params {
        let slot = Slice {
            buffer: buffer(plan, "grads").buffer,
            ..param.at
        };
        program.check(machine, tensor, &run.read(slot).unwrap())?;
    }
    Ok(())
}

impl Program {
    /// What the forward pass leaves, with the golden tensor of each: `first` is the dispatch under
    /// test, `loss` the one of the loss.
    fn forward(&self, plan: &Plan, first: usize, loss: usize) -> Vec<(Slice, String)> {
        let normalises = |i: &usize| plan.dispatches[*i].op.name == "normalize";
        let first = (first..loss).find(normalises).unwrap_or(first);
        let [first, loss] = [first, loss].map(|i| &plan.dispatches[i]);
        let mean = Slice {
            len: 1,
            ..buffer(plan, "log")
        };
        let mut results = match self.case["op"].as_str().expect("an op") {
            "softmax_cross_entropy" => vec![(mean, "y"), (loss.writes()[0], "dlogits")],
            "mse_loss" | "l1_loss" | "smooth_l1_loss" | "bce_with_logits" => {
                vec![(mean, "y"), (loss.writes()[1], "dx")]
            }
            "cnn" => vec![(mean, "y"), (loss.reads()[2], "logits")],
            _ => vec![(first.writes()[0], "y")],
        };
        if self.case["outputs"].get("indices").is_some() {
            results.push((first.writes()[1], "indices"));
        }
        let named = |(at, tensor)| (at, format!("{}/{tensor}", self.name()));
        results.into_iter().map(named).collect()
    }

    fn check(&self, machine: Machine, tensor: &str, got: &[f32]) -> Result<(), String> {
        let golden = golden::open("ops");
        if tensor.ends_with("/indices") {
            let want = golden.integers(tensor);
            let compared = compare(as_words(&want), got, 0.0, 0.0);
            return compared.map_err(|why| format!("{tensor} {why}"));
        }
        // A whole network on the twins is rounded to f32 after every layer, and what takes several kernels
        // between them.
        let several = ["cnn", "batch_norm", "layer_norm", "softmax", "log_softmax"];
        let machine = match machine {
            Machine::Twin if several.iter().any(|op| self.case["op"] == *op) => Machine::Fast,
            other => other,
        };
        check(machine, tensor, &golden.floats(tensor), got)
    }
}

/// Everything the recorder writes, forward and backward, and the lenet as a whole.
#[test]
fn recorded_programs_match_pytorch() {
    let by_hand = ["matmul", "relu"];
    let by_hand = |case: &Value| {
        by_hand.contains(&case["op"].as_str().expect("an op")) || function(case).is_some()
    };
    let mut r = Recorder::new(1);
    // What keeps its place is declared before the first value.
    r.statistics(1);
    let mut programs = Vec::new();
    for case in golden::open("ops").cases() {
        if !waits(case) && !by_hand(case) {
            programs.push(record(&mut r, case));
        }
    }
    r.seal();
    let plan = Arc::new(r.finish());
    let mut failures = Vec::new();
    for machine in MACHINES {
        let mut run: Box<dyn Stepwise> = match machine {
            Machine::Twin => Box::new(Cpu::naive(plan.clone()).unwrap()),
            Machine::Fast => Box::new(Cpu::new(plan.clone()).unwrap()),
            Machine::Gpu => Box::new(GpuExecutor::new(gpu(), &plan).unwrap()),
        };
        let results = programs
            .iter()
            .map(|p| follow(machine, &mut *run, &plan, p));
        failures.extend(results.filter_map(Result::err));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(programs.len(), 60, "cases of recorded programs");
}

/// Cases that no recorder method stands for: kernels launched by hand, each with the golden
/// tensor of its output.
fn by_hand(golden: &'static Golden) -> Vec<(Case, String)> {
    let mut cases = Vec::new();
    for case in golden.cases() {
        let name = case["name"].as_str().expect("a name");
        let at = |tensor: &str| format!("{name}/{tensor}");
        let floats = |tensor: &str| golden.floats(&at(tensor));
        if case["op"] == "matmul" {
            let [m, k, n] = ["m", "k", "n"].map(|d| pair(&case["params"][d])[0]);
            let mut product = |[m, n, k]: [u32; 3], [ta, tb]: [u32; 2], [a, b, c]: [&str; 3]| {
                let dims = matmul::Dims {
                    m,
                    n,
                    k,
                    ta,
                    tb,
                    epilogue: Epilogue::NONE.0,
                    sums: 0,
                };
                let reads = vec![floats(a), floats(b), vec![0.0]];
                cases.push((Case::given(op("matmul"), words(dims), reads), at(c)));
            };
            product([m, n, k], [0, 0], ["a", "b", "y"]);
            product([m, k, n], [0, 1], ["dy", "b", "da"]);
            product([k, n, m], [1, 0], ["a", "dy", "db"]);
        }
        if case["op"] == "relu" {
            let dims = words(Flat {
                n: golden.shape(&at("x"))[0],
            });
            let y = Case::given(op("relu"), dims.clone(), vec![floats("x")]);
            let dx = Case::given(op("relu_grad"), dims, vec![floats("y"), floats("dy")]);
            cases.extend([(y, at("y")), (dx, at("dx"))]);
        }
    }
    cases
}

/// Judges an output against PyTorch's row by row: some rows are of 1e-20, one of 1e18, one has a
/// NaN, and each is measured by its own largest number.
fn judge(machine: Machine, tensor: &str, got: &[f32]) -> Result<(), String> {
    let golden = golden::open("ops");
    let row = *golden.shape(tensor).last().expect("a dimension") as usize;
    let want = golden.floats(tensor);
    let mut rows = want.chunks(row).zip(got.chunks(row));
    rows.try_for_each(|(want, got)| check(machine, tensor, want, got))
}

/// The launches by hand on the host, by the twins of other kernels than the registry's.
pub fn twins_match_pytorch(twin: impl Fn(&'static Op) -> CpuFn) -> Result<(), String> {
    let mut cases = by_hand(golden::open("ops")).into_iter();
    cases.try_for_each(|(case, tensor)| {
        judge(Machine::Twin, &tensor, &case.on_host(twin(case.op))[0])
    })
}

/// Matrix products in every orientation that the passes need, and ReLU at special values.
#[test]
fn kernels_match_pytorch() {
    let (cases, tensors): (Vec<Case>, Vec<String>) =
        by_hand(golden::open("ops")).into_iter().unzip();
    assert_eq!(cases.len(), 3 * 11 + 2, "launches by hand");
    twins_match_pytorch(|op| op.cpu).unwrap_or_else(|why| panic!("twin: {why}"));
    for ((case, tensor), on_gpu) in cases.iter().zip(&tensors).zip(on_gpu(&cases)) {
        judge(Machine::Fast, tensor, &case.on_host(case.op.fast)[0])
            .unwrap_or_else(|why| panic!("fast path: {why}"));
        judge(Machine::Gpu, tensor, &on_gpu.unwrap()[0]).unwrap_or_else(|why| panic!("GPU: {why}"));
    }
}

/// The function of a case of one, by the case's name.
fn function(case: &Value) -> Option<Function> {
    Some(match case["name"].as_str()? {
        "ew_leaky_relu" => Function::LeakyRelu(0.01),
        "ew_elu" => Function::Elu(1.0),
        "ew_tanh" => Function::Tanh,
        "ew_sigmoid" => Function::Sigmoid,
        "ew_silu" => Function::Silu,
        "ew_gelu_exact" => Function::Gelu,
        "ew_gelu_tanh" => Function::GeluTanh,
        _ => return None,
    })
}

/// Functions and their gradients, at special values too. Where x is infinite PyTorch has NaN out of
/// 0 · ∞ in places, as the twins have; the kernels may have the limit.
#[test]
fn activations_match_pytorch() {
    let golden = golden::open("ops");
    let mut cases = Vec::new();
    for case in golden.cases() {
        let Some(function) = function(case) else {
            continue;
        };
        let name = case["name"].as_str().expect("a name");
        let floats = |tensor: &str| golden.floats(&format!("{name}/{tensor}"));
        let (x, dy) = (floats("x"), floats("dy"));
        let dims = words(activation::Dims::new(x.len() as u32, function));
        let y = Case::given(op("activation"), dims.clone(), vec![x.clone()]);
        let dx = Case::given(op("activation_grad"), dims, vec![x, dy]);
        cases.extend([(y, floats("y"), name), (dx, floats("dx"), name)]);
    }
    assert_eq!(cases.len(), 14);
    let (cases, wants): (Vec<Case>, Vec<(Vec<f32>, &str)>) = cases
        .into_iter()
        .map(|(c, want, name)| (c, (want, name)))
        .unzip();
    for ((case, (want, name)), on_gpu) in cases.iter().zip(&wants).zip(on_gpu(&cases)) {
        let twin = &case.on_host(case.op.cpu)[0];
        compare(want, twin, 2e-38, 1.2e-7).unwrap_or_else(|why| panic!("{name}: twin {why}"));
        let finite = |got: &[f32]| -> Vec<f32> {
            let both = got.iter().zip(&case.reads[0]);
            both.map(|(&y, x)| if x.is_infinite() { 0.0 } else { y })
                .collect()
        };
        for got in [&case.on_host(case.op.fast)[0], &on_gpu.unwrap()[0]] {
            compare(&finite(want), &finite(got), 8e-6, 3e-6)
                .unwrap_or_else(|why| panic!("{name}: {} {why}", case.op.name));
        }
    }
}

/// Every golden case is compared or waits for a named reason, and every reason waits for a case.
#[test]
fn nothing_golden_is_forgotten() {
    let cases = golden::open("ops").cases();
    let waiting = cases.iter().filter(|c| waits(c)).count();
    assert_eq!(cases.len(), 60 + 11 + 1 + 7 + waiting, "cases");
    for (pattern, reason) in WAITING {
        let start = pattern.trim_end_matches('*');
        let matches = |c: &&Value| c["name"].as_str().is_some_and(|n| n.starts_with(start));
        assert!(cases.iter().any(|c| matches(&c)), "{pattern}: {reason}");
    }
}
