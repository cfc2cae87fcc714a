//! `y[i] = epilogue(Σ_p part[p, i])`: adds up the parts of a split sum, in order. The GPU executor
//! launches it behind a kernel whose sums it has split ([`Split`]); no plan names it.

use bytemuck::{Pod, Zeroable};

use super::Epilogue;
use crate::{
    kernel::{Kernel, Launch, Split},
    sources,
};

/// `part` is `[parts, words]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Words of the output.
    pub words: u32,
    /// Parts to add.
    pub parts: u32,
    /// Elements of a row, which share a bias.
    pub cols: u32,
    /// Words that are elements, with an epilogue.
    pub size: u32,
    /// From which word on the output goes on; what lies between is left alone.
    pub sums: u32,
    /// Flags of [`Epilogue`]: the bias is per column.
    pub epilogue: u32,
}

impl Dims {
    /// For a sum split into `parts`.
    pub fn of(split: &Split, parts: u32) -> Dims {
        Dims {
            words: split.words,
            parts,
            cols: split.cols,
            size: split.size,
            sums: split.sums,
            epilogue: split.epilogue,
        }
    }
}

/// See the module.
pub struct SplitSum;

impl Kernel for SplitSum {
    type Dims = Dims;
    sources!("split_sum" + "epilogue", ["part", "e"] -> ["y"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 1, [1, 1], 0),
        case(77, 3, 11, [77, 77], 3),
        case(150, 17, 10, [130, 137], 0),
        case(64, 2, 8, [64, 64], 4),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let e = Epilogue::words(d.epilogue, d.cols.into(), d.size.into());
        vec![d.parts as u64 * d.words as u64, e, d.words.into()]
    }

    fn iterations(d: &Dims) -> u64 {
        d.parts.into()
    }

    fn describe(d: &Dims) -> String {
        format!("{} parts of {}{}", d.parts, d.words, Epilogue(d.epilogue))
    }

    fn flops(d: &Dims) -> u64 {
        d.parts as u64 * d.words as u64
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let words = d.words as usize;
        for i in (0..d.size as usize).chain(d.sums as usize..words) {
            let parts = (0..d.parts as usize).map(|p| f64::from(reads[0][p * words + i]));
            let flags = if i < d.size as usize { d.epilogue } else { 0 };
            let column = i % d.cols as usize;
            writes[0][i] = Epilogue::apply(flags, parts.sum(), reads[1], column, i);
        }
    }
}

const fn case(words: u32, parts: u32, cols: u32, [size, sums]: [u32; 2], epilogue: u32) -> Dims {
    Dims {
        words,
        parts,
        cols,
        size,
        sums,
        epilogue,
    }
}
