//! Plans as data: their text, what [`Plan::check`] refuses, and how values share memory.

use std::{env, fs, sync::Arc};

use kiln::{
    exec::{Executor, cpu::Cpu},
    ops::{Epilogue, Flat, HYPER_WORDS, matmul, max_pool2d, update},
    plan::{BufferId, Dispatch, Plan, Role, Slice},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    common::{
        compare, golden,
        network::{self, network},
        words,
    },
    ops::op,
};

/// The whole step of a small residual network, dispatch by dispatch: a change of the recorder
/// shows here as text. `KILN_BLESS=1` rewrites the file; the diff is the review.
#[test]
fn the_plan_of_a_residual_network() {
    let path = golden::path("plan_residual.txt");
    let text = network().plan.to_string();
    if env::var_os("KILN_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let want = fs::read_to_string(&path).unwrap_or_default();
    let lines = want.lines().zip(text.lines());
    for (number, (want, got)) in (1..).zip(lines) {
        assert_eq!(want, got, "line {number} of {}", path.display());
    }
    assert_eq!(want, text, "{}", path.display());
}

/// A matmul and a max-pooling that can run.
fn valid() -> Plan {
    let mut plan = Plan::default();
    let a = plan.buffer("a", 256, Role::Input);
    let b = plan.buffer("b", 256, Role::Input);
    let c = plan.buffer("c", 256, Role::Value);
    let index = plan.buffer("index", 256, Role::Value);
    let product = matmul::Dims {
        m: 8,
        n: 16,
        k: 8,
        ta: 0,
        tb: 0,
        epilogue: Epilogue::NONE.0,
        sums: 0,
    };
    plan.dispatches.push(Dispatch {
        op: op("matmul"),
        dims: words(product),
        args: vec![a, b, b, c],
    });
    let pooling = max_pool2d::Dims {
        planes: 1,
        h: 16,
        w: 16,
        oh: 8,
        ow: 8,
        kh: 2,
        kw: 2,
        stride_h: 2,
        stride_w: 2,
        padding_h: 0,
        padding_w: 0,
        count_include_pad: 0,
        mask: 0,
    };
    plan.dispatches.push(Dispatch {
        op: op("max_pool2d"),
        dims: words(pooling),
        args: vec![a, c, index],
    });
    plan
}

/// Everything that WebGPU rejects late, lets through silently, or that drivers get wrong.
#[test]
fn check_refuses_what_cannot_run() {
    valid().check().unwrap();
    type Break = fn(&mut Plan);
    let table: [(&str, Break); 12] = [
        ("reads and writes a", |p| {
            p.dispatches[0].args[3].buffer = BufferId(0)
        }),
        // Disjoint, and still refused: WebGPU tracks whole buffers.
        ("reads and writes a", |p| {
            p.dispatches[0].args[0].len = 64;
            p.dispatches[0].args[3] = Slice {
                buffer: BufferId(0),
                offset: 64,
                len: 128,
            };
        }),
        ("writes c twice", |p| {
            p.dispatches[1].args[1].len = 64;
            p.dispatches[1].args[2] = Slice {
                buffer: BufferId(2),
                offset: 64,
                len: 64,
            };
        }),
        ("`b` lies outside of b", |p| {
            p.dispatches[0].args[1].offset = 32;
            p.dispatches[0].args[1].len = 128;
        }),
        ("`c` lies outside of c", |p| {
            p.dispatches[0].args[3].offset = 128;
        }),
        ("`c` lies outside of c", |p| {
            p.dispatches[0].args[3].offset = u32::MAX - 63;
        }),
        ("`c` has 127 words but needs 128", |p| {
            p.dispatches[0].args[3].len = 127;
        }),
        ("`a` is empty", |p| p.dispatches[0].args[0].len = 0),
        ("`a` is empty", |p| p.dispatches[0].dims[0] = 0),
        ("3 arguments", |p| {
            p.dispatches[0].args.pop();
        }),
        ("6 words of dims", |p| {
            p.dispatches[0].dims.pop();
        }),
        ("nothing to do", |p| {
            let hyper = p.buffer("hyper", HYPER_WORDS, Role::Input);
            let names = ["grad", "control", "momentum", "param"];
            let arenas = names.map(|name| p.buffer(name, 4, Role::State));
            p.dispatches.push(Dispatch {
                op: op("sgd"),
                dims: words(update::Dims::flat(3)),
                args: [&[hyper], &arenas[..]].concat(),
            });
        }),
    ];
    for (want, break_it) in table {
        let mut plan = valid();
        break_it(&mut plan);
        let why = plan.check().expect_err(want).to_string();
        assert!(why.contains(want), "expected {want:?}: {why}");
    }
}

/// Which output of which dispatch every argument that is read comes from: the meaning of a plan,
/// whatever its buffers are called. `None` for what the host wrote.
fn origins(plan: &Plan) -> Vec<Vec<Option<(usize, usize)>>> {
    let mut last = vec![None; plan.buffers.len()];
    let mut origins = Vec::new();
    for (i, d) in plan.dispatches.iter().enumerate() {
        let at = |s: &Slice| s.buffer.0 as usize;
        let is_value = |s: &Slice| plan.buffers[at(s)].role == Role::Value;
        let origin = |s: &Slice| if is_value(s) { last[at(s)] } else { None };
        origins.push(d.reads().iter().map(origin).collect());
        for (j, s) in d.writes().iter().enumerate() {
            last[at(s)] = Some((i, j));
        }
    }
    origins
}

/// The same plan with a buffer of its own for every value that is written.
fn unshared(plan: &Plan) -> Plan {
    let mut apart = plan.clone();
    let mut home: Vec<BufferId> = (0..plan.buffers.len() as u32).map(BufferId).collect();
    for i in 0..plan.dispatches.len() {
        let reads = plan.dispatches[i].op.reads.len();
        for j in 0..plan.dispatches[i].args.len() {
            let old = plan.dispatches[i].args[j];
            let id = old.buffer.0 as usize;
            if j >= reads && plan.buffers[id].role == Role::Value {
                home[id] = apart
                    .buffer(format!("own.{i}.{j}"), old.len, Role::Value)
                    .buffer;
            }
            apart.dispatches[i].args[j].buffer = home[id];
        }
    }
    let used = |id: usize| {
        apart
            .dispatches
            .iter()
            .any(|d| d.args.iter().any(|s| s.buffer.0 as usize == id))
    };
    for id in 0..plan.buffers.len() {
        if plan.buffers[id].role == Role::Value && !used(id) {
            apart.buffers[id].len = 0;
        }
    }
    apart
}

/// Sharing memory changes where values lie and nothing else: every argument comes from the same
/// dispatch as before, and every number is the same, bit for bit.
fn same_meaning(apart: &Plan, shared: &Plan) -> Result<(), String> {
    shared.check().map_err(|e| e.to_string())?;
    for (i, (want, got)) in origins(apart).iter().zip(origins(shared)).enumerate() {
        if *want != got {
            return Err(format!("dispatch {i} reads {got:?} instead of {want:?}"));
        }
    }
    if shared.memory() > apart.memory() {
        return Err(format!(
            "{} bytes became {}",
            apart.memory(),
            shared.memory()
        ));
    }
    Ok(())
}

/// A plan of sums and poolings: each launch reads two earlier values, chosen at random.
fn random_plan(launches: &[(u32, u32, u32, bool)]) -> Plan {
    let mut plan = Plan::default();
    let mut values = vec![plan.buffer("x", 300, Role::Input)];
    for &(a, b, len, pools) in launches {
        let pick = |i: u32| values[values.len() - 1 - i as usize % values.len().min(6)];
        let (a, b) = (pick(a), pick(b));
        let n = len.min(a.len).min(b.len);
        let y = plan.buffer(format!("y.{}", values.len()), n, Role::Value);
        let (op, dims, args) = if pools {
            let dims = max_pool2d::Dims {
                planes: n,
                h: 1,
                w: 1,
                oh: 1,
                ow: 1,
                kh: 1,
                kw: 1,
                stride_h: 1,
                stride_w: 1,
                padding_h: 0,
                padding_w: 0,
                count_include_pad: 0,
                mask: 0,
            };
            // Nobody reads the indices: they die as they are written.
            let index = plan.buffer(format!("index.{}", values.len()), n, Role::Value);
            (op("max_pool2d"), words(dims), vec![a, y, index])
        } else {
            (op("add"), words(Flat { n }), vec![a, b, y])
        };
        plan.dispatches.push(Dispatch { op, dims, args });
        values.push(y);
    }
    plan
}

/// No live value is ever overwritten, in any plan.
#[test]
fn values_share_memory_without_harm() {
    let launch = (0..20u32, 0..20u32, 1..300u32, prop::bool::weighted(0.3));
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let test = |launches: Vec<_>| {
        let apart = random_plan(&launches);
        let mut shared = apart.clone();
        shared.reuse_values();
        same_meaning(&apart, &shared).map_err(TestCaseError::fail)
    };
    TestRunner::new(config)
        .run(&vec(launch, 1..30), test)
        .unwrap();
}

/// The liveness check above is worth something: a plan that overwrites a live value fails it.
#[test]
fn an_overwritten_value_is_noticed() {
    let launches = [(0, 0, 9, false), (0, 0, 9, false), (0, 1, 9, false)];
    let apart = random_plan(&launches);
    let mut harmed = apart.clone();
    let first = harmed.dispatches[0].args[2];
    harmed.dispatches[1].args[2] = first;
    assert!(same_meaning(&apart, &harmed).is_err());
}

/// A recorded network computes the same with and without shared memory, and needs less of it.
#[test]
fn a_network_shares_memory_without_harm() {
    let network = network();
    let shared = network.plan.clone();
    let apart = Arc::new(unshared(&shared));
    same_meaning(&apart, &shared).unwrap();
    assert!(shared.memory() < apart.memory());
    let mut again = (*apart).clone();
    again.reuse_values();
    same_meaning(&apart, &again).unwrap();
    let results = [apart, shared, Arc::new(again)].map(|plan| {
        let mut machine = Cpu::naive(plan.clone()).unwrap();
        network.load(&mut machine);
        let program = plan.program("train").unwrap();
        for step in 0..3 {
            let hyper = network::hyper(step, 0.0371);
            machine.run(program, &[hyper]).unwrap();
        }
        [network.params, network.log]
            .map(|s| machine.read(s).unwrap())
            .concat()
    });
    compare(&results[0], &results[1], 0.0, 0.0).unwrap();
    compare(&results[0], &results[2], 0.0, 0.0).unwrap();
}

/// Nothing adds to the gradient arena or zeroes it: within a program each slice is written once.
#[test]
fn every_gradient_is_written_once_a_step() {
    let plan = network().plan;
    for program in &plan.programs {
        let dispatches = &plan.dispatches[program.range.clone()];
        let writes = dispatches.iter().flat_map(|d| d.writes());
        let is_gradient = |s: &&Slice| plan.buffers[s.buffer.0 as usize].role == Role::Gradient;
        let mut starts: Vec<u32> = writes.filter(is_gradient).map(|s| s.offset).collect();
        let written = starts.len();
        starts.sort();
        starts.dedup();
        assert_eq!(starts.len(), written, "{}", program.name);
        // A bias that lies behind its weight is written with it; the other program has one before.
        let writes = if program.name == "train" { 9 } else { 2 };
        assert_eq!(written, writes, "{}", program.name);
    }
}

/// Every byte is counted once, under what it holds, after values have found a place to share.
#[test]
fn memory_is_counted_by_what_it_holds() {
    let plan = &network().plan;
    let of = Role::ALL.map(|(role, _)| plan.memory_of(role));
    assert_eq!(
        of.iter().map(|(bytes, _)| bytes).sum::<u64>(),
        plan.memory()
    );
    assert_eq!(
        of.iter().map(|(_, count)| count).sum::<usize>(),
        plan.buffers.len()
    );
    let [params, gradients] = [Role::Parameter, Role::Gradient].map(|role| plan.memory_of(role));
    assert_eq!(params, gradients, "the arenas are equal");
    assert!(unshared(plan).memory() > plan.memory(), "values share");
}
