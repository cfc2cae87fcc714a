//! Softmax and cross-entropy in one, as `torch.nn.CrossEntropyLoss`: the loss of every row and
//! the gradient of the batch's mean, with label smoothing.

use bytemuck::{Pod, Zeroable};

use super::{as_integers, as_words, gather::CURSOR, hyper, sample_hyper};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// `logits` and `dlogits` are `[rows, cols]`, `row` is `[rows, 2]`; `label` holds the labels of an
/// epoch in its order, of which the batch's begin at the cursor.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Classes.
    pub cols: u32,
    /// Label smoothing ε: the target is `(1 − ε)·onehot + ε/cols`.
    pub smoothing: f32,
}

/// See the module. `row[i]` holds the row's loss and 1 if the largest logit (the first, if
/// several) is the label's; rows with a NaN are never right.
pub struct SoftmaxCrossEntropy;

impl Kernel for SoftmaxCrossEntropy {
    type Dims = Dims;
    sources!("softmax_cross_entropy" + "hyper" + "cross_entropy", ["hyper", "label", "logits"] -> ["row", "dlogits"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 0.0),
        case(100, 10, 0.0),
        case(7, 133, 0.1),
        case(65, 2, 0.5),
        case(3, 1029, 0.1),
    ];

    const VARIANTS: &'static [Variant] = &[ROW];

    fn class(d: &Dims) -> String {
        format!("r{} c{}", rounded(d.rows), rounded(d.cols))
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.rows.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        vec![
            super::HYPER_WORDS.into(),
            rows,
            rows * cols,
            rows * 2,
            rows * cols,
        ]
    }

    fn iterations(d: &Dims) -> u64 {
        3 * d.cols as u64
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}]", d.rows, d.cols)
    }

    fn flops(d: &Dims) -> u64 {
        8 * d.rows as u64 * d.cols as u64
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        sample(d.rows, d.cols, name, len, rng)
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let labels = &as_integers(reads[1])[hyper(reads[0]).cursor as usize..];
        for r in 0..d.rows as usize {
            let (x, dx) = (&reads[2][r * cols..], &mut writes[1][r * cols..]);
            let (loss, right) = one_row(d, &x[..cols], labels[r] as usize, &mut dx[..cols]);
            writes[0][2 * r] = loss as f32;
            writes[0][2 * r + 1] = right as u32 as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::softmax_cross_entropy);
}

/// Classes from which a row is worth a workgroup. One invocation cannot go over more than 21,666, nor over
/// any number of them fast.
const MANY: u32 = 1024;

/// A workgroup for every row.
const ROW: Variant = Variant {
    name: "row",
    wgsl: template!("shared/launch", "shared/hyper", "softmax_cross_entropy.row"),
    tiles: &[ONE_TILE],
    tile: |words| (dims::<Dims>(words).cols >= MANY).then_some(ONE_TILE),
    settings: |_, _, _| Some(Settings::default()),
    launch: Some(|words| Launch::Groups(dims::<Dims>(words).rows.into())),
    iterations: |words, _| 3 * u64::from(dims::<Dims>(words).cols.div_ceil(64)) + 12,
};

/// The loss of a row, whether it is right, and the gradient of the batch's mean.
pub(super) fn one_row(d: &Dims, x: &[f32], label: usize, dx: &mut [f32]) -> (f64, bool) {
    let (cols, smoothing) = (d.cols as f64, d.smoothing as f64);
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max) as f64;
    let total: f64 = x.iter().map(|&v| (v as f64 - max).exp()).sum();
    let log_total = total.ln() + max;
    let mut loss = (1.0 - smoothing) * (log_total - x[label] as f64);
    if smoothing > 0.0 {
        let mean: f64 = x.iter().map(|&v| v as f64).sum::<f64>() / cols;
        loss += smoothing * (log_total - mean);
    }
    let beaten = |(c, &v): (usize, &f32)| {
        c == label
            || if c < label {
                v < x[label]
            } else {
                v <= x[label]
            }
    };
    let right = !x[label].is_nan() && x.iter().enumerate().all(beaten);
    for (c, (dx, &v)) in dx.iter_mut().zip(x).enumerate() {
        let hit = if c == label { 1.0 - smoothing } else { 0.0 };
        let target = hit + smoothing / cols;
        *dx = (((v as f64 - log_total).exp() - target) / d.rows as f64) as f32;
    }
    (loss, right)
}

/// Contents for tests: labels of more samples than a batch, so that the cursor matters.
pub(super) fn sample(rows: u32, cols: u32, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
    match name {
        "hyper" => sample_hyper(CURSOR),
        "label" => {
            let labels: Vec<u32> = (0..rows + CURSOR).map(|_| rng.below(cols)).collect();
            as_words(&labels).to_vec()
        }
        _ => rng.floats(len).iter().map(|x| x * 5.0).collect(),
    }
}

const fn case(rows: u32, cols: u32, smoothing: f32) -> Dims {
    Dims {
        rows,
        cols,
        smoothing,
    }
}
