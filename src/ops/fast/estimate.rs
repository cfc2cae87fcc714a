//! Optimisers that set their own rates: what they measure of the arena, and the step of Prodigy and D-Adaptation.

use super::{
    arena::{Part, Total, Update},
    sums::{pair_sum, run_sum},
};
use crate::ops::{
    Group,
    dadapt_moments::{COUPLED, PRODIGY, SAFEGUARD, slots},
    rate_stats::{self, BLOCK, MOST_PARTS},
    update::Dims,
};

/// Adds up what `f` makes of every block of elements in one segment, and leaves the shares that the workgroups would.
fn shares<const R: usize, const W: usize>(
    d: &Dims,
    update: &Update,
    part: Part<R, W>,
    behind: &mut [f32],
    f: impl Fn(&Group, [&[f32]; R], [&mut [f32]; W]) -> [f64; 3] + Sync,
) {
    let parts = rate_stats::parts(d.n) as usize;
    let sums = part.on_threads(&|part| {
        let mut sums = <[[f64; 3]; MOST_PARTS as usize]>::NONE;
        update.segments(part, |_, h, part| {
            for block in part.pieces(BLOCK) {
                let sum = &mut sums[block.first / BLOCK % parts];
                *sum = sum.plus(update.taken(&h, block, &f));
            }
        });
        sums
    });
    for (to, [a, b, c]) in behind.as_chunks_mut().0.iter_mut().zip(&sums[..parts]) {
        *to = [*a as f32, *b as f32, *c as f32, 0.0];
    }
}

pub(in crate::ops) fn rate_stats(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let Some(update) = Update::under_way(d, reads[0], reads[2]) else {
        return;
    };
    let (slot, behind) = writes[0].split_at_mut(d.n as usize);
    let part = Part::whole(d.n, [reads[1], reads[3], slot], []);
    let direction = d.flags & rate_stats::DIRECTION != 0;
    shares(d, &update, part, behind, |h, [grad, param, slot], []| {
        let mut sums = [0.0; 3];
        stats_block(*h, direction, grad, param, slot, &mut sums);
        sums
    });
}

vectorised! {
    fn stats_block<'a>(
        h: Group,
        direction: bool,
        grad: &'a [f32],
        param: &'a [f32],
        slot: &'a [f32],
        sums: &'a mut [f64; 3],
    ) {
        let mut decayed = [0.0; BLOCK];
        let decayed = &mut decayed[..grad.len()];
        for ((to, &g), &p) in decayed.iter_mut().zip(grad).zip(param) {
            *to = g + h.weight_decay * p;
        }
        sums[0] = pair_sum(decayed, decayed, |a, b| a * b);
        if direction {
            sums[1] = pair_sum(decayed, slot, |g, s| g * s);
            sums[2] = pair_sum(slot, slot, |a, b| a * b);
        } else {
            sums[1] = pair_sum(param, slot, |p, s| (p - s) * (p - s));
        }
    }
}

/// What the moments of a segment are made with.
#[derive(Clone, Copy)]
struct Numbers {
    group: Group,
    prodigy: bool,
    coupled: bool,
    /// What the gradient and its square are multiplied by before they enter their means, and before it enters `s`.
    scales: [f32; 3],
}

impl Numbers {
    fn of(d: &Dims, h: &Group, distance: f32) -> Numbers {
        let rate = distance * h.step_size;
        let prodigy = d.flags & PRODIGY != 0;
        let grown = if d.flags & SAFEGUARD != 0 {
            distance
        } else {
            rate
        };
        let [scale, square, growth] = if prodigy {
            [distance, distance * distance, distance * h.trust * grown]
        } else {
            [rate, 1.0, h.trust * rate]
        };
        Numbers {
            group: *h,
            prodigy,
            coupled: d.flags & COUPLED != 0,
            scales: [scale * h.gradient_scale, square * h.square_scale, growth],
        }
    }
}

pub(in crate::ops) fn dadapt_moments(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (control, param, n) = (reads[2], reads[3], d.n as usize);
    let Some(update) = Update::under_way(d, reads[0], control) else {
        return;
    };
    let distance = control[d.memory as usize];
    let (state, behind) = writes[0].split_at_mut(slots(d.flags) as usize * n);
    let (m, state) = state.split_at_mut(n);
    let (v, state) = state.split_at_mut(n);
    let (s, origin) = state.split_at_mut(n);
    // D-Adaptation has no need of where the weights began.
    let origin = if origin.is_empty() { param } else { origin };
    let part = Part::whole(d.n, [reads[1], param, origin], [m, v, s]);
    shares(d, &update, part, behind, |h, reads, moments| {
        let mut sums = [0.0; 3];
        if h.lr != 0.0 {
            moments_block(Numbers::of(d, h, distance), reads, moments, &mut sums);
        }
        sums
    });
}

vectorised! {
    fn moments_block<'a>(
        numbers: Numbers,
        reads: [&'a [f32]; 3],
        moments: [&'a mut [f32]; 3],
        sums: &'a mut [f64; 3],
    ) {
        let (h, [grad, param, origin], [m, v, s]) = (numbers.group, reads, moments);
        let [scale, square, growth] = numbers.scales;
        let mut entering = [0.0; BLOCK];
        let entering = &mut entering[..grad.len()];
        let read = grad.iter().zip(param).zip(origin);
        let written = entering.iter_mut().zip(m).zip(v).zip(s.iter_mut());
        for (((&g, &p), &from), (((entering, m), v), s)) in read.zip(written) {
            let g = if numbers.coupled { g + h.weight_decay * p } else { g };
            let way = if numbers.prodigy { from - p } else { *s / (v.sqrt() + h.eps) };
            *entering = h.step_size * (g * way);
            *m = h.momentum * *m + scale * g;
            *v = h.square_decay * *v + square * g * g;
            *s = h.s_decay * *s + growth * g;
        }
        *sums = [run_sum(entering), pair_sum(s, s, |s, _| s.abs()), 0.0];
    }
}

pub(in crate::ops) fn dadapt(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (control, memory) = (reads[1], d.memory as usize);
    let (distance, before) = (control[memory], control[memory + 3]);
    let Some(update) = Update::under_way(d, reads[0], control).filter(|_| before >= 0.0) else {
        return;
    };
    let (m, v) = reads[2].split_at(d.n as usize);
    Part::whole(d.n, [m, v], [&mut *writes[0]]).on_threads(&|part| {
        update.segments(part, |_, h, part| {
            if h.lr == 0.0 {
                return;
            }
            let rate = before * h.step_size;
            let (factor, eps) = match d.flags & PRODIGY {
                0 => (1.0, h.eps),
                _ if h.momentum == 0.0 => (rate * (distance / before), distance * h.eps),
                _ => (rate, distance * h.eps),
            };
            let decay = (d.flags & COUPLED == 0).then_some(h.weight_decay * rate);
            let ([m, v], [param]) = (part.reads, part.writes);
            dadapt_run(factor, eps, decay, m, v, param);
        });
    });
}

vectorised! {
    fn dadapt_run<'a>(
        factor: f32,
        eps: f32,
        decay: Option<f32>,
        m: &'a [f32],
        v: &'a [f32],
        param: &'a mut [f32],
    ) {
        for ((p, &m), &v) in param.iter_mut().zip(m).zip(v) {
            if let Some(decay) = decay {
                *p -= decay * *p;
            }
            *p -= factor * m / (v.sqrt() + eps);
        }
    }
}
