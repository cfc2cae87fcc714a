//! Whole runs of the optimisers against PyTorch's, in `golden/optim.*` and `golden/optim_more.*`, and Optax's, in
//! `golden/optax.*`: twenty updates with a rate of their own each, one of them 0, of a thousand parameters.
//!
//! The only oracle here that sees a convention (momentum, dampening, the order of weight decay, where a
//! bias is corrected) and a rate that is off by one update.

use std::sync::Arc;

use kiln::{
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    kernel::Op,
    ops::{Hyper, update::Segment},
    optim::{Optimizer, Places},
    plan::Plan,
    record::Recorder,
};
use serde_json::Value;

use crate::common::{
    buffer, compare_within,
    golden::{self, Golden},
    gpu,
};

/// Parameters in the golden runs.
const PARAMS: u32 = 1000;

/// Two tensors that hold them: Optax's runs see them so, to others it makes no difference.
const TENSORS: [std::ops::Range<usize>; 2] = [0..400, 400..PARAMS as usize];

/// Where the second one begins in an arena.
const SECOND: u32 = 448;

/// The tensors' elements out of an arena, or out of one slot.
fn gathered(arena: &[f32]) -> Vec<f32> {
    let [first, second] = TENSORS;
    let second = &arena[SECOND as usize..][..second.len()];
    [&arena[first], second].concat()
}

/// An arena with these elements.
fn scattered(words: &[f32], len: u32) -> Vec<f32> {
    let [first, second] = TENSORS;
    let mut arena = vec![0.0; len as usize];
    arena[first.clone()].copy_from_slice(&words[first]);
    arena[SECOND as usize..][..second.len()].copy_from_slice(&words[second]);
    arena
}

/// The files that golden runs are in; no two runs have the same name.
const FILES: [&str; 3] = ["optim", "optim_more", "optax"];

/// The file that a golden run is in.
fn file_of(name: &str) -> &'static Golden {
    let of_run = |file: &&Golden| file.has(&format!("{name}/params"));
    FILES
        .map(golden::open)
        .into_iter()
        .find(of_run)
        .expect("a file")
}

/// A plan by which an optimiser updates [`PARAMS`] parameters, with its kernel or with `op`.
pub fn plan(optimizer: &Optimizer, op: Option<&'static Op>) -> Arc<Plan> {
    let mut r = Recorder::new(1);
    for tensor in TENSORS {
        r.param(&[tensor.len() as u32]);
    }
    r.seal();
    let mut segments = r.one_segment().to_vec();
    let end = segments[0].end;
    if optimizer.per_parameter() {
        segments.insert(
            0,
            Segment {
                end: SECOND,
                ..segments[0]
            },
        );
    }
    let state = r.state(optimizer, end);
    let control = r.control(0, optimizer, &segments);
    let places = Places::new(control, state, &segments, 0);
    r.begin("update", 1);
    optimizer.record(&mut r, &places);
    r.end();
    let mut plan = r.finish();
    let update = plan.dispatches.last_mut().expect("an update");
    update.op = op.unwrap_or(update.op);
    Arc::new(plan)
}

/// The golden rates, one an update.
pub fn rates() -> Vec<f64> {
    let rates = golden::open("optim").json["lr"].as_array();
    rates.expect("rates").iter().map(golden::number).collect()
}

/// A golden configuration in torch's spelling, read as a user's would be.
pub fn configured(case: &Value) -> Optimizer {
    let spell = |(key, value): (&String, &Value)| match value {
        Value::Bool(true) => format!("{key}=True"),
        Value::Bool(false) => format!("{key}=False"),
        number => format!("{key}={number}"),
    };
    let hyper = case["hyper"].as_object().expect("hyper-parameters");
    let name = case["optimizer"].as_str().expect("a name");
    // What tells AdamW from Adam inside of torch.
    let is_adam = name.starts_with("Adam");
    let own = |(key, _): &(&String, &Value)| !is_adam || *key != "decoupled_weight_decay";
    let args: Vec<String> = hyper.iter().filter(own).map(spell).collect();
    let given = |arg: &String| arg != "momentum=0" && arg != "dampening=0";
    let args: Vec<String> = args.into_iter().filter(given).collect();
    let text = format!("{name}({})", args.join(", "));
    Optimizer::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The golden runs of an optimiser.
pub fn cases_of(optimizer: &str) -> Vec<&'static Value> {
    let cases = FILES.iter().flat_map(|file| golden::open(file).cases());
    cases.filter(|c| c["optimizer"] == optimizer).collect()
}

