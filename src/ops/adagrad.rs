//! `torch.optim.Adagrad` over the whole parameter arena at once. `state` is `sum`; the gradient is
//! clipped first, as [`Sgd`](super::Sgd)'s is.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Adagrad;

impl Kernel for Adagrad {
    type Dims = Dims;
    sources!("adagrad" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(1016),
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
    ];

    update_kernel!(slots: |_| 1, flops: 7);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        update::sample(d, name, len, rng)
    }

    /// In f32, in PyTorch's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        update::each(d, reads, writes, |h, i, g, sum, p| {
            let g = g + h.weight_decay * *p;
            sum[i] += g * g;
            *p -= h.step_size * (g / (sum[i].sqrt() + h.eps));
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::adagrad);
}
