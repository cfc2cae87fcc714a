//! The gradient of a convolution for its weight: `dw[o,c,i,j] = Σ_{n,p} dy[n,o,p] · x[n,c,p+(i,j)]`;
//! behind it, if asked for, the bias's: `Σ_{n,p} dy[n,o,p]`.

use super::{
    conv_variants as variants,
    conv2d::{Dims, cases},
    fast,
};
use crate::{
    kernel::{HostFn, Kernel, Launch, Split},
    sources,
    variant::Variant,
};

/// Invocations that share one sum: `LANES` in the WGSL.
const LANES: u64 = 64;

/// See the module.
pub struct Conv2dDw;

impl Kernel for Conv2dDw {
    type Dims = Dims;
    sources!("conv2d_dw" + "conv", ["dy", "x"] -> ["dw"]);
    const VARIANTS: &'static [Variant] = &[
        variants::DW_CHANNEL,
        variants::DW_REGISTER,
        variants::DW_WORKGROUP,
    ];
    const CASES: &'static [Dims] = &summed(cases(0, 0));

    fn launch(d: &Dims) -> Launch {
        Launch::Tiles {
            rows: d.group_o().into(),
            cols: (d.group_c() * d.kh * d.kw).into(),
            batch: d.groups.into(),
        }
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [x, weight, y] = d.words();
        let words = words(d, weight);
        vec![y, x, words]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.n as u64 * d.oh as u64 * d.ow as u64).div_ceil(LANES) + 6
    }

    fn split(d: &Dims) -> Option<Split> {
        let weight = d.words()[1];
        Some(Split {
            terms: d.n as u64 * d.oh as u64 * d.ow as u64,
            words: words(d, weight) as u32,
            size: weight as u32,
            cols: 1,
            sums: d.sums.max(weight as u32),
            epilogue: 0,
        })
    }

    fn class(d: &Dims) -> String {
        d.class()
    }

    fn describe(d: &Dims) -> String {
        let [x, weight, y] = d.shapes();
        format!("{y} ⋆ {x} -> {weight}")
    }

    fn flops(d: &Dims) -> u64 {
        d.flops()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let mut sums = vec![0f64; d.words()[1] as usize];
        d.for_each_term(|x, w, y| sums[w] += reads[0][y] as f64 * reads[1][x] as f64);
        for (w, sum) in writes[0].iter_mut().zip(sums) {
            *w = sum as f32;
        }
        if d.sums != 0 {
            let plane = (d.oh * d.ow) as usize;
            let mut sums = vec![0f64; d.o as usize];
            for (i, &dy) in reads[0][..d.words()[2] as usize].iter().enumerate() {
                sums[i / plane % d.o as usize] += f64::from(dy);
            }
            for (w, sum) in writes[0][d.sums as usize..].iter_mut().zip(sums) {
                *w = sum as f32;
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::conv2d_dw);
}

/// Words of the output: the weight's gradient, and the bias's behind it.
fn words(d: &Dims, weight: u64) -> u64 {
    match d.sums {
        0 => weight,
        sums => (sums + d.o).into(),
    }
}

/// Every second case with the bias's gradient, a little behind the weight's.
const fn summed(mut cases: [Dims; 14]) -> [Dims; 14] {
    let mut i = 0;
    while i < cases.len() {
        let d = &cases[i];
        cases[i].sums = d.o * (d.c / d.groups) * d.kh * d.kw + i as u32;
        i += 2;
    }
    cases
}
