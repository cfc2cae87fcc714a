//! `dx = f'(x) · dy`: the gradient of [`activation`](super::activation).

use super::activation::{CASES, Dims, VECTOR, class};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources, template,
    variant::Variant,
};

/// See the module.
pub struct ActivationGrad;

impl Kernel for ActivationGrad {
    type Dims = Dims;
    sources!("activation_grad" + "activation", ["x", "dy"] -> ["dx"]);
    const CASES: &'static [Dims] = CASES;

    const VARIANTS: &'static [Variant] = &[Variant {
        wgsl: template!(
            "shared/launch",
            "shared/activation",
            "activation_grad.vector"
        ),
        ..VECTOR
    }];

    fn class(d: &Dims) -> String {
        class(d)
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.n.into(); 3]
    }

    fn describe(d: &Dims) -> String {
        d.n.to_string()
    }

    fn flops(d: &Dims) -> u64 {
        12 * u64::from(d.n)
    }

    fn sample(_: &Dims, _: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        rng.floats(len).iter().map(|x| 6.0 * x).collect()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            writes[0][i] = (d.slope(reads[0][i]) * f64::from(reads[1][i])) as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::activation_grad);
}
