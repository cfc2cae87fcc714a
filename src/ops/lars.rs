//! `optax.lars` over the whole parameter arena at once (arXiv 1708.03888), with the trust ratios that
//! [`LarsNorms`](super::LarsNorms) has left in `control`. `state` gathers steps with their rates, as Optax does.

use super::{LEFT_OUT, stride, trust, update};
use crate::{
    kernel::{Kernel, Launch},
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
        trust::lens(d, 1)
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        8 * u64::from(d.n)
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
}
