//! The moments of Prodigy (arXiv 2306.06101) and of D-Adaptation's Adam (arXiv 2301.07733), over the whole
//! parameter arena, and what their estimates of the distance to the solution are made from. The slots lie side by
//! side in `state`: `exp_avg`, `exp_avg_sq`, `s` and, for Prodigy, `p0`; behind them each workgroup leaves its share,
//! as [`RateStats`](super::RateStats) does. An element whose rate is 0 is passed over, as the authors do.

use super::{
    HYPER_WORDS, hyper, left_out, rate_estimate,
    rate_stats::{each, parts, shares, words},
    update::{self, Dims},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// A flag of the dims: Prodigy, not D-Adaptation.
pub const PRODIGY: u32 = 1;
/// A flag of the dims: the decay of weights goes through the gradient.
pub const COUPLED: u32 = 2;
/// A flag of the dims: Prodigy's `s` takes the distance without the rate.
pub const SAFEGUARD: u32 = 4;

/// Slots of so flagged moments.
pub fn slots(flags: u32) -> u32 {
    3 + (flags & PRODIGY)
}

/// See the module. The arenas hold a multiple of 4 words.
pub struct DadaptMoments;

impl Kernel for DadaptMoments {
    type Dims = Dims;
    sources!(
        "dadapt_moments" + "hyper" + "left_out" + "update" + "parts" + "tree",
        ["hyper", "grad", "control", "param"] -> ["state"]
    );
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(8, PRODIGY),
        Dims::flat(16),
        Dims::flagged(1016, PRODIGY | COUPLED),
        Dims::flagged(6148, COUPLED),
        Dims::flagged(6148, PRODIGY | SAFEGUARD),
        update::grouped(0),
        update::grouped(PRODIGY),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(parts(d.n).into())
    }

    fn iterations(d: &Dims) -> u64 {
        shares(d)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = u64::from(d.n);
        let state = u64::from(slots(d.flags)) * n + u64::from(words(d.n));
        let control = u64::from(d.memory + rate_estimate::MEMORY) + 1;
        vec![HYPER_WORDS.into(), n, control, n, state]
    }

    fn describe(d: &Dims) -> String {
        format!("{} parameters in {} parts", d.n, parts(d.n))
    }

    fn flops(d: &Dims) -> u64 {
        20 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        sample(d, name, len, rng)
    }

    /// In f32, in the authors' order of operations; the shares in f64.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let [state] = writes else {
            unreachable!("dadapt_moments writes one argument")
        };
        let (control, param, n) = (reads[2], reads[3], d.n as usize);
        if left_out(hyper(reads[0]), control) {
            return;
        }
        let distance = control[d.memory as usize];
        let (moments, behind) = state.split_at_mut(slots(d.flags) as usize * n);
        each(d, reads, behind, |h, i, mut g| {
            if h.lr == 0.0 {
                return [0.0; 3];
            }
            if d.flags & COUPLED != 0 {
                g += h.weight_decay * param[i];
            }
            let (m, v, s) = (moments[i], moments[n + i], moments[2 * n + i]);
            let rate = distance * h.step_size;
            let (entering, scale, square, growth);
            if d.flags & PRODIGY != 0 {
                let way = moments[3 * n + i] - param[i];
                entering = h.step_size * (g * way);
                (scale, square) = (distance, distance * distance);
                let rate = if d.flags & SAFEGUARD != 0 {
                    distance
                } else {
                    rate
                };
                growth = distance * h.trust * rate;
            } else {
                entering = h.step_size * (g * (s / (v.sqrt() + h.eps)));
                (scale, square, growth) = (rate, 1.0, h.trust * rate);
            }
            moments[i] = h.momentum * m + scale * h.gradient_scale * g;
            moments[n + i] = h.square_decay * v + square * h.square_scale * g * g;
            moments[2 * n + i] = h.s_decay * s + growth * g;
            [entering.into(), moments[2 * n + i].abs().into(), 0.0]
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::dadapt_moments);
}

/// Contents of a case's arguments: squares are not negative, and the distance is one.
pub(super) fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
    match (name, d.n) {
        ("state", _) => {
            let mut state = rng.floats(len);
            let squares = &mut state[d.n as usize..2 * d.n as usize];
            squares.iter_mut().for_each(|v| *v = v.abs());
            state
        }
        ("control", n) => {
            let mut control = vec![0.7; len];
            let memory = d.memory as usize;
            control[memory] = 0.037;
            control[memory + 3] = if n == 64 { -1.0 } else { 0.031 };
            control[len - 1] = if n == 16 { super::LEFT_OUT } else { 0.83 };
            control
        }
        _ => update::sample(d, name, len, rng),
    }
}
