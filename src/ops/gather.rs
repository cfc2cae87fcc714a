//! `batch[r] = data[order[cursor + r]]`: picks this step's samples on the device, bit for bit,
//! whatever the words mean.

use super::{Mat, as_integers, as_words, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// See the module.
pub struct Gather;

/// Samples in the tests' data sets: more than a batch, so that the cursor matters.
pub(super) const CURSOR: u32 = 3;

/// `order` for a test: a permutation of `len` samples, reversed.
pub(super) fn sample_order(len: usize) -> Vec<f32> {
    as_words(&(0..len as u32).rev().collect::<Vec<_>>()).to_vec()
}

impl Kernel for Gather {
    type Dims = Mat;
    sources!("gather" + "hyper", ["hyper", "order", "data"] -> ["batch"]);
    const CASES: &'static [Mat] = super::MATS;

    fn launch(d: &Mat) -> Launch {
        Launch::Threads(d.rows as u64 * d.cols as u64)
    }

    fn lens(d: &Mat) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        vec![super::HYPER_WORDS.into(), rows, cols, rows * cols]
    }

    /// Every value is read once and written once.
    fn bytes(d: &Mat) -> u64 {
        2 * 4 * d.rows as u64 * d.cols as u64
    }

    fn describe(d: &Mat) -> String {
        format!("{} samples of {}", d.rows, d.cols)
    }

    fn flops(_: &Mat) -> u64 {
        0
    }

    fn sample(d: &Mat, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let samples = (d.rows + CURSOR) as usize;
        match name {
            "hyper" => sample_hyper(CURSOR),
            "order" => sample_order(samples),
            "data" => rng.floats(samples * d.cols as usize),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Mat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (cols, cursor) = (d.cols as usize, hyper(reads[0]).cursor as usize);
        let order = as_integers(reads[1]);
        for r in 0..d.rows as usize {
            let from = order[cursor + r] as usize * cols;
            writes[0][r * cols..][..cols].copy_from_slice(&reads[2][from..][..cols]);
        }
    }
}
