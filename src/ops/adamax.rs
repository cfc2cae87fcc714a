//! `torch.optim.Adamax` over the whole parameter arena at once (arXiv 1412.6980, section 7.1). The slots lie side by side in
//! `state`: `exp_avg`, `exp_inf`; the gradient is clipped first, as [`Sgd`](super::Sgd)'s is.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Adamax;

impl Kernel for Adamax {
    type Dims = Dims;
    sources!("adamax" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(1016),
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
    ];

    update_kernel!(slots: |_| 2, flops: 11);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let mut words = update::sample(d, name, len, rng);
        if name == "state" {
            // The mean has a sign.
            let mean = &mut words[..d.n as usize];
            mean.iter_mut().step_by(2).for_each(|m| *m = -*m);
        }
        words
    }

    /// In f32, in PyTorch's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let n = d.n as usize;
        update::each(d, reads, writes, |h, i, g, state, p| {
            let g = g + h.weight_decay * *p;
            state[i] += h.gradient_scale * (g - state[i]);
            state[n + i] = (h.square_decay * state[n + i]).max(g.abs() + h.eps);
            *p -= h.step_size * (state[i] / state[n + i]);
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::adamax);
}
