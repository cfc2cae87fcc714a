//! Whole training steps: the rate reaches the kernel, every step of a submit has its own, and the
//! GPU follows the CPU dispatch by dispatch.

use std::{collections::BTreeSet, sync::Arc};

use kiln::{
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    ops::{self, Hyper, LOG_WORDS},
    plan::{HYPER, Slice},
};

use crate::common::{
    Case, compare, gpu,
    network::{self, Network, network},
};

/// A machine with the network's data and initial parameters.
fn machines(network: &Network) -> [(&'static str, Box<dyn Executor>); 3] {
    let plan = network.plan.clone();
    let machines: [(&str, Box<dyn Executor>); 3] = [
        ("twin", Box::new(Cpu::naive(plan.clone()).unwrap())),
        ("fast path", Box::new(Cpu::new(plan.clone()).unwrap())),
        ("GPU", Box::new(GpuExecutor::new(gpu(), &plan).unwrap())),
    ];
    machines.map(|(name, mut machine)| {
        network.load(&mut *machine);
        (name, machine)
    })
}

/// Parameters after one run of `hypers` from the start, and the log.
fn train(network: &Network, machine: &mut dyn Executor, hypers: &[&[Hyper]]) -> [Vec<f32>; 2] {
    network.load(machine);
    let program = network.plan.program("train").expect("a program");
    for hypers in hypers {
        machine.run(program, hypers).unwrap();
    }
    [network.params, network.log].map(|s| machine.read(s).unwrap())
}

/// A rate of 0 moves nothing; twice the rate moves the first update twice as far.
#[test]
fn the_rate_reaches_the_kernel() {
    let network = network();
    for (name, mut machine) in machines(&network) {
        let mut after = |lr: f64| {
            let [params, _] = train(&network, &mut *machine, &[&[network::hyper(0, lr)]]);
            params
        };
        let (still, once, twice) = (after(0.0), after(0.0371), after(2.0 * 0.0371));
        let start = machine_start(&network);
        compare(&start, &still, 0.0, 0.0).unwrap_or_else(|why| panic!("{name}: lr 0 {why}"));
        let moves =
            |to: &[f32]| -> Vec<f32> { to.iter().zip(&start).map(|(t, s)| t - s).collect() };
        let (once, twice) = (moves(&once), moves(&twice));
        let doubled: Vec<f32> = once.iter().map(|m| 2.0 * m).collect();
        // Each of the two new parameters is rounded once.
        compare(&doubled, &twice, 4.0 * f32::EPSILON, 0.0)
            .unwrap_or_else(|why| panic!("{name}: doubled rate {why}"));
        let moved = once.iter().filter(|m| **m != 0.0).count();
        assert!(moved > 300, "{name}: only {moved} parameters moved");
    }
}

fn machine_start(network: &Network) -> Vec<f32> {
    let mut machine = Cpu::naive(network.plan.clone()).unwrap();
    network.load(&mut machine);
    machine.read(network.params).unwrap()
}

/// Memory that the host shares does what written words do, and stays the host's: an update of
/// shared parameters, or a write, changes the machine's alone.
#[test]
fn shared_words_are_as_good_as_written_ones() {
    let network = network();
    let program = network.plan.program("train").expect("a program");
    let start = machine_start(&network);
    let hyper = [network::hyper(0, 0.0371)];
    for (name, mut machine) in machines(&network) {
        let [written, _] = train(&network, &mut *machine, &[&hyper]);
        network.load(&mut *machine);
        let words = Arc::new(start.clone());
        machine.share(network.params, &words).unwrap();
        assert!(machine.read(network.params).unwrap() == start, "{name}");
        machine.run(program, &hyper).unwrap();
        let shared = machine.read(network.params).unwrap();
        assert!(shared == written, "{name}: an update of shared parameters");

        machine.share(network.params, &words).unwrap();
        let second = Slice {
            offset: network.params.offset + 1,
            len: 1,
            ..network.params
        };
        machine.write(second, &[7.0]).unwrap();
        let after = machine.read(network.params).unwrap();
        let expected = [&start[..1], &[7.0], &start[2..]].concat();
        assert!(after == expected, "{name}: a write to shared parameters");
        assert!(*words == start, "{name}: the host's words");
    }
}

/// Several steps in one submit use a rate, a batch and a log slot of their own: bit for bit what
/// they do one by one.
#[test]
fn steps_of_one_submit_have_their_own_rates() {
    let network = network();
    let rates = [0.0371, 0.0113, 0.0, 0.0829, 0.0457];
    let hypers: Vec<Hyper> = (0..)
        .zip(rates)
        .map(|(t, lr)| network::hyper(t, lr))
        .collect();
    let first = [network::hyper(0, rates[0])];
    let constant: Vec<Hyper> = (0..5).map(|t| network::hyper(t, rates[0])).collect();
    for (name, mut machine) in machines(&network) {
        let separate: Vec<&[Hyper]> = hypers.chunks(1).collect();
        let want = train(&network, &mut *machine, &separate);
        let got = train(&network, &mut *machine, &[&hypers]);
        for (want, got) in want.iter().zip(&got) {
            compare(want, got, 0.0, 0.0).unwrap_or_else(|why| panic!("{name} {why}"));
        }
        let [params, log] = got;
        let losses: BTreeSet<u32> = log
            .chunks(LOG_WORDS as usize)
            .take(5)
            .map(|row| row[0].to_bits())
            .collect();
        assert_eq!(
            losses.len(),
            5,
            "{name}: every step logs its own loss: {log:?}"
        );
        // The comparison above is worth something only if rates matter.
        for other in [&first[..], &constant] {
            let [other, _] = train(&network, &mut *machine, &[other]);
            assert_ne!(params, other, "{name}");
        }
    }
}

/// In one dispatch with the statistics, the controllers do to every update, and log, what they do
/// in dispatches of their own around it, bit for bit.
#[test]
fn controllers_together_do_as_they_do_apart() {
    let (together, apart) = (network(), network::with_controllers_apart());
    let dispatches = [&together, &apart].map(|n| n.plan.programs[0].range.len());
    assert_eq!(dispatches[0] + 2, dispatches[1]);
    let hypers: Vec<Hyper> = (0..7).map(|t| network::hyper(t, 0.0371)).collect();
    let both = machines(&together).into_iter().zip(machines(&apart));
    for ((name, mut one), (_, mut other)) in both {
        let got = train(&together, &mut *one, &[&hypers]);
        let want = train(&apart, &mut *other, &[&hypers]);
        for (want, got) in want.iter().zip(&got) {
            compare(want, got, 0.0, 0.0).unwrap_or_else(|why| panic!("{name} {why}"));
        }
        let rows = got[1].chunks(LOG_WORDS as usize).take(hypers.len());
        let factors: BTreeSet<u32> = rows.map(|row| row[4].to_bits()).collect();
        assert_eq!(factors.len(), hypers.len(), "{name}: factors that change");
    }
}

/// Where gradients are too large for one dispatch, AdaGrad-Norm takes them in before the update, the norm's ratio
/// after it.
#[test]
fn controllers_stand_on_their_sides_of_the_update() {
    let plan = network::wide().plan;
    let train = plan.dispatches[plan.programs[0].range.clone()].iter();
    let order = train.filter_map(|d| match (d.op.name, d.dims.first()) {
        ("sgd", _) => Some("update"),
        ("gradient_control", Some(1)) => Some("AdaGrad-Norm"),
        ("gradient_control", _) => Some("ratio"),
        _ => None,
    });
    let order: Vec<&str> = order.collect();
    assert_eq!(order, ["AdaGrad-Norm", "update", "ratio"]);
}

/// Kernels of optimisers and layers that these networks have not: `optim`, `free`, `optimizers` and `layers` follow them.
const ELSEWHERE: [&str; 20] = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "dadapt",
    "dadapt_moments",
    "embedding",
    "embedding_grad",
    "lamb",
    "lamb_norms",
    "lars",
    "lars_norms",
    "lion",
    "rate_estimate",
    "rate_stats",
    "rmsprop",
    "schedule_free",
    "split_sum", // launched by the GPU executor, named by no plan
];

