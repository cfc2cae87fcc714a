//! `y = x` where x is not negative (or is NaN), else 0: `torch.relu`, bit for bit.

use super::{FLATS, Flat, stride::VECTOR};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct Relu;

impl Kernel for Relu {
    type Dims = Flat;
    sources!("relu" + "epilogue", ["x"] -> ["y"]);
    const CASES: &'static [Flat] = FLATS;

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "shared/result", "relu.vector"),
        ..VECTOR
    }];

    fn class(d: &Flat) -> String {
        format!("x{}", rounded(d.n))
    }

    fn launch(d: &Flat) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Flat) -> Vec<u64> {
        vec![d.n.into(); 2]
    }

    fn describe(d: &Flat) -> String {
        d.n.to_string()
    }

    fn flops(d: &Flat) -> u64 {
        d.n.into()
    }

    fn cpu(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            let x = reads[0][i];
            writes[0][i] = if x < 0.0 { 0.0 } else { x };
        }
    }

    const FAST: Option<HostFn<Flat>> = Some(super::fast::relu);
}