/// How far the largest gradient so far moves a parameter at a rate of 1: SGD's by its size, the others
/// by about as much whatever it is.
fn reach(optimizer: &Optimizer, gradient: f32) -> f32 {
    match optimizer {
        Optimizer::Sgd(_) => gradient,
        // Ten rates at first, and momentum gathers ten of those; a variance is a difference.
        Optimizer::RmsProp(_) => 100.0,
        // As SGD's while the variance is not known.
        Optimizer::RAdam(_) => gradient.max(4.0),
        _ => 4.0,
    }
}

/// Runs a golden case on a machine, with what `hyper` puts into the uniform at every step, and
/// compares parameters on the way and at the end, and every slot.
pub fn follow(
    case: &Value,
    plan: &Plan,
    machine: &mut dyn Executor,
    hyper: &dyn Fn(&Optimizer, usize) -> Hyper,
) -> Result<(), String> {
    let (torch, optimizer) = (golden::open("optim"), configured(case));
    let name = case["name"].as_str().expect("a name");
    let golden = file_of(name);
    let state = buffer(plan, &optimizer.slots().join("+"));
    let [params, grads, control] = ["params", "grads", "control"].map(|name| buffer(plan, name));
    let mut words = vec![0.0; control.len as usize];
    words[0] = 1.0;
    machine.write(control, &words).unwrap();
    let start = scattered(&torch.floats("param0"), params.len);
    machine.write(params, &start).unwrap();
    let first = vec![optimizer.first(); state.len as usize];
    machine.write(state, &first).unwrap();
    let grad = torch.floats("grads");
    let program = plan.program("update").expect("a program");
    let after = case["params_after_steps"].as_array().expect("steps");
    let want = golden.floats(&format!("{name}/params"));
    // Each update rounds, and a parameter may come back from far away: what counts is its path.
    let path = |i: usize| -> f32 {
        let steps = rates().into_iter().zip(grad.chunks(PARAMS as usize));
        let moved = steps.map(|(lr, g)| lr as f32 * reach(&optimizer, g[i].abs()));
        1.0 + moved.sum::<f32>()
    };
    let path: Vec<f32> = (0..PARAMS as usize).map(path).collect();
    let mut checkpoints = after.iter().zip(want.chunks(PARAMS as usize)).peekable();
    for (step, grad) in grad.chunks(PARAMS as usize).enumerate() {
        machine.write(grads, &scattered(grad, grads.len)).unwrap();
        machine.run(program, &[hyper(&optimizer, step)]).unwrap();
        if let Some((updates, want)) = checkpoints.next_if(|c| c.0 == step as u64 + 1) {
            let got = gathered(&machine.read(params).unwrap());
            compare_within(want, &got, |i| 1e-6 * path[i])
                .map_err(|why| format!("{name} after {updates} updates {why}"))?;
        }
    }
    assert!(checkpoints.next().is_none(), "{name}: updates left over");
    let exact = golden.floats(&format!("{name}/params_f64cast"));
    let last = gathered(&machine.read(params).unwrap());
    compare_within(&exact, &last, |i| 1e-6 * path[i])
        .map_err(|why| format!("{name} against f64 {why}"))?;
    let words = machine.read(state).unwrap();
    let slots = words.chunks(words.len() / optimizer.slots().len());
    for (slot, got) in optimizer.slots().iter().zip(slots) {
        // SGD keeps a buffer that it does not use without momentum, and torch none; Optax's states are not in
        // the file.
        let file = format!("{name}/state/{slot}");
        if !golden.has(&file) && (*slot == "momentum_buffer" || golden.json.get("optax").is_some())
        {
            continue;
        }
        let want = golden.floats(&file);
        let most = |i: usize| (0..20).fold(0f32, |m, t| m.max(grad[t * 1000 + i].abs()));
        let allowed = |i: usize| match *slot {
            "momentum_buffer" => 1e-6 * (1.0 + reach(&optimizer, most(i))),
            "exp_avg" | "grad_avg" => 1e-6 * (1.0 + most(i)),
            _ => 1e-5 * want[i],
        };
        compare_within(&want, &gathered(got), allowed).map_err(|why| format!("{file} {why}"))?;
    }
    Ok(())
}

