//! `torch.optim.RMSprop` over the whole parameter arena at once, with momentum and centred where asked for.
//! The slots lie side by side in `state`: `square_avg`, `momentum_buffer`, `grad_avg`, as far as there
//! are. The gradient is clipped first, as [`Sgd`](super::Sgd)'s is.
//!
//! A variance that rounding makes negative counts as 0, where torch's root of it is no number.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// A flag of the dims: steps are gathered in a momentum buffer.
pub const MOMENTUM: u32 = 1;
/// A flag of the dims: the mean gradient's square is taken off the mean square.
pub const CENTERED: u32 = 2;

/// See the module. The arenas hold a multiple of 4 words.
pub struct RmsProp;

impl Kernel for RmsProp {
    type Dims = Dims;
    sources!("rmsprop" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(1016, MOMENTUM | CENTERED),
        Dims::flagged(8, MOMENTUM),
        Dims::flagged(64, CENTERED),
        Dims::flat(16),
        update::grouped(MOMENTUM | CENTERED),
    ];

    update_kernel!(slots: |flags| 1 + u64::from(flags.count_ones()), flops: 14);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let mut words = update::sample(d, name, len, rng);
        if name == "state" {
            // The mean square is no smaller than the mean's square, by enough that no digits are lost.
            words[..d.n as usize].iter_mut().for_each(|v| *v += 2.0);
        }
        words
    }

    /// In f32, in PyTorch's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let n = d.n as usize;
        let centre = n * (1 + (d.flags & MOMENTUM) as usize);
        update::each(d, reads, writes, |h, i, g, state, p| {
            let g = g + h.weight_decay * *p;
            state[i] = h.square_decay * state[i] + h.square_scale * g * g;
            let mut variance = state[i];
            if d.flags & CENTERED != 0 {
                let mean = &mut state[centre + i];
                *mean += h.square_scale * (g - *mean);
                variance = (variance - *mean * *mean).max(0.0);
            }
            let mut step = g / (variance.sqrt() + h.eps);
            if d.flags & MOMENTUM != 0 {
                step += h.momentum * state[n + i];
                state[n + i] = step;
            }
            *p -= h.lr * step;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::rmsprop);
}
