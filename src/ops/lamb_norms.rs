//! The trust ratio of every parameter for [`Lamb`](super::Lamb), from its norm and that of the step that Adam
//! would take. Where one of them is 0, so that nothing can be said, it is 1.

use super::{
    trust,
    update::{self, update_kernel},
};
use crate::{
    kernel::{HostFn, Kernel},
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

    update_kernel!(
        launch: trust::launch,
        iterations: trust::iterations,
        lens: |d| trust::norms_lens(d, 2),
        flops: 20
    );

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        trust::sample(d, name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (state, n) = (reads[2], d.n as usize);
        let step = |h: &super::Group, i: usize, g: f32, p: f32| {
            let m = h.momentum * state[i] + h.gradient_scale * g;
            let v = h.square_decay * state[n + i] + h.square_scale * g * g;
            m / h.trust / (v.sqrt() / h.correction + h.eps) + h.weight_decay * p
        };
        trust::ratios(d, reads, &mut *writes[0], step, trust::lamb);
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::lamb_norms);
}
