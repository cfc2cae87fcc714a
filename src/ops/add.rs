//! `z = x + y`, element by element.

use super::{FLATS, Flat, stride::VECTOR};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct Add;

impl Kernel for Add {
    type Dims = Flat;
    sources!("add", ["x", "y"] -> ["z"]);
    const CASES: &'static [Flat] = FLATS;

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!("shared/launch", "add.vector"),
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
        format!("{} + {}", d.n, d.n)
    }

    fn flops(d: &Flat) -> u64 {
        d.n.into()
    }

    fn cpu(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            writes[0][i] = reads[0][i] + reads[1][i];
        }
    }

    const FAST: Option<HostFn<Flat>> = Some(super::fast::add);
}
