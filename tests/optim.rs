//! Whole runs of the optimiser against PyTorch's, in `golden/optim.*`: twenty updates with a rate
//! of their own each, one of them 0, of a thousand parameters.
//!
//! The only oracle here that sees a convention (momentum, dampening, the order of weight decay)
//! and a rate that is off by one update.

use std::sync::Arc;

use kiln::{
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    kernel::Op,
    ops::Hyper,
    optim::Sgd,
    plan::{Plan, Slice},
    record::Recorder,
};
use serde_json::Value;

use crate::common::{buffer, compare_within, golden, gpu};

/// Parameters in the golden runs.
const PARAMS: u32 = 1000;

/// A plan that updates [`PARAMS`] parameters by the kernel `op`, or as recorded.
pub fn plan(op: Option<&'static Op>) -> Arc<Plan> {
    let mut r = Recorder::new(1);
    r.param(&[PARAMS]);
    r.seal();
    let momentum_buffer = r.slot("momentum_buffer");
    let control = r.control(0);
    r.begin("update", 1);
    Sgd::plain().record(&mut r, control, momentum_buffer);
    r.end();
    let mut plan = r.finish();
    plan.dispatches[0].op = op.unwrap_or(plan.dispatches[0].op);
    Arc::new(plan)
}

/// The golden rates, one an update.
pub fn rates() -> Vec<f64> {
    let rates = golden::open("optim").json["lr"].as_array();
    rates.expect("rates").iter().map(golden::number).collect()
}

/// A golden configuration in torch's spelling, read as a user's would be.
pub fn configured(case: &Value) -> Sgd {
    let spell = |(key, value): (&String, &Value)| match value {
        Value::Bool(true) => format!("{key}=True"),
        Value::Bool(false) => format!("{key}=False"),
        number => format!("{key}={number}"),
    };
    let hyper = case["hyper"].as_object().expect("hyper-parameters");
    let args: Vec<String> = hyper.iter().map(spell).collect();
    let given = |arg: &String| !arg.ends_with("=0");
    let args: Vec<String> = args.into_iter().filter(given).collect();
    let text = format!("torch.optim.SGD({})", args.join(", "));
    Sgd::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The golden runs of SGD.
pub fn sgd_cases() -> Vec<&'static Value> {
    let cases = golden::open("optim").cases().iter();
    cases.filter(|c| c["optimizer"] == "SGD").collect()
}

/// Runs a golden case on a machine, with what `hyper` puts into the uniform at every step, and
/// compares parameters on the way and at the end, and the momentum buffer.
pub fn follow(
    case: &Value,
    plan: &Plan,
    machine: &mut dyn Executor,
    hyper: &dyn Fn(&Sgd, usize) -> Hyper,
) -> Result<(), String> {
    let golden = golden::open("optim");
    let name = case["name"].as_str().expect("a name");
    let arena = |name: &str| Slice {
        len: PARAMS,
        ..buffer(plan, name)
    };
    let [params, grads, momentum] = ["params", "grads", "momentum_buffer"].map(arena);
    machine.write(buffer(plan, "control"), &[1.0, 0.0]).unwrap();
    machine.write(params, &golden.floats("param0")).unwrap();
    machine.write(momentum, &[0.0; PARAMS as usize]).unwrap();
    let grad = golden.floats("grads");
    let (sgd, program) = (configured(case), plan.program("update").expect("a program"));
    let after = case["params_after_steps"].as_array().expect("steps");
    let want = golden.floats(&format!("{name}/params"));
    // Each update rounds, and a parameter may come back from far away: what counts is its path.
    let path = |i: usize| -> f32 {
        let steps = rates().into_iter().zip(grad.chunks(PARAMS as usize));
        1.0 + steps.map(|(lr, g)| lr as f32 * g[i].abs()).sum::<f32>()
    };
    let path: Vec<f32> = (0..PARAMS as usize).map(path).collect();
    let mut checkpoints = after.iter().zip(want.chunks(PARAMS as usize)).peekable();
    for (step, grad) in grad.chunks(PARAMS as usize).enumerate() {
        machine.write(grads, grad).unwrap();
        machine.run(program, &[hyper(&sgd, step)]).unwrap();
        if let Some((updates, want)) = checkpoints.next_if(|c| c.0 == step as u64 + 1) {
            let got = machine.read(params).unwrap();
            compare_within(want, &got, |i| 1e-6 * path[i])
                .map_err(|why| format!("{name} after {updates} updates {why}"))?;
        }
    }
    assert!(checkpoints.next().is_none(), "{name}: updates left over");
    let exact = golden.floats(&format!("{name}/params_f64cast"));
    compare_within(&exact, &machine.read(params).unwrap(), |i| 1e-6 * path[i])
        .map_err(|why| format!("{name} against f64 {why}"))?;
    let state = format!("{name}/state/momentum_buffer");
    if golden.has(&state) {
        let (want, got) = (golden.floats(&state), machine.read(momentum).unwrap());
        let most = |i: usize| (0..20).fold(0f32, |m, t| m.max(grad[t * 1000 + i].abs()));
        compare_within(&want, &got, |i| 1e-6 * (1.0 + most(i)))
            .map_err(|why| format!("{state} {why}"))?;
    }
    Ok(())
}

fn as_trained(sgd: &Sgd, step: usize) -> Hyper {
    sgd.hyper(rates()[step], None, None, step as u64)
}

/// Every configuration of SGD, on the naive twin, the fast path and the GPU.
#[test]
fn sgd_matches_pytorch() {
    let plan = plan(None);
    let cases = sgd_cases();
    assert_eq!(cases.len(), 8, "configurations");
    let machines: [Box<dyn Executor>; 3] = [
        Box::new(Cpu::naive(plan.clone()).unwrap()),
        Box::new(Cpu::new(plan.clone()).unwrap()),
        Box::new(GpuExecutor::new(gpu(), &plan).unwrap()),
    ];
    for (mut machine, name) in machines.into_iter().zip(["twin", "fast path", "GPU"]) {
        for case in &cases {
            follow(case, &plan, &mut *machine, &as_trained)
                .unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}
