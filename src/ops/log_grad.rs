//! `log[slot] = (…, Σ grad², count of elements that are not finite, factor)`: adds up the parts
//! that [`GradStats`](super::GradStats) left, and notes the factor that this update's rate
//! gets. What the update does with the gradient is left in the last word of `control`: see
//! [`LEFT_OUT`](super::LEFT_OUT).

use bytemuck::{Pod, Zeroable};

use super::{
    CONTROL_WORDS, HYPER_WORDS, LOG_WORDS, clip, hyper, sample_control, sample_leaving, sample_log,
};
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
    sources!("log_grad" + "hyper" + "clip", ["hyper", "part"] -> ["log", "control"]);
    const CASES: &'static [Dims] = &[
        Dims { parts: 1, slots: 8 },
        Dims {
            parts: 61,
            slots: 6,
        },
        // Loss and gradient finite; the loss not; the gradient not; neither, but an update before.
        Dims { parts: 8, slots: 6 },
        Dims {
            parts: 12,
            slots: 6,
        },
        Dims {
            parts: 1000,
            slots: 6,
        },
        Dims {
            parts: 16,
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

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_leaving(d.parts),
            "log" => sample_log(len, d.parts),
            "control" => sample_control(len, d.parts),
            // Sums of squares are not negative, and few gradients are not finite.
            "part" => {
                let bad = |i: usize| i.is_multiple_of(2) || d.parts == 1000 || d.parts > 16;
                let pairs = rng.floats(len).into_iter().enumerate();
                pairs
                    .map(|(i, x)| if bad(i) { x.abs() } else { 0.0 })
                    .collect()
            }
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
        let bad = writes[0][at + 3];
        clip(h, writes[0][at], squares, bad, &mut *writes[1]);
    }
}
