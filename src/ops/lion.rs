//! `optax.lion` over the whole parameter arena at once (arXiv 2302.06675). `state` is the mean of the
//! gradient, Optax's `mu`; the gradient is clipped first, as [`Sgd`](super::Sgd)'s is.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Lion;

impl Kernel for Lion {
    type Dims = Dims;
    sources!("lion" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(1016),
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
    ];

    update_kernel!(slots: |_| 1, flops: 9);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        update::sample(d, name, len, rng)
    }

    /// In f32, in Optax's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        update::each(d, reads, writes, |h, i, g, mean, p| {
            let both = h.momentum * mean[i] + h.gradient_scale * g;
            // Rust's sign of zero is 1.
            let direction = if both == 0.0 { 0.0 } else { both.signum() };
            mean[i] = h.square_decay * mean[i] + h.square_scale * g;
            *p -= h.lr * (direction + h.weight_decay * *p);
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::lion);
}
