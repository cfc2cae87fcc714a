//! `torch.optim.SGD` over the whole parameter arena at once: momentum, dampening, Nesterov,
//! weight decay, maximize. Before all that the gradient is clipped, by its norm with the scale in the
//! last word of `control`, or by value. The rate comes from the uniform; what multiplies it on
//! the device ([`GradientControl`](super::GradientControl)) is the first word of `control`.

use super::update::{self, update_kernel};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources, template,
    variant::{Settings, Variant, dims},
};

pub use update::Dims;

/// A flag of the dims: the momentum buffer is kept without momentum, too, as the gradient.
pub const KEEP: u32 = 1;

/// See the module. The arenas hold a multiple of 4 words.
pub struct Sgd;

impl Kernel for Sgd {
    type Dims = Dims;
    sources!("sgd" + "hyper" + "left_out" + "update" + "sgd", ["hyper", "grad", "control"] -> ["momentum_buffer", "param"]);
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flat(64),
        Dims::flat(1016),
        // One that may be left out and is not, and one that is.
        Dims::flat(8),
        Dims::flat(16),
        update::grouped(0),
        Dims::flagged(1012, KEEP),
    ];

    const VARIANTS: &'static [Variant] = &[WIDE];

    update_kernel!(slots: |_| 1, flops: 6);

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        update::sample(d, name, len, rng)
    }

    /// In f32, in PyTorch's order of operations: an update is not a sum to be made exact.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        update::each(d, reads, writes, |h, i, mut g, buffer, p| {
            if h.weight_decay != 0.0 {
                g += h.weight_decay * *p;
            }
            if h.momentum != 0.0 || d.flags & KEEP != 0 {
                let started = h.momentum * buffer[i] + h.gradient_scale * g;
                buffer[i] = if h.first != 0 { g } else { started };
                g = if h.nesterov != 0 {
                    g + h.momentum * buffer[i]
                } else {
                    buffer[i]
                };
            }
            *p -= h.lr * g;
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::sgd);
}

/// Eight elements an invocation, for software drivers.
const WIDE: Variant = Variant {
    name: "wide",
    wgsl: template!(
        "shared/launch",
        "shared/hyper",
        "shared/left_out",
        "shared/update",
        "shared/sgd",
        "shared/wide",
        "sgd.wide"
    ),
    tiles: &[[64, 1], [8, 1]],
    tile: |_| Some([64, 1]),
    settings: |words, [lanes, _], extras| {
        let d = dims::<Dims>(words);
        let fits = d.n.is_multiple_of(8) && extras.int64;
        // Software drivers go through the search for a segment even where there is one.
        let alone = u32::from(d.segments == 1);
        fits.then(|| Settings::from([("lanes", lanes), ("wide", 1), ("alone", alone)]))
    },
    launch: Some(|words| Launch::Threads(u64::from(dims::<Dims>(words).n) / 8)),
    iterations: |words, _| update::iterations(&dims(words)),
};
