//! `dx = dy` where the ReLU's output `y` is positive (or NaN), else 0.

use super::{FLATS, Flat, masked, stride::VECTOR};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct ReluGrad;

impl Kernel for ReluGrad {
    type Dims = Flat;
    sources!("relu_grad" + "epilogue", ["y", "dy"] -> ["dx"]);
    const CASES: &'static [Flat] = FLATS;

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "shared/result", "relu_grad.vector"),
        ..VECTOR
    }];

    fn class(d: &Flat) -> String {
        format!("x{}", rounded(d.n))
    }

    fn launch(d: &Flat) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Flat) -> Vec<u64> {
        vec![d.n.into(); 3]
    }

    fn describe(d: &Flat) -> String {
        d.n.to_string()
    }

    fn flops(d: &Flat) -> u64 {
        d.n.into()
    }

    fn cpu(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            writes[0][i] = masked(reads[0][i], reads[1][i]);
        }
    }

    const FAST: Option<HostFn<Flat>> = Some(super::fast::relu_grad);
}
