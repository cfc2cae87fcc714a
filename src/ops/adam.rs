//! `torch.optim.Adam`, `AdamW`, `NAdam` and `RAdam` over the whole parameter arena at once, AMSGrad included.
//! The slots lie side by side in `state`: `exp_avg`, `exp_avg_sq` and, for AMSGrad, `max_exp_avg_sq`. The
//! gradient is clipped first, as [`Sgd`](super::Sgd)'s is.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// A flag of the dims: the largest mean of squares so far divides, not the last one.
pub const AMSGRAD: u32 = 1;
/// A flag of the dims: weights decay by themselves, not through the gradient (AdamW).
pub const DECOUPLED: u32 = 2;
/// A flag of the dims: the step is by `momentum` times the mean and `trust` times the gradient (NAdam).
pub const NESTEROV: u32 = 4;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Adam;

impl Kernel for Adam {
    type Dims = Dims;
    sources!("adam" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(64, AMSGRAD),
        Dims::flagged(1016, AMSGRAD | DECOUPLED),
        Dims::flagged(8, DECOUPLED),
        Dims::flat(16),
        update::grouped(AMSGRAD),
        update::grouped(DECOUPLED),
        Dims::flagged(12, NESTEROV),
        update::grouped(NESTEROV | DECOUPLED),
    ];

    update_kernel!(slots: |flags| 2 + u64::from(flags & AMSGRAD), flops: 12);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let mut words = update::sample(d, name, len, rng);
        if name == "state" {
            // The first moment has a sign.
            let first = &mut words[..d.n as usize];
            first.iter_mut().step_by(2).for_each(|m| *m = -*m);
        }
        words
    }

    /// In f32, in PyTorch's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let n = d.n as usize;
        update::each(d, reads, writes, |h, i, mut g, state, p| {
            if d.flags & DECOUPLED != 0 {
                *p *= 1.0 - h.lr * h.weight_decay;
            } else {
                g += h.weight_decay * *p;
            }
            state[i] += h.gradient_scale * (g - state[i]);
            state[n + i] = h.square_decay * state[n + i] + h.square_scale * g * g;
            let mut square = state[n + i];
            if d.flags & AMSGRAD != 0 {
                square = square.max(state[2 * n + i]);
                state[2 * n + i] = square;
            }
            let mut mean = state[i];
            if d.flags & NESTEROV != 0 {
                mean = h.momentum * mean + h.trust * g;
            }
            *p -= h.step_size * (mean / (square.sqrt() / h.correction + h.eps));
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::adam);
}
