//! The step of Prodigy and of D-Adaptation's Adam over the whole parameter arena, by the moments that
//! [`DadaptMoments`](super::DadaptMoments) left and the distance that
//! [`RateEstimate`](super::RateEstimate) made of them.

use super::{
    HYPER_WORDS,
    dadapt_moments::{self, COUPLED, PRODIGY, slots},
    hyper, left_out, rate_estimate, stride,
    update::{self, Dims},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// See the module. The arenas hold a multiple of 4 words.
pub struct Dadapt;

impl Kernel for Dadapt {
    type Dims = Dims;
    sources!(
        "dadapt" + "hyper" + "left_out" + "update",
        ["hyper", "control", "state"] -> ["param"]
    );
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(8, PRODIGY),
        Dims::flat(16),
        Dims::flat(64),
        Dims::flagged(1016, PRODIGY | COUPLED),
        Dims::flagged(1012, COUPLED),
        update::grouped(0),
        update::grouped(PRODIGY),
    ];

    fn launch(d: &Dims) -> Launch {
        stride::launch(u64::from(d.n) / 4)
    }

    fn iterations(d: &Dims) -> u64 {
        update::iterations(d)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = u64::from(d.n);
        let control = u64::from(d.memory + rate_estimate::MEMORY) + 1;
        vec![
            HYPER_WORDS.into(),
            control,
            u64::from(slots(d.flags)) * n,
            n,
        ]
    }

    fn describe(d: &Dims) -> String {
        update::describe(d)
    }

    fn flops(d: &Dims) -> u64 {
        8 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        dadapt_moments::sample(d, name, len, rng)
    }

    /// In f32, in the authors' order of operations.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (h, control, state) = (hyper(reads[0]), reads[1], reads[2]);
        let (n, memory) = (d.n as usize, d.memory as usize);
        let (distance, before) = (control[memory], control[memory + 3]);
        if left_out(h, control) || before < 0.0 {
            return;
        }
        for (run, h) in d.runs(h, control[0]).filter(|(_, h)| h.lr != 0.0) {
            let rate = before * h.step_size;
            for i in run {
                let p = &mut writes[0][i];
                if d.flags & COUPLED == 0 {
                    *p -= h.weight_decay * rate * *p;
                }
                let (m, root) = (state[i], state[n + i].sqrt());
                *p -= match d.flags & PRODIGY {
                    0 => m / (root + h.eps),
                    _ if h.momentum == 0.0 => {
                        rate * (distance / before) * m / (root + distance * h.eps)
                    }
                    _ => rate * m / (root + distance * h.eps),
                };
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::dadapt);
}
