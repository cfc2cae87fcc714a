//! [`SoftmaxCrossEntropy`](super::SoftmaxCrossEntropy) and [`LogBatch`](super::LogBatch) in one
//! dispatch, for batches that one workgroup does quickly.

use bytemuck::{Pod, Zeroable};

use super::{
    HYPER_WORDS, LOG_WORDS, as_integers, fast, hyper,
    softmax_cross_entropy::{self, one_row, sample},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `logits` and `dlogits` are `[rows, cols]`; `label` holds the labels of an epoch in its order;
/// `log_ring` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Classes.
    pub cols: u32,
    /// Label smoothing ε, as in [`softmax_cross_entropy::Dims`].
    pub smoothing: f32,
    /// Slots of the log.
    pub slots: u32,
}

impl Dims {
    /// The loss alone.
    pub(super) fn loss(&self) -> softmax_cross_entropy::Dims {
        softmax_cross_entropy::Dims {
            rows: self.rows,
            cols: self.cols,
            smoothing: self.smoothing,
        }
    }
}

/// Invocations that share the batch: `LANES` in the WGSL.
const LANES: u32 = 64;

/// Logits that one of them goes through at most: beyond that, more workgroups are faster.
const MOST_LOGITS: u64 = 1024;

/// Whether a batch is small enough.
pub fn fits(rows: u32, cols: u32) -> bool {
    u64::from(rows.div_ceil(LANES)) * u64::from(cols) <= MOST_LOGITS
}

/// See the module.
pub struct CrossEntropyLog;

impl Kernel for CrossEntropyLog {
    type Dims = Dims;
    sources!("cross_entropy_log" + "hyper" + "cross_entropy", ["hyper", "label", "logits"] -> ["dlogits", "log_ring"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 0.0, 8),
        case(100, 10, 0.0, 6),
        case(7, 133, 0.1, 64),
        case(131, 3, 0.5, 7),
    ];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, cols] = [d.rows, d.cols].map(u64::from);
        let log = u64::from(d.slots) * u64::from(LOG_WORDS);
        vec![HYPER_WORDS.into(), rows, rows * cols, rows * cols, log]
    }

    fn iterations(d: &Dims) -> u64 {
        u64::from(d.rows.div_ceil(LANES)) * (3 * u64::from(d.cols) + 1) + 6
    }

    fn describe(d: &Dims) -> String {
        format!("[{}, {}]", d.rows, d.cols)
    }

    fn flops(d: &Dims) -> u64 {
        8 * d.rows as u64 * d.cols as u64 + 2 * d.rows as u64
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "log_ring" => rng.floats(len),
            _ => sample(d.rows, d.cols, name, len, rng),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let hyper = hyper(reads[0]);
        let labels = &as_integers(reads[1])[hyper.cursor as usize..];
        let cols = d.cols as usize;
        let (mut loss, mut right) = (0f64, 0);
        for r in 0..d.rows as usize {
            let (x, dx) = (&reads[2][r * cols..], &mut writes[0][r * cols..]);
            let (row_loss, is_right) =
                one_row(&d.loss(), &x[..cols], labels[r] as usize, &mut dx[..cols]);
            loss += row_loss;
            right += u32::from(is_right);
        }
        let at = (hyper.slot % d.slots * LOG_WORDS) as usize;
        writes[1][at] = (loss / d.rows as f64) as f32;
        writes[1][at + 1] = right as f32;
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::cross_entropy_log);
}

const fn case(rows: u32, cols: u32, smoothing: f32, slots: u32) -> Dims {
    Dims {
        rows,
        cols,
        smoothing,
        slots,
    }
}
