//! Per part of the gradient arena, the sum of squares and how many elements are not finite: the
//! first half of a global norm and of the finite check. [`LogGrad`](super::LogGrad) adds them up.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// `grad` is `[n]`, `part` is `[parts, 2]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements, a multiple of 4.
    pub n: u32,
    /// Workgroups; each takes every `parts`-th run of 256 elements.
    pub parts: u32,
}

impl Dims {
    /// A number of parts that keeps both halves of the reduction short.
    pub fn new(n: u32) -> Dims {
        let parts = n.div_ceil(64 * 32).clamp(1, 256);
        Dims { n, parts }
    }
}

/// See the module.
pub struct GradStats;

impl Kernel for GradStats {
    type Dims = Dims;
    sources!("grad_stats" + "norm", ["grad"] -> ["part"]);
    const CASES: &'static [Dims] = &[
        Dims { n: 4, parts: 1 },
        Dims { n: 1012, parts: 3 },
        Dims {
            n: 70_008,
            parts: 35,
        },
    ];

    const VARIANTS: &'static [Variant] = &[WIDE];

    fn class(d: &Dims) -> String {
        format!("x{}", rounded(d.n))
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.parts.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.n.into(), 2 * d.parts as u64]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.n as u64).div_ceil(256 * d.parts as u64) + 6
    }

    fn describe(d: &Dims) -> String {
        format!("{} gradients in {} parts", d.n, d.parts)
    }

    fn flops(d: &Dims) -> u64 {
        2 * d.n as u64
    }

    /// A few elements are infinite or NaN.
    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let mut grad = rng.floats(len);
        for (i, bad) in [
            (17, f32::NAN),
            (500, f32::INFINITY),
            (900, f32::NEG_INFINITY),
        ] {
            if i < len {
                grad[i] = bad;
            }
        }
        grad
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for part in 0..d.parts as usize {
            let (mut sum, mut bad) = (0f64, 0u32);
            for (i, &g) in reads[0][..d.n as usize].iter().enumerate() {
                if i / 256 % d.parts as usize != part {
                    continue;
                }
                if g.is_finite() {
                    sum += g as f64 * g as f64;
                } else {
                    bad += 1;
                }
            }
            writes[0][2 * part] = sum as f32;
            writes[0][2 * part + 1] = bad as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::grad_stats);
}

/// Eight elements a load, for software drivers.
const WIDE: Variant = Variant {
    name: "wide",
    wgsl: template!(
        "shared/launch",
        "shared/norm",
        "shared/wide",
        "grad_stats.wide"
    ),
    tiles: &[ONE_TILE],
    tile: |_| Some(ONE_TILE),
    settings: |words, _, extras| {
        let fits = dims::<Dims>(words).n.is_multiple_of(8) && extras.int64;
        fits.then(|| Settings::from([("wide", 1)]))
    },
    launch: None,
    iterations: |words, _| GradStats::iterations(&dims(words)),
};
