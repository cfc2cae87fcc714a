//! `sum = sum + share · grad`: the mean gradient of several batches that share one update, without
//! memory for more than one. The words behind the sum do the same for loss and right predictions,
//! so that the log holds those of all batches so far.

use bytemuck::{Pod, Zeroable};

use super::{HYPER_WORDS, LOG_WORDS, hyper, sample_hyper, stride};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `grad` is `[n]`, `sum` is `[n + EXTRA]`, `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements, a multiple of 4.
    pub n: u32,
    /// Slots of the ring.
    pub slots: u32,
}

/// Words behind the sum: mean loss, right predictions, and two that make a vector of them.
pub const EXTRA: u32 = 4;

/// See the module.
pub struct Accumulate;

impl Kernel for Accumulate {
    type Dims = Dims;
    sources!("accumulate" + "hyper", ["hyper", "grad"] -> ["sum", "log"]);
    const CASES: &'static [Dims] = &[
        Dims { n: 4, slots: 6 },
        Dims { n: 264, slots: 8 },
        Dims { n: 1012, slots: 6 },
        Dims {
            n: (1 << 17) + 12,
            slots: 64,
        },
    ];

    fn launch(d: &Dims) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Dims) -> u64 {
        stride::iterations(u64::from(d.n) / 4)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let log = u64::from(d.slots) * u64::from(LOG_WORDS);
        vec![HYPER_WORDS.into(), d.n.into(), u64::from(d.n + EXTRA), log]
    }

    /// Of the log, two words are read and written.
    fn bytes(d: &Dims) -> u64 {
        12 * u64::from(d.n)
    }

    fn describe(d: &Dims) -> String {
        format!("{} gradients", d.n)
    }

    fn flops(d: &Dims) -> u64 {
        2 * u64::from(d.n)
    }

    /// Every second size begins an update.
    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        if name != "hyper" {
            return rng.floats(len);
        }
        let begin = (d.n / 4).is_multiple_of(2) as u32;
        let hyper = super::Hyper {
            begin,
            ..*hyper(&sample_hyper(0))
        };
        bytemuck::cast_slice(&[hyper]).to_vec()
    }

    /// In f32, as an update: batch after batch is rounded.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (h, n) = (hyper(reads[0]), d.n as usize);
        let at = (h.slot % d.slots * LOG_WORDS) as usize;
        let [sum, log] = writes else {
            unreachable!("accumulate writes two arguments")
        };
        let batch = reads[1][..n].iter().map(|g| h.share * g);
        let batch = batch.chain([h.share * log[at], log[at + 1], 0.0, 0.0]);
        for (sum, x) in sum.iter_mut().zip(batch) {
            *sum = if h.begin != 0 { x } else { *sum + x };
        }
        log[at..at + 2].copy_from_slice(&sum[n..n + 2]);
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::accumulate);
}