/// The GPU after every dispatch of a training step, each time from the CPU's numbers: the first
/// kernel that goes wrong is named. The programs together use every other kernel.
#[test]
fn the_gpu_follows_the_cpu_dispatch_by_dispatch() {
    let networks = [network(), network::wide()];
    let all = networks.iter().flat_map(|n| &n.plan.dispatches);
    let used: BTreeSet<&str> = all.map(|d| d.op.name).collect();
    let all = ops::ALL.iter().map(|op| op.name);
    let all: BTreeSet<&str> = all.filter(|name| !ELSEWHERE.contains(name)).collect();
    assert_eq!(used, all, "the networks have one of everything");
    networks.iter().for_each(follow);
}

fn follow(network: &Network) {
    let plan = &network.plan;
    let mut cpu = Cpu::naive(plan.clone()).unwrap();
    let mut gpu = GpuExecutor::new(gpu(), plan).unwrap();
    network.load(&mut cpu);
    network.load(&mut gpu);
    for step in 0..2 {
        let hyper = network::hyper(step, 0.0371);
        for (i, d) in plan.dispatches.iter().enumerate() {
            let read = |cpu: &mut Cpu, s: &Slice| match s.buffer {
                HYPER => bytemuck::cast_slice(&[hyper]).to_vec(),
                _ => cpu.read(*s).unwrap(),
            };
            let case = Case {
                op: d.op,
                dims: d.dims.clone(),
                reads: d.reads().iter().map(|s| read(&mut cpu, s)).collect(),
                before: d.writes().iter().map(|s| read(&mut cpu, s)).collect(),
            };
            cpu.run_dispatches(i..i + 1, &hyper);
            gpu.run_dispatches(i..i + 1, &hyper).unwrap();
            let got = d.writes().iter().map(|s| gpu.read(*s).unwrap()).collect();
            case.judge(&got)
                .unwrap_or_else(|why| panic!("step {step}, dispatch {i}: {why}"));
            for s in d.writes() {
                gpu.write(*s, &cpu.read(*s).unwrap()).unwrap();
            }
        }
    }
}
