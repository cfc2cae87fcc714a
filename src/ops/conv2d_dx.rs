//! The gradient of a convolution for its input: `dx = epilogue(dy ⋆ᵀ weight)`. It is also what a transposed convolution
//! computes, with a bias per channel of `dx`.

use super::{
    Epilogue, conv_variants as variants,
    conv2d::{Dims, cases, with},
    fast,
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
    variant::Variant,
};

/// See the module.
pub struct Conv2dDx;

impl Kernel for Conv2dDx {
    type Dims = Dims;
    sources!("conv2d_dx" + "conv" + "epilogue" + "pixel_dx", ["dy", "weight", "e"] -> ["dx"]);
    const VARIANTS: &'static [Variant] = &[variants::DX_REGISTER, variants::DX_WORKGROUP];
    const CASES: &'static [Dims] = &with(with(cases(4, 0), [2, 5], 3), [9, 13], Epilogue::BIAS.0);

    fn launch(d: &Dims) -> Launch {
        Launch::Tiles {
            rows: d.group_c().into(),
            cols: d.n as u64 * d.h as u64 * d.w as u64,
            batch: d.groups.into(),
        }
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, weight, y] = d.words();
        vec![y, weight, Epilogue::words(d.epilogue, d.c.into(), x), x]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.group_o() * (d.kh * d.kw + d.kh + 1)).into()
    }

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn describe(d: &Dims) -> String {
        let ([x, weight, y], e) = (d.shapes(), Epilogue(d.epilogue));
        format!("{y} ⋆ᵀ {weight} -> {x}{e}")
    }

    fn flops(d: &Dims) -> u64 {
        d.flops()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[0] as usize];
        d.for_each_term(|x, w, y| sums[x] += reads[0][y] as f64 * reads[1][w] as f64);
        let plane = (d.h * d.w) as usize;
        for (i, &sum) in sums.iter().enumerate() {
            let channel = i / plane % d.c as usize;
            writes[0][i] = Epilogue::apply(d.epilogue, sum, reads[2], channel, i);
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::conv2d_dx);
}
