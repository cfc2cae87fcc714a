//! `torch.nn.CrossEntropyLoss(weight=…)`: the loss of every row and the gradient of the batch's weighted mean,
//! with label smoothing.

use bytemuck::{Pod, Zeroable};

use super::{as_integers, as_words, gather::CURSOR, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// `logits` and `dlogits` are `[rows, cols]`, `row` is `[rows, 2]`; `label` holds the labels of an epoch in its
/// order, of which the batch's begin at the cursor, and from word `weights` on the classes' weights as floats.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Classes.
    pub cols: u32,
    /// Where the weights begin: samples of the split.
    pub weights: u32,
    /// Label smoothing.
    pub smoothing: f32,
}

/// See the module. `row[i]` holds the row's share of the weighted mean, times the rows, so that the mean of all
/// is it; and 1 if the largest logit (the first, if several) is the label's.
pub struct WeightedCrossEntropy;

impl Kernel for WeightedCrossEntropy {
    type Dims = Dims;
    sources!("weighted_cross_entropy" + "hyper", ["hyper", "label", "logits"] -> ["row", "dlogits"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 0.0),
        case(100, 10, 0.0),
        case(7, 133, 0.1),
        case(65, 2, 0.5),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.rows.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        vec![
            super::HYPER_WORDS.into(),
            u64::from(d.weights) + cols,
            rows * cols,
            rows * 2,
            rows * cols,
        ]
    }

    fn iterations(d: &Dims) -> u64 {
        u64::from(d.rows) + 3 * u64::from(d.cols)
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}]", d.rows, d.cols)
    }

    fn flops(d: &Dims) -> u64 {
        u64::from(d.rows) * (10 * u64::from(d.cols) + u64::from(d.rows))
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(CURSOR),
            "label" => {
                let labels: Vec<u32> = (0..d.weights).map(|_| rng.below(d.cols)).collect();
                let weights = rng.floats(d.cols as usize);
                let weights = weights.iter().map(|w| 1.0 + 0.8 * w);
                as_words(&labels).iter().copied().chain(weights).collect()
            }
            _ => rng.floats(len).iter().map(|x| x * 5.0).collect(),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let weight: Vec<f64> = reads[1][d.weights as usize..][..cols]
            .iter()
            .map(|&w| w.into())
            .collect();
        let cursor = hyper(reads[0]).cursor as usize;
        let labels = &as_integers(reads[1])[cursor..][..d.rows as usize];
        let batch: f64 = labels.iter().map(|&label| weight[label as usize]).sum();
        let smoothing = f64::from(d.smoothing);
        for (r, &label) in labels.iter().enumerate() {
            let (label, x) = (label as usize, &reads[2][r * cols..][..cols]);
            let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max) as f64;
            let total: f64 = x.iter().map(|&v| (f64::from(v) - top).exp()).sum();
            let log = |c: usize| f64::from(x[c]) - top - total.ln();
            // What each class's −log p counts.
            let target = |c: usize| {
                let hit = if c == label { 1.0 - smoothing } else { 0.0 };
                weight[c] * (hit + smoothing / cols as f64)
            };
            let all: f64 = (0..cols).map(target).sum();
            let loss: f64 = (0..cols).map(|c| -target(c) * log(c)).sum();
            for c in 0..cols {
                writes[1][r * cols + c] = ((log(c).exp() * all - target(c)) / batch) as f32;
            }
            let beaten =
                |(c, &v): (usize, &f32)| c == label || v < x[label] || (c > label && v == x[label]);
            let right = !x[label].is_nan() && x.iter().enumerate().all(beaten);
            writes[0][2 * r] = (loss * f64::from(d.rows) / batch) as f32;
            writes[0][2 * r + 1] = f32::from(u8::from(right));
        }
    }
}

const fn case(rows: u32, cols: u32, smoothing: f32) -> Dims {
    Dims {
        rows,
        cols,
        weights: rows + CURSOR,
        smoothing,
    }
}
