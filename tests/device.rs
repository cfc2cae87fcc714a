//! Choosing a machine: every dead end gives one clear sentence, nothing panics.

use kiln::{
    device::{self, Choice, Machine, Needs},
    exec::{gpu::GpuExecutor, tuning::Table},
    ops::{HYPER_WORDS, matmul, softmax_cross_entropy},
    plan::{Dispatch, Plan, Role},
};

use crate::{
    common::{Case, gpu, on_gpu, words},
    ops::op,
};

fn refusal(choice: &str, needs: Needs) -> String {
    let choice: Choice = choice.parse().expect("a choice");
    match device::open(&choice, needs) {
        Ok((_, line)) => panic!("opened {line}"),
        Err(e) => {
            assert_eq!(e.exit_code(), 2, "{e}");
            e.to_string()
        }
    }
}

/// An adapter that is too small says by how much, and what would help.
#[test]
fn a_plan_that_is_too_large_is_refused() {
    let binding = Needs {
        binding: 1 << 45,
        buffer: 1 << 45,
    };
    let e = refusal("software", binding);
    assert!(
        e.contains("too small: the plan needs a binding of 33554432.0 MiB"),
        "{e}"
    );
    assert!(e.contains("--limit"), "{e}");
    let e = refusal(
        "software",
        Needs {
            binding: 0,
            buffer: 1 << 45,
        },
    );
    assert!(e.contains("needs a buffer of"), "{e}");
}

/// An unknown name lists what there is.
#[test]
fn an_unknown_adapter_is_refused() {
    let e = refusal("geforce 9999", Needs::default());
    assert!(
        e.contains("no adapter matches --device geforce 9999"),
        "{e}"
    );
    assert!(e.contains("kiln devices"), "{e}");
}

/// The CPU executor is always there; `auto` never takes a software adapter over it.
#[test]
fn auto_prefers_the_cpu_to_a_software_adapter() {
    let (machine, line) = device::open(&Choice::Cpu, Needs::default()).unwrap();
    assert!(matches!(machine, Machine::Cpu) && line.contains("CPU executor"));
    match device::open(&Choice::Auto, Needs::default()).unwrap() {
        (Machine::Cpu, line) => assert!(line.contains("no GPU found"), "{line}"),
        (Machine::Gpu(gpu), line) => assert!(!gpu.software, "{line}"),
    }
}

/// Part of a name, in any case, is enough.
#[test]
fn part_of_a_name_is_enough() {
    let Some(first) = device::list().into_iter().find(|d| d.unusable.is_none()) else {
        panic!("no adapter: run `scripts/test`, or `apt install mesa-vulkan-drivers`");
    };
    let part: String = first.name.to_uppercase().chars().take(6).collect();
    let (machine, line) = device::open(&Choice::Named(part), Needs::default()).unwrap();
    assert!(matches!(machine, Machine::Gpu(_)), "{line}");
}

/// Mesa 22.3 silently stops the loops of an invocation after 65,535 iterations: what would loop
/// longer is split where it can be, and refused where it cannot.
#[test]
fn very_long_loops_are_split_or_refused() {
    let product = matmul::Dims {
        m: 1,
        n: 1,
        k: 70_001,
        ta: 0,
        tb: 0,
        epilogue: 0,
        sums: 0,
    };
    let case = Case::sample(op("matmul"), words(product), 5);
    let got = on_gpu(std::slice::from_ref(&case)).remove(0).unwrap();
    case.judge(&got).unwrap();

    let mut plan = Plan::default();
    let classes = 30_000;
    let dims = softmax_cross_entropy::Dims {
        rows: 1,
        cols: classes,
        smoothing: 0.0,
    };
    let names = [
        ("hyper", HYPER_WORDS),
        ("label", 1),
        ("logits", classes),
        ("row", 2),
        ("dlogits", classes),
    ];
    let args = names.map(|(name, len)| plan.buffer(name, len, Role::Value));
    plan.dispatches.push(Dispatch {
        op: op("softmax_cross_entropy"),
        dims: words(dims),
        args: args.into(),
    });
    let portable = Table {
        prefer: Vec::new(),
        ..Table::built_in(true)
    };
    // A workgroup for every row is allowed to.
    GpuExecutor::new(gpu(), &plan).unwrap();
    let refused = GpuExecutor::tuned(gpu(), &plan, &portable)
        .err()
        .expect("too long")
        .to_string();
    assert!(refused.contains("would loop 90000 times"), "{refused}");
}
