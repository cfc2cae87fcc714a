//! Schedule-free SGD and AdamW (arXiv 2405.15682) over the whole parameter arena. `param` is where gradients are
//! taken (y), between `z`, which takes the steps, and `x`, their mean, which is evaluated; these and, for AdamW,
//! `exp_avg_sq` lie side by side in `state`. What the newest z counts in the mean is
//! [`RateEstimate`](super::RateEstimate)'s.

use super::{
    HYPER_WORDS, rate_estimate, stride,
    update::{self, Dims},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// A flag of the dims: the gradient is divided by the root of its mean square, as Adam does.
pub const ADAM: u32 = 1;

/// See the module. The arenas hold a multiple of 4 words.
pub struct ScheduleFree;

impl Kernel for ScheduleFree {
    type Dims = Dims;
    sources!("schedule_free" + "hyper" + "left_out" + "update", ["hyper", "grad", "control"] -> ["state", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(8, ADAM),
        Dims::flat(16),
        Dims::flagged(1016, ADAM),
        Dims::flat(1012),
        update::grouped(0),
        update::grouped(ADAM),
    ];

    fn launch(d: &Dims) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Dims) -> u64 {
        update::iterations(d)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = u64::from(d.n);
        let control = u64::from(d.memory + rate_estimate::MEMORY) + 1;
        let slots = 2 + u64::from(d.flags & ADAM);
        vec![HYPER_WORDS.into(), n, control, slots * n, n]
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        14 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match (name, d.n) {
            ("state", n) => {
                let mut state = rng.floats(len);
                let squares = state.iter_mut().skip(2 * n as usize);
                squares.for_each(|v| *v = v.abs());
                state
            }
            ("control", n) => {
                let mut control = vec![0.7; len];
                control[d.memory as usize + 2] = 0.29;
                control[len - 1] = if n == 16 { super::LEFT_OUT } else { 0.83 };
                control
            }
            _ => update::sample(d, name, len, rng),
        }
    }

    /// In f32, in the textbook's order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (n, newest) = (d.n as usize, reads[2][d.memory as usize + 2]);
        update::each(d, reads, writes, |h, i, mut g, state, y| {
            if d.flags & ADAM != 0 {
                let v = h.square_decay * state[2 * n + i] + h.square_scale * g * g;
                state[2 * n + i] = v;
                g /= v.sqrt() / h.correction + h.eps;
            }
            g += h.weight_decay * *y;
            let z = state[i] - h.lr * g;
            let x = (1.0 - newest) * state[n + i] + newest * z;
            (state[i], state[n + i]) = (z, x);
            *y = h.gradient_scale * z + h.momentum * x;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::schedule_free);
}
