//! `torch.optim.Adadelta` over the whole parameter arena at once (arXiv 1212.5701). The slots lie side by side in
//! `state`: `square_avg`, `acc_delta`; the gradient is clipped first, as [`Sgd`](super::Sgd)'s is.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Adadelta;

impl Kernel for Adadelta {
    type Dims = Dims;
    sources!("adadelta" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(1016),
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
    ];

    update_kernel!(slots: |_| 2, flops: 13);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        update::sample(d, name, len, rng)
    }

    /// In f32, in PyTorch's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let n = d.n as usize;
        update::each(d, reads, writes, |h, i, g, state, p| {
            let g = g + h.weight_decay * *p;
            state[i] = h.square_decay * state[i] + h.square_scale * g * g;
            let root = (state[i] + h.eps).sqrt();
            let step = (state[n + i] + h.eps).sqrt() / root * g;
            state[n + i] = h.square_decay * state[n + i] + h.square_scale * step * step;
            *p -= h.lr * step;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::adadelta);
}
