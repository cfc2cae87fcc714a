//! What an optimiser that sets its own rate measures of the arena before an update: the gradient's
//! squared norm, and how far the weights have come, or how the gradient agrees with the direction of
//! the update before. Each workgroup leaves its share behind the slot in `state`, four words each, for
//! [`RateEstimate`](super::RateEstimate) to add up.

use super::{
    CONTROL_WORDS, HYPER_WORDS, hyper, left_out,
    update::{self, Dims},
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// A flag of the dims: the slot is a direction, and what is measured is the gradient's agreement with it. Else it
/// is where the weights began, and what is measured is their distance to it.
pub const DIRECTION: u32 = 1;

/// Elements that follow each other in a workgroup's share.
pub(super) const BLOCK: usize = 256;

/// Most workgroups that share the sums.
pub(super) const MOST_PARTS: u32 = 256;

/// Workgroups that share the sums over `n` elements.
pub fn parts(n: u32) -> u32 {
    n.div_ceil(2048).clamp(1, MOST_PARTS)
}

/// Words of the shares of so many elements.
pub fn words(n: u32) -> u32 {
    4 * parts(n)
}

/// See the module. The arenas hold a multiple of 4 words.
pub struct RateStats;

impl Kernel for RateStats {
    type Dims = Dims;
    sources!(
        "rate_stats" + "hyper" + "left_out" + "update" + "parts" + "tree",
        ["hyper", "grad", "control", "param"] -> ["state"]
    );
    const CASES: &'static [Dims] = &[
        Dims::flat(4),
        Dims::flagged(8, DIRECTION),
        Dims::flat(16),
        Dims::flagged(1016, DIRECTION),
        Dims::flat(6148),
        Dims::flagged(6148, DIRECTION),
        update::grouped(0),
        update::grouped(DIRECTION),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(parts(d.n).into())
    }

    fn iterations(d: &Dims) -> u64 {
        shares(d)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = u64::from(d.n);
        let state = n + u64::from(words(d.n));
        vec![HYPER_WORDS.into(), n, CONTROL_WORDS.into(), n, state]
    }

    fn describe(d: &Dims) -> String {
        format!("{} parameters in {} parts", d.n, parts(d.n))
    }

    fn flops(d: &Dims) -> u64 {
        8 * u64::from(d.n)
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "state" => rng.floats(len),
            _ => update::sample(d, name, len, rng),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let [state] = writes else {
            unreachable!("rate_stats writes one argument")
        };
        let param = reads[3];
        let (slot, behind) = state.split_at_mut(d.n as usize);
        each(d, reads, behind, |h, i, g| {
            let g = f64::from(g + h.weight_decay * param[i]);
            let s = f64::from(slot[i]);
            if d.flags & DIRECTION != 0 {
                return [g * g, g * s, s * s];
            }
            let way = f64::from(param[i]) - s;
            [g * g, way * way, 0.0]
        });
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::rate_stats);
}

/// Loop iterations of an invocation: its elements, with a search for the segment of each, and the tree.
pub(super) fn shares(d: &Dims) -> u64 {
    let search = u64::from(d.segments.next_power_of_two().ilog2());
    u64::from(d.n / 4).div_ceil(64 * u64::from(parts(d.n))) * (1 + search) + 6
}

/// Adds what `f` makes of every element that is updated, with its group's numbers and its gradient as it is taken,
/// to the shares of the workgroups. Nothing where the update is left out.
pub(super) fn each(
    d: &Dims,
    reads: &[&[f32]],
    behind: &mut [f32],
    mut f: impl FnMut(&super::Group, usize, f32) -> [f64; 3],
) {
    let (h, control) = (hyper(reads[0]), reads[2]);
    if left_out(h, control) {
        return;
    }
    let parts = parts(d.n) as usize;
    let mut sums = vec![[0f64; 3]; parts];
    for (run, group) in d.runs(h, control[0]) {
        for i in run {
            let found = f(&group, i, update::taken(h, &group, control, reads[1][i]));
            let share = &mut sums[i / BLOCK % parts];
            share.iter_mut().zip(found).for_each(|(sum, x)| *sum += x);
        }
    }
    for (to, sum) in behind.chunks_exact_mut(4).zip(&sums) {
        to.fill(0.0);
        to.iter_mut().zip(sum).for_each(|(to, &x)| *to = x as f32);
    }
}
