//! The gradient of a table for look-ups: `dw[row] = Σ dy[i]` over the `i` whose index is this row, in their order.

use super::embedding::{CASES, Dims};
use crate::{
    kernel::{Kernel, Launch, Split},
    rng::Rng,
    sources,
};

/// See the module.
pub struct EmbeddingGrad;

impl Kernel for EmbeddingGrad {
    type Dims = Dims;
    sources!("embedding_grad" + "embedding", ["index", "dy"] -> ["dw"]);
    const CASES: &'static [Dims] = &CASES;

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[1])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [n, weight, y] = d.words();
        vec![n, y, weight]
    }

    fn iterations(d: &Dims) -> u64 {
        d.n.into()
    }

    fn split(d: &Dims) -> Option<Split> {
        let words = d.rows * d.cols;
        Some(Split {
            terms: d.n.into(),
            words,
            size: words,
            cols: 1,
            sums: words,
            epilogue: 0,
        })
    }

    fn describe(d: &Dims) -> String {
        format!("{} into {} rows of {}", d.n, d.rows, d.cols)
    }

    fn flops(d: &Dims) -> u64 {
        d.words()[2]
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "index" => d.sample(len, rng),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let mut sums = vec![0f64; d.words()[1] as usize];
        let rows = reads[1].chunks(cols).zip(&reads[0][..d.n as usize]);
        for (dy, &index) in rows {
            let sums = sums[d.row(index) * cols..][..cols].iter_mut();
            sums.zip(dy).for_each(|(sum, &dy)| *sum += f64::from(dy));
        }
        for (w, sum) in writes[0].iter_mut().zip(sums) {
            *w = sum as f32;
        }
    }
}
