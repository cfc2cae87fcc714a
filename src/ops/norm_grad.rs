//! The gradient of a normalisation's input, out of its group's four numbers:
//! see [`norm_coefficients`](super::norm_coefficients).

use bytemuck::{Pod, Zeroable};

use super::masked;
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
};

/// Element `i` belongs to group `i / size % groups`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements.
    pub n: u32,
    /// Elements of a group that follow each other.
    pub size: u32,
    /// Groups.
    pub groups: u32,
    /// 1 where `x` is the output of a ReLU.
    pub mask: u32,
}

/// See the module.
pub struct NormGrad;

impl Kernel for NormGrad {
    type Dims = Dims;
    sources!("norm_grad" + "groups" + "epilogue", ["x", "dy", "coefficients"] -> ["dx"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 1, 0),
        case(3 * 5 * 77, 77, 5, 1),
        case(71 * 3, 1, 3, 0),
        case(2 * 6 * 35, 105, 4, 1),
        case(7 * 67, 67, 7, 0),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = d.n.into();
        vec![n, n, 4 * u64::from(d.groups), n]
    }

    fn describe(d: &Dims) -> String {
        format!("{} in {} groups", d.n, d.groups)
    }

    fn flops(d: &Dims) -> u64 {
        5 * u64::from(d.n)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            writes[0][i] = d.value([reads[0][i], reads[1][i]], reads[2], i);
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::norm_grad);
}

impl Dims {
    /// One result, out of x and dy.
    #[inline(always)]
    pub(super) fn value(&self, [x, dy]: [f32; 2], coefficients: &[f32], i: usize) -> f32 {
        let g = i / self.size as usize % self.groups as usize;
        let [scale, mean, plain, products] =
            [0, 1, 2, 3].map(|k| f64::from(coefficients[4 * g + k]));
        let v = scale * (f64::from(dy) - plain - (f64::from(x) - mean) * products);
        match self.mask {
            0 => v as f32,
            _ => masked(x, v as f32),
        }
    }
}

const fn case(n: u32, size: u32, groups: u32, mask: u32) -> Dims {
    Dims {
        n,
        size,
        groups,
        mask,
    }
}
