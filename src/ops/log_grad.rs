//! `log[slot] = (…, Σ grad², count of elements that are not finite, factor)`: adds up the parts
//! that [`GradStats`](super::GradStats) left, and notes the factor that this update's rate
//! gets. Clipping by norm leaves its scale in the last word of `control`.

use bytemuck::{Pod, Zeroable};

use super::{CONTROL_WORDS, HYPER_WORDS, LOG_WORDS, clip_scale, hyper, sample_hyper};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// `part` is `[parts, 2]`, `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Parts to add.
    pub parts: u32,
    /// Slots of the ring.
    pub slots: u32,
}

/// See the module.
pub struct LogGrad;

impl Kernel for LogGrad {
    type Dims = Dims;
    sources!("log_grad" + "hyper", ["hyper", "part"] -> ["log", "control"]);
    const CASES: &'static [Dims] = &[
        Dims { parts: 1, slots: 8 },
        Dims {
            parts: 61,
            slots: 6,
        },
        Dims {
            parts: 256,
            slots: 64,
        },
    ];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![
            HYPER_WORDS.into(),
            2 * d.parts as u64,
            d.slots as u64 * LOG_WORDS as u64,
            CONTROL_WORDS.into(),
        ]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.parts as u64).div_ceil(64) + 6
    }

    fn describe(d: &Dims) -> String {
        format!("{} parts", d.parts)
    }

    fn flops(d: &Dims) -> u64 {
        2 * d.parts as u64
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(0),
            // Sums of squares are not negative.
            "part" => rng.floats(len).iter().map(|x| x.abs()).collect(),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let h = hyper(reads[0]);
        let at = (h.slot % d.slots * LOG_WORDS) as usize;
        let sum = |column: usize| -> f64 {
            (0..d.parts as usize)
                .map(|p| reads[1][2 * p + column] as f64)
                .sum()
        };
        let squares = sum(0);
        writes[0][at + 2] = squares as f32;
        writes[0][at + 3] = sum(1) as f32;
        writes[0][at + 4] = writes[1][0];
        if h.clip_norm > 0.0 {
            *writes[1].last_mut().expect("words") = clip_scale(&h, squares);
        }
    }
}
