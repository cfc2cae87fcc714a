//! `log[slot] = (mean of row losses, count of right rows)`: a batch's two numbers, into the ring
//! that the host reads now and then.

use super::{HYPER_WORDS, LOG_WORDS, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};
use bytemuck::{Pod, Zeroable};

/// `row` is `[rows, 2]`, `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Slots of the ring.
    pub slots: u32,
}

/// Invocations that share the sum: `LANES` in the WGSL.
const LANES: u64 = 64;

/// See the module.
pub struct LogBatch;

impl Kernel for LogBatch {
    type Dims = Dims;
    sources!("log_batch" + "hyper", ["hyper", "row"] -> ["log"]);
    const CASES: &'static [Dims] = &[
        Dims { rows: 1, slots: 8 },
        Dims {
            rows: 100,
            slots: 6,
        },
        Dims {
            rows: 1009,
            slots: 64,
        },
    ];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![
            HYPER_WORDS.into(),
            2 * d.rows as u64,
            d.slots as u64 * LOG_WORDS as u64,
        ]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.rows as u64).div_ceil(LANES) + 6
    }

    fn describe(d: &Dims) -> String {
        format!("{} rows", d.rows)
    }

    fn flops(d: &Dims) -> u64 {
        2 * d.rows as u64
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        if name == "hyper" {
            sample_hyper(0)
        } else {
            rng.floats(len)
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let at = (hyper(reads[0]).slot % d.slots * LOG_WORDS) as usize;
        let sum = |column: usize| -> f64 {
            (0..d.rows as usize)
                .map(|r| reads[1][2 * r + column] as f64)
                .sum()
        };
        writes[0][at] = (sum(0) / d.rows as f64) as f32;
        writes[0][at + 1] = sum(1) as f32;
    }
}
