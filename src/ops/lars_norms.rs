//! The trust ratio of every parameter for [`Lars`](super::Lars), from its norm and its gradient's, decay
//! included. Where one of them is 0, so that nothing can be said, it is 1.

use super::{LEFT_OUT, trust, update};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct LarsNorms;

impl Kernel for LarsNorms {
    type Dims = Dims;
    sources!("lars_norms" + "hyper" + "left_out" + "update" + "trust" + "trust_norms", ["hyper", "grad", "state", "param"] -> ["control"]);
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
        Launch::Groups(d.segments.into())
    }

    fn iterations(d: &Dims) -> u64 {
        trust::iterations(d)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        trust::norms_lens(d, 1)
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        6 * u64::from(d.n)
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

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        trust::ratios(
            d,
            reads,
            &mut *writes[0],
            |h, _, g, p| g + h.weight_decay * p,
            |h, own, step| f64::from(h.trust) * own / (step + f64::from(h.eps)),
        );
    }
}
