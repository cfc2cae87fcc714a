//! `optax.lamb` over the whole parameter arena at once (arXiv 1904.00962), with the trust ratios that
//! [`LambNorms`](super::LambNorms) has left in `control`. The slots lie side by side in `state`: `exp_avg`,
//! `exp_avg_sq`.

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
pub struct Lamb;

impl Kernel for Lamb {
    type Dims = Dims;
    sources!("lamb" + "hyper" + "left_out" + "update" + "trust" + "lamb", ["hyper", "grad", "control"] -> ["state", "param"]);
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
        lens: |d| trust::lens(d, 2),
        flops: 16
    );

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        trust::sample(d, name, len, rng)
    }

    /// In f32, in Optax's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (control, n) = (reads[2], d.n as usize);
        update::each(d, reads, writes, |h, i, g, state, p| {
            state[i] = h.momentum * state[i] + h.gradient_scale * g;
            state[n + i] = h.square_decay * state[n + i] + h.square_scale * g * g;
            let root = state[n + i].sqrt() / h.correction;
            let step = state[i] / h.trust / (root + h.eps) + h.weight_decay * *p;
            *p -= h.lr * control[trust::at(d, control, d.segment_of(i))] * step;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::lamb);
}
