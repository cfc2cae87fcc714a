//! Trust ratios: what LARS and LAMB multiply a parameter's rate by, from its norm and that of its step. They lie in
//! `control`, a word for every segment, which is one parameter, before the last word.

use super::{
    CONTROL_WORDS, Group, HYPER_WORDS, LEFT_OUT, hyper, left_out,
    update::{self, Dims},
};
use crate::{kernel::Launch, rng::Rng};

/// Where a segment's ratio lies.
pub(super) fn at(d: &Dims, control: &[f32], segment: usize) -> usize {
    control.len() - 1 - d.segments as usize + segment
}

/// Words of `control`.
fn control_words(d: &Dims) -> u64 {
    u64::from(CONTROL_WORDS + d.segments)
}

/// Words of the arguments of the kernel that works them out.
pub(super) fn norms_lens(d: &Dims, slots: u64) -> Vec<u64> {
    let n = u64::from(d.n);
    vec![HYPER_WORDS.into(), n, slots * n, n, control_words(d)]
}

/// Words of the arguments of the update that applies them.
pub(super) fn lens(d: &Dims, slots: u64) -> Vec<u64> {
    let n = u64::from(d.n);
    vec![HYPER_WORDS.into(), n, control_words(d), slots * n, n]
}

/// Loop iterations of an update that looks for the segment of an element twice, for its numbers and for its ratio.
pub(super) fn applied(d: &Dims) -> u64 {
    2 * update::iterations(d) + 8
}

/// A workgroup for every parameter.
pub(super) fn launch(d: &Dims) -> Launch {
    Launch::Groups(d.segments.into())
}

/// Loop iterations of an invocation that adds up the squares of the largest parameter.
pub(super) fn iterations(d: &Dims) -> u64 {
    let ends = d.table.iter().take(d.segments as usize).map(|s| s.end);
    let starts = [0].into_iter().chain(ends.clone());
    let longest = starts.zip(ends).map(|(start, end)| end - start).max();
    u64::from(longest.unwrap_or(0)).div_ceil(4 * 64) + 6 + 8
}

/// Contents of a case's arguments: an update's, with ratios before the last word of `control`.
pub(super) fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
    match (name, d.n) {
        ("control", 16) => {
            let mut control = rng.floats(len);
            control[len - 1] = LEFT_OUT;
            control
        }
        _ => update::sample(d, name, len, rng),
    }
}

/// Every ratio, the twins' way: in f64. `step` is what an element's optimiser would take, `ratio` what becomes of the
/// norms of parameter and step.
pub(super) fn ratios(
    d: &Dims,
    reads: &[&[f32]],
    control: &mut [f32],
    step: impl Fn(&Group, usize, f32, f32) -> f32,
    ratio: impl Fn(&Group, f64, f64) -> f64,
) {
    let (h, param) = (hyper(reads[0]), reads[3]);
    if left_out(h, control) {
        return;
    }
    let groups: Vec<_> = d.runs(h, control[0]).collect();
    for (segment, (run, group)) in groups.into_iter().enumerate() {
        let (mut own, mut steps) = (0f64, 0f64);
        for i in run {
            let g = update::taken(h, &group, control, reads[1][i]);
            own += f64::from(param[i]).powi(2);
            steps += f64::from(step(&group, i, g, param[i])).powi(2);
        }
        control[at(d, control, segment)] = of_squares([own, steps], &group, &ratio);
    }
}

/// A parameter's ratio, of the squares of its norm and of its step's; 1 where one of them is 0.
pub(super) fn of_squares(
    [own, steps]: [f64; 2],
    group: &Group,
    ratio: impl Fn(&Group, f64, f64) -> f64,
) -> f32 {
    let some = own > 0.0 && steps > 0.0;
    let found = if some {
        ratio(group, own.sqrt(), steps.sqrt())
    } else {
        1.0
    };
    found as f32
}

/// What becomes of the norms of parameter and step in LARS.
pub(super) fn lars(h: &Group, own: f64, step: f64) -> f64 {
    f64::from(h.trust) * own / (step + f64::from(h.eps))
}

/// The same in LAMB.
pub(super) fn lamb(_: &Group, own: f64, step: f64) -> f64 {
    own / step
}
