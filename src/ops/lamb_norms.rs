//! The trust ratio of every parameter for [`Lamb`](super::Lamb), from its norm and that of the step that Adam
//! would take. Where one of them is 0, so that nothing can be said, it is 1.

use super::{LEFT_OUT, trust, update};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

pub use update::Dims;

/// See the module. The arenas hold a multiple of 4 words.
pub struct LambNorms;

impl Kernel for LambNorms {
    type Dims = Dims;
    sources!("lamb_norms" + "hyper" + "left_out" + "update" + "trust" + "lamb" + "trust_norms", ["hyper", "grad", "state", "param"] -> ["control"]);
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
        trust::norms_lens(d, 2)
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        20 * u64::from(d.n)
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
        let (state, n) = (reads[2], d.n as usize);
        let step = |h: &super::Group, i: usize, g: f32, p: f32| {
            let m = h.momentum * state[i] + h.gradient_scale * g;
            let v = h.square_decay * state[n + i] + h.square_scale * g * g;
            m / h.trust / (v.sqrt() / h.correction + h.eps) + h.weight_decay * p
        };
        trust::ratios(d, reads, &mut *writes[0], step, |_, own, step| own / step);
    }
}
