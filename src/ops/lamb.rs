//! `optax.lamb` over the whole parameter arena at once (arXiv 1904.00962), with the trust ratios that
//! [`LambNorms`](super::LambNorms) has left in `control`. The slots lie side by side in `state`: `exp_avg`,
//! `exp_avg_sq`.

use super::{LEFT_OUT, stride, trust, update};
use crate::{
    kernel::{Kernel, Launch},
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

    fn class(d: &Dims) -> String {
        update::class(d)
    }

    fn launch(d: &Dims) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Dims) -> u64 {
        2 * update::iterations(d) + 8
    }

    fn lens(d: &Dims) -> Vec<u64> {
        trust::lens(d, 2)
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        16 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match (name, d.n) {
            // Ratios lie before the last word.
            ("control", 16) => {
                let mut control = rng.floats(len);
                control[len - 1] = LEFT_OUT;
                control
            }
            _ => update::sample(d, name, len, rng),
        }
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
}