fn as_trained(optimizer: &Optimizer, step: usize) -> Hyper {
    optimizer.hyper(rates()[step], None, None, step as u64)
}

/// All configurations of an optimiser, on the naive twin, the fast path and the GPU.
fn matches(optimizer: &str, count: usize) {
    let cases = cases_of(optimizer);
    assert_eq!(cases.len(), count, "configurations");
    for case in &cases {
        let plan = plan(&configured(case), None);
        let machines: [(Box<dyn Executor>, &str); 3] = [
            (Box::new(Cpu::naive(plan.clone()).unwrap()), "twin"),
            (Box::new(Cpu::new(plan.clone()).unwrap()), "fast path"),
            (Box::new(GpuExecutor::new(gpu(), &plan).unwrap()), "GPU"),
        ];
        for (mut machine, name) in machines {
            follow(case, &plan, &mut *machine, &as_trained)
                .unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}

/// Momentum, dampening, Nesterov, weight decay, maximize.
#[test]
fn sgd_matches_pytorch() {
    matches("SGD", 8);
}

/// Where the moments' bias is corrected, eps, L2, AMSGrad, maximize.
#[test]
fn adam_matches_pytorch() {
    matches("Adam", 6);
}

/// The sign of both, which betas belong where, decay beside it.
#[test]
fn lion_matches_optax() {
    matches("Lion", 2);
}

/// The norms of each parameter, the momentum of steps with their rates, Nesterov.
#[test]
fn lars_matches_optax() {
    matches("LARS", 2);
}

/// The norm of Adam's step, decay included.
#[test]
fn lamb_matches_optax() {
    matches("LAMB", 2);
}

/// The rate's own decay, what the sum begins with, maximize.
#[test]
fn adagrad_matches_pytorch() {
    matches("Adagrad", 3);
}

/// With momentum, centred, and all of it.
#[test]
fn rmsprop_matches_pytorch() {
    matches("RMSprop", 4);
}

/// Decay of the weights themselves, before the step.
#[test]
fn adamw_matches_pytorch() {
    matches("AdamW", 4);
}

/// Both mean squares, eps inside of their roots.
#[test]
fn adadelta_matches_pytorch() {
    matches("Adadelta", 2);
}

/// The largest gradient, eps beside it, the mean's correction.
#[test]
fn adamax_matches_pytorch() {
    matches("Adamax", 2);
}

/// The momentum that grows and the product of all so far, decay in both ways.
#[test]
fn nadam_matches_pytorch() {
    matches("NAdam", 4);
}

/// Steps with and without the variance, decay in both ways.
#[test]
fn radam_matches_pytorch() {
    matches("RAdam", 4);
}

/// The tests that follow an optimiser's golden runs.
const TESTS: [(&str, fn()); 12] = [
    ("SGD", sgd_matches_pytorch),
    ("Adam", adam_matches_pytorch),
    ("AdamW", adamw_matches_pytorch),
    ("Adamax", adamax_matches_pytorch),
    ("NAdam", nadam_matches_pytorch),
    ("RAdam", radam_matches_pytorch),
    ("Adadelta", adadelta_matches_pytorch),
    ("Adagrad", adagrad_matches_pytorch),
    ("RMSprop", rmsprop_matches_pytorch),
    ("Lion", lion_matches_optax),
    ("LARS", lars_matches_optax),
    ("LAMB", lamb_matches_optax),
];

/// No golden run is of an optimiser that nothing follows.
#[test]
fn no_golden_run_is_left_out() {
    let followed = |case: &&Value| TESTS.iter().any(|t| case["optimizer"] == t.0);
    let cases = FILES.iter().flat_map(|file| golden::open(file).cases());
    let left: Vec<&Value> = cases.filter(|case| !followed(case)).collect();
    assert!(left.is_empty(), "{left:#?}");
}
