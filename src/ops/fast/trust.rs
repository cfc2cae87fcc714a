//! LARS and LAMB: their trust ratios, and the updates that take them.

use super::{
    arena::{Part, RUN, Update, update_with},
    sums::pair_sum,
};
use crate::ops::{Group, trust, update::Dims};

/// An update whose rates are multiplied by the ratios of their segments.
fn trusted<const W: usize>(
    d: &Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
    f: impl Fn(&Group, &[f32], [&mut [f32]; W]) + Sync,
) {
    let control = reads[2];
    let own = |segment: usize, h: &mut Group| h.lr *= control[trust::at(d, control, segment)];
    update_with(d, reads, writes, own, f);
}

pub(in crate::ops) fn lars(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    trusted(d, reads, writes, |h, grad, [buffer, param]| {
        lars_run(*h, grad, buffer, param);
    });
}

vectorised! {
    fn lars_run<'a>(h: Group, grad: &'a [f32], buffer: &'a mut [f32], param: &'a mut [f32]) {
        for ((b, p), &g) in buffer.iter_mut().zip(param).zip(grad) {
            let step = h.lr * (g + h.weight_decay * *p);
            *b = step + h.momentum * *b;
            *p -= match h.nesterov {
                0 => *b,
                _ => step + h.momentum * *b,
            };
        }
    }
}

pub(in crate::ops) fn lamb(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    trusted(d, reads, writes, |h, grad, [m, v, param]| {
        lamb_run(*h, grad, m, v, param);
    });
}

/// The moments of one element after this update, and the step by them.
#[inline(always)]
fn adam_step(h: &Group, g: f32, m: f32, v: f32, p: f32) -> [f32; 3] {
    let m = h.momentum * m + h.gradient_scale * g;
    let v = h.square_decay * v + h.square_scale * g * g;
    let root = v.sqrt() / h.correction;
    [m, v, m / h.trust / (root + h.eps) + h.weight_decay * p]
}

vectorised! {
    fn lamb_run<'a>(
        h: Group,
        grad: &'a [f32],
        m: &'a mut [f32],
        v: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = m.iter_mut().zip(v.iter_mut()).zip(param);
        for (((m, v), p), &g) in moved.zip(grad) {
            let step;
            [*m, *v, step] = adam_step(&h, g, *m, *v, *p);
            *p -= h.lr * step;
        }
    }
}

/// Every ratio, of the sums of squares that `f` finds.
fn ratios<const R: usize>(
    d: &Dims,
    reads: &[&[f32]],
    arenas: [&[f32]; R],
    control: &mut [f32],
    f: impl Fn(&Group, [&[f32]; R]) -> [f64; 2] + Sync,
    ratio: impl Fn(&Group, f64, f64) -> f64,
) {
    let Some(update) = Update::under_way(d, reads[0], control) else {
        return;
    };
    update.segments(Part::whole(d.n, arenas, []), |segment, h, part| {
        let squares = part.on_threads(&|part| {
            part.pieces(RUN).fold([0.0; 2], |[own, steps], piece| {
                let [a, b] = update.taken(&h, piece, |h, reads, []| f(h, reads));
                [own + a, steps + b]
            })
        });
        control[trust::at(d, control, segment)] = trust::of_squares(squares, &h, &ratio);
    });
}

pub(in crate::ops) fn lars_norms(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let squares = |h: &Group, [grad, param]: [&[f32]; 2]| {
        let mut squares = [0.0; 2];
        lars_squares(*h, grad, param, &mut squares);
        squares
    };
    let arenas = [reads[1], reads[3]];
    ratios(d, reads, arenas, &mut *writes[0], squares, trust::lars);
}

vectorised! {
    fn lars_squares<'a>(h: Group, grad: &'a [f32], param: &'a [f32], squares: &'a mut [f64; 2]) {
        let mut steps = [0.0; RUN];
        let steps = &mut steps[..grad.len()];
        for ((to, &g), &p) in steps.iter_mut().zip(grad).zip(param) {
            *to = g + h.weight_decay * p;
        }
        *squares = [param, steps].map(|words| pair_sum(words, words, |a, b| a * b));
    }
}

pub(in crate::ops) fn lamb_norms(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let squares = |h: &Group, [grad, m, v, param]: [&[f32]; 4]| {
        let mut squares = [0.0; 2];
        lamb_squares(*h, grad, m, v, param, &mut squares);
        squares
    };
    let (m, v) = reads[2].split_at(d.n as usize);
    let arenas = [reads[1], m, v, reads[3]];
    ratios(d, reads, arenas, &mut *writes[0], squares, trust::lamb);
}

vectorised! {
    fn lamb_squares<'a>(
        h: Group,
        grad: &'a [f32],
        m: &'a [f32],
        v: &'a [f32],
        param: &'a [f32],
        squares: &'a mut [f64; 2],
    ) {
        let mut steps = [0.0; RUN];
        let steps = &mut steps[..grad.len()];
        let elements = grad.iter().zip(m).zip(v).zip(param);
        for (to, (((&g, &m), &v), &p)) in steps.iter_mut().zip(elements) {
            [_, _, *to] = adam_step(&h, g, m, v, p);
        }
        *squares = [param, steps].map(|words| pair_sum(words, words, |a, b| a * b));
    }
}
