//! The trust ratio of every parameter for [`Lars`](super::Lars), from its norm and its gradient's, decay
//! included. Where one of them is 0, so that nothing can be said, it is 1.

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

    update_kernel!(
        launch: trust::launch,
        iterations: trust::iterations,
        lens: |d| trust::norms_lens(d, 1),
        flops: 6
    );

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        trust::sample(d, name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        trust::ratios(
            d,
            reads,
            &mut *writes[0],
            |h, _, g, p| g + h.weight_decay * p,
            trust::lars,
        );
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::lars_norms);
}
