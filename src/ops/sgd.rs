//! `torch.optim.SGD` over the whole parameter arena at once: momentum, dampening, Nesterov,
//! weight decay, maximize. Before all that the gradient is clipped, by its norm with the scale in the
//! last word of `control`, or by value. The rate comes from the uniform; what multiplies it on
//! the device ([`GradientControl`](super::GradientControl)) is the first word of `control`.

use super::{CONTROL_WORDS, Flat, HYPER_WORDS, LEFT_OUT, hyper, left_out, sample_leaving, stride};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{Settings, Variant, dims},
};

/// See the module. The arenas hold a multiple of 4 words.
pub struct Sgd;

impl Kernel for Sgd {
    type Dims = Flat;
    sources!("sgd" + "hyper" + "left_out" + "sgd", ["hyper", "grad", "control"] -> ["momentum_buffer", "param"]);
    const CASES: &'static [Flat] = &[
        Flat { n: 4 },
        Flat { n: 64 },
        Flat { n: 1016 },
        // One that may be left out and is not, and one that is.
        Flat { n: 8 },
        Flat { n: 16 },
    ];

    const VARIANTS: &'static [Variant] = &[WIDE];

    fn class(d: &Flat) -> String {
        format!("x{}", rounded(d.n))
    }

    fn launch(d: &Flat) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Flat) -> u64 {
        stride::iterations(u64::from(d.n) / 4)
    }

    fn lens(d: &Flat) -> Vec<u64> {
        let n = d.n as u64;
        vec![HYPER_WORDS.into(), n, CONTROL_WORDS.into(), n, n]
    }

    fn describe(d: &Flat) -> String {
        format!("{} parameters", d.n)
    }

    fn flops(d: &Flat) -> u64 {
        6 * d.n as u64
    }

    fn sample(d: &Flat, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match (name, d.n) {
            ("hyper", n) => sample_leaving(n),
            ("control", 16 | 64) => vec![0.7, LEFT_OUT],
            _ => rng.floats(len),
        }
    }

    /// In f32, in PyTorch's order of operations: an update is not a sum to be made exact.
    fn cpu(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let h = hyper(reads[0]);
        let [buffer, param] = writes else {
            unreachable!("sgd writes two arenas")
        };
        if left_out(&h, reads[2]) {
            return;
        }
        for i in 0..d.n as usize {
            let mut g = reads[1][i];
            if h.clip_norm > 0.0 {
                g *= reads[2][reads[2].len() - 1];
            }
            if h.clip_value > 0.0 {
                g = g.max(-h.clip_value).min(h.clip_value);
            }
            if h.maximize != 0 {
                g = -g;
            }
            if h.weight_decay != 0.0 {
                g += h.weight_decay * param[i];
            }
            if h.momentum != 0.0 {
                let started = h.momentum * buffer[i] + h.gradient_scale * g;
                buffer[i] = if h.first != 0 { g } else { started };
                g = if h.nesterov != 0 {
                    g + h.momentum * buffer[i]
                } else {
                    buffer[i]
                };
            }
            param[i] -= h.lr * reads[2][0] * g;
        }
    }

    const FAST: Option<HostFn<Flat>> = Some(super::fast::sgd);
}

/// Eight elements an invocation, for software drivers.
const WIDE: Variant = Variant {
    name: "wide",
    wgsl: template!(
        "shared/launch",
        "shared/hyper",
        "shared/left_out",
        "shared/sgd",
        "shared/wide",
        "sgd.wide"
    ),
    tiles: &[[64, 1], [8, 1]],
    tile: |_| Some([64, 1]),
    settings: |words, [lanes, _], extras| {
        let fits = dims::<Flat>(words).n.is_multiple_of(8) && extras.int64;
        fits.then(|| Settings::from([("lanes", lanes), ("wide", 1)]))
    },
    launch: Some(|words| Launch::Threads(u64::from(dims::<Flat>(words).n) / 8)),
    iterations: |_, _| 1,
};
