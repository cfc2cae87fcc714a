//! `optax.lars` over the whole parameter arena at once (arXiv 1708.03888), with the trust ratios that
//! [`LarsNorms`](super::LarsNorms) has left in `control`. `state` gathers steps with their rates, as Optax does.

use super::{
    trust,
    update::{self, update_kernel},
};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Lars;

impl Kernel for Lars {
    type Dims = Dims;
    sources!("lars" + "hyper" + "left_out" + "update" + "trust", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(1016),
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
    ];

    update_kernel!(
        launch: update::launch,
        iterations: trust::applied,
        lens: |d| trust::lens(d, 1),
        flops: 8
    );

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        trust::sample(d, name, len, rng)
    }

    /// In f32, in Optax's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let control = reads[2];
        update::each(d, reads, writes, |h, i, g, state, p| {
            let rate = h.lr * control[trust::at(d, control, d.segment_of(i))];
            let step = rate * (g + h.weight_decay * *p);
            state[i] = step + h.momentum * state[i];
            *p -= match h.nesterov {
                0 => state[i],
                _ => step + h.momentum * state[i],
            };
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::lars);
}
