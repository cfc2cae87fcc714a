//! Shared by all tests: one GPU, one way to compare, one way to run a kernel on every machine.

pub mod forward64;
pub mod golden;
pub mod network;

use std::{
    borrow::Borrow,
    env,
    sync::{Arc, OnceLock},
};

use bytemuck::Pod;
pub use kiln::doctor::{Case, Outputs, compare, compare_within, largest};
use kiln::{
    device::{self, Choice, Gpu, Machine, Needs},
    doctor,
    exec::tuning::Table,
    plan::{BufferId, Plan, Slice},
};

/// The adapter of all GPU tests, opened once: the software adapter, or what `KILN_TEST_DEVICE`
/// says in the words of `--device`. Without one the test fails: nothing is skipped.
pub fn gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Result<Arc<Gpu>, String>> = OnceLock::new();
    let opened = GPU.get_or_init(|| {
        let wanted = env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
        let choice: Choice = wanted.parse().expect("KILN_TEST_DEVICE names a device");
        match device::open(&choice, Needs::default()) {
            Ok((Machine::Gpu(gpu), _)) => Ok(gpu),
            Ok((Machine::Cpu, line)) => Err(line),
            Err(e) => Err(e.to_string()),
        }
    });
    match opened {
        Ok(gpu) => gpu.clone(),
        Err(why) => panic!(
            "the GPU tests need an adapter: run `scripts/test`, or `apt install \
             mesa-vulkan-drivers` on Debian and Ubuntu ({why})"
        ),
    }
}

/// Runs all cases on the GPU with their portable shaders. See [`on_gpu_by`].
pub fn on_gpu(cases: &[Case]) -> Vec<Result<Outputs, String>> {
    let portable = Table {
        prefer: Vec::new(),
        groups: 1,
        ..Table::built_in(true)
    };
    on_gpu_by(&portable, cases)
}

/// Runs all cases on the GPU, in one plan, with the shaders that a table picks. A case whose guard
/// words changed is an error.
pub fn on_gpu_by<C: Borrow<Case>>(table: &Table, cases: &[C]) -> Vec<Result<Outputs, String>> {
    let cases: Vec<&Case> = cases.iter().map(Borrow::borrow).collect();
    doctor::on_gpu_by(&gpu(), table, &cases).unwrap_or_else(|e| panic!("{e}"))
}

/// Dims as a plan holds them.
pub fn words<D: Pod>(dims: D) -> Vec<u32> {
    bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec()
}

/// The buffer called `name`: where a value lies is settled when the plan is finished.
pub fn buffer(plan: &Plan, name: &str) -> Slice {
    let at = plan.buffers.iter().position(|b| b.name == name);
    plan.whole(BufferId(
        at.unwrap_or_else(|| panic!("no buffer {name}")) as u32
    ))
}

/// Everything else rests on this: a comparison that cannot fail proves nothing.
#[test]
fn the_comparison_can_fail() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for (want, got, abs, rel) in [
        (1.0, 1.1, 0.01, 0.01),
        (1.0, -1.0, 0.5, 0.5),
        (0.0, 1e-30, 0.0, 0.5),
        (0.0, -0.0, 0.0, 0.0),
        (1.0, nan, 1.0, 1.0),
        (nan, 1.0, 1.0, 1.0),
        (nan, 1.0, inf, inf),
        (inf, -inf, inf, inf),
        (inf, f32::MAX, inf, inf),
        (1.0, inf, inf, inf),
    ] {
        assert!(
            compare(&[5.0, want], &[5.0, got], abs, rel).is_err(),
            "{want} passed as {got} within {abs} + {rel}"
        );
    }
    assert!(compare(&[1.0], &[], 1.0, 1.0).is_err());
    let words = [0.0, -0.0, 1.0, nan, inf, -inf];
    compare(&words, &words, 0.0, 0.0).unwrap();
    compare(&[1.0, 0.0], &[1.01, -0.0], 0.001, 0.01).unwrap();
}
