//! Four numbers of every group, out of which [`norm_grad`](super::norm_grad) makes the gradient of a
//! normalisation's input.

use bytemuck::{Pod, Zeroable};

use super::normalize::{sample, scales};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// `sums` are those of [`norm_sums`](super::norm_sums), the second ones from `shift` on.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Groups.
    pub groups: u32,
    /// Elements of a group.
    pub elements: u32,
    /// Where the second sums begin.
    pub shift: u32,
    /// 1 where every group has a weight, the first words of `affine`.
    pub weighted: u32,
    /// ε.
    pub eps: f32,
}

/// See the module.
pub struct NormCoefficients;

impl Kernel for NormCoefficients {
    type Dims = Dims;
    sources!("norm_coefficients", ["stat", "sums", "affine"] -> ["coefficients"]);
    const CASES: &'static [Dims] = &[
        case(1, 2, 1, 0),
        case(67, 10, 128, 1),
        case(101, 33, 101, 0),
        case(64, 3, 64, 1),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.groups.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [groups, shift] = [d.groups, d.shift].map(u64::from);
        let affine = if d.weighted != 0 { groups } else { 1 };
        vec![2 * groups, shift + groups, affine, 4 * groups]
    }

    fn describe(d: &Dims) -> String {
        format!("{} groups", d.groups)
    }

    fn flops(d: &Dims) -> u64 {
        6 * u64::from(d.groups)
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        sample(name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let m = f64::from(d.elements);
        for (g, scale) in scales(reads[0], d.groups, d.eps).into_iter().enumerate() {
            let weight = if d.weighted != 0 {
                f64::from(reads[2][g])
            } else {
                1.0
            };
            let [products, plain] = [g, d.shift as usize + g].map(|i| f64::from(reads[1][i]));
            let all = [
                weight * scale,
                reads[0][g].into(),
                plain / m,
                scale * products / m,
            ];
            for (to, x) in writes[0][4 * g..].iter_mut().zip(all) {
                *to = x as f32;
            }
        }
    }
}

const fn case(groups: u32, elements: u32, shift: u32, weighted: u32) -> Dims {
    Dims {
        groups,
        elements,
        shift,
        weighted,
        eps: 1e-3,
    }
}
