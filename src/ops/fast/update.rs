//! Updates of the parameter arena: plain loops over a segment's elements, on vectors and threads.

use rayon::prelude::*;

use crate::ops::{Group, Hyper, adam, hyper, left_out, sgd, update::Dims};

/// Elements worth a thread.
const CHUNK: usize = 1 << 16;

/// Elements whose clipped gradient is kept at a time.
const RUN: usize = 1024;

/// Some elements of an arena: their gradient, their part of every slot, themselves.
struct Part<'a, const S: usize> {
    grad: &'a [f32],
    slots: [&'a mut [f32]; S],
    param: &'a mut [f32],
}

impl<'a, const S: usize> Part<'a, S> {
    /// Its first `n` elements, and the rest.
    fn split(self, n: usize) -> (Part<'a, S>, Part<'a, S>) {
        let (grad, grads) = self.grad.split_at(n);
        let (param, params) = self.param.split_at_mut(n);
        let mut rests: [&mut [f32]; S] = std::array::from_fn(|_| Default::default());
        let mut rest = rests.iter_mut();
        let slots = self.slots.map(|slot| {
            let (first, behind) = slot.split_at_mut(n);
            if let Some(place) = rest.next() {
                *place = behind;
            }
            first
        });
        let first = Part { grad, slots, param };
        (
            first,
            Part {
                grad: grads,
                slots: rests,
                param: params,
            },
        )
    }

    /// Cut into pieces of `most` elements.
    fn pieces(self, most: usize) -> impl Iterator<Item = Part<'a, S>> {
        let mut left = Some(self);
        std::iter::from_fn(move || {
            let part = left.take().filter(|part| !part.param.is_empty())?;
            let n = part.param.len().min(most);
            let (first, rest) = part.split(n);
            left = Some(rest);
            Some(first)
        })
    }
}

/// Calls `f` with the numbers and the elements of every segment, in pieces on all threads where there are
/// many. Their gradient is clipped and turned round before, if at all.
fn update<const S: usize>(
    d: &Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
    f: impl Fn(&Group, &[f32], [&mut [f32]; S], &mut [f32]) + Sync,
) {
    let (h, control, n) = (hyper(reads[0]), reads[2], d.n as usize);
    let [state, param] = writes else {
        unreachable!("an update writes two arenas")
    };
    if left_out(h, control) {
        return;
    }
    let mut slots = state.chunks_mut(n);
    let mut rest = Part {
        grad: &reads[1][..n],
        slots: std::array::from_fn(|_| slots.next().expect("a slot")),
        param: &mut param[..n],
    };
    let scale = control[control.len() - 1];
    for (run, group) in d.runs(h, control[0]) {
        let (part, behind) = rest.split(run.len());
        rest = behind;
        if run.len() <= CHUNK {
            taken(h, &group, scale, part, &f);
        } else {
            let pieces: Vec<Part<S>> = part.pieces(CHUNK).collect();
            let each = |piece| taken(h, &group, scale, piece, &f);
            pieces.into_par_iter().for_each(each);
        }
    }
}

/// An update by the gradient as it is, or as it is taken, some elements at a time.
fn taken<const S: usize>(
    h: &Hyper,
    group: &Group,
    scale: f32,
    part: Part<S>,
    f: impl Fn(&Group, &[f32], [&mut [f32]; S], &mut [f32]),
) {
    if h.clip_norm == 0.0 && h.clip_value == 0.0 && group.maximize == 0 {
        return f(group, part.grad, part.slots, part.param);
    }
    let mut clipped = [0.0; RUN];
    let scale = if h.clip_norm > 0.0 { scale } else { 1.0 };
    let most = if h.clip_value > 0.0 {
        h.clip_value
    } else {
        f32::INFINITY
    };
    let sign = if group.maximize != 0 { -1.0 } else { 1.0 };
    for piece in part.pieces(RUN) {
        let clipped = &mut clipped[..piece.grad.len()];
        clip_run(scale, most, sign, clipped, piece.grad);
        f(group, clipped, piece.slots, piece.param);
    }
}

vectorised! {
    fn clip_run<'a>(scale: f32, most: f32, sign: f32, clipped: &'a mut [f32], grad: &'a [f32]) {
        for (to, g) in clipped.iter_mut().zip(grad) {
            *to = sign * (g * scale).max(-most).min(most);
        }
    }
}

pub(in crate::ops) fn sgd(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [buffer], param| {
        let keeps = h.momentum != 0.0 || d.flags & sgd::KEEP != 0;
        sgd_run(*h, keeps, grad, buffer, param);
    });
}

vectorised! {
    fn sgd_run<'a>(h: Group, keeps: bool, grad: &'a [f32], buffer: &'a mut [f32], param: &'a mut [f32]) {
        for ((v, p), &grad) in buffer.iter_mut().zip(param).zip(grad) {
            let mut g = grad;
            if h.weight_decay != 0.0 {
                g += h.weight_decay * *p;
            }
            if keeps {
                let started = h.momentum * *v + h.gradient_scale * g;
                *v = if h.first != 0 { g } else { started };
                g = if h.nesterov != 0 {
                    g + h.momentum * *v
                } else {
                    *v
                };
            }
            *p -= h.lr * g;
        }
    }
}

pub(in crate::ops) fn adam(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let decoupled = d.flags & adam::DECOUPLED != 0;
    if d.flags & adam::AMSGRAD != 0 {
        update(d, reads, writes, |h, grad, [m, v, most], param| {
            amsgrad_run(*h, decoupled, grad, m, v, most, param);
        });
    } else if d.flags & adam::NESTEROV != 0 {
        update(d, reads, writes, |h, grad, [m, v], param| {
            nadam_run(*h, decoupled, grad, m, v, param);
        });
    } else {
        update(d, reads, writes, |h, grad, [m, v], param| {
            adam_run(*h, decoupled, grad, m, v, param);
        });
    }
}

/// The moments of one element, and its parameter with the decay behind it; all but the step. Returns the gradient
/// with its decay.
#[inline(always)]
fn moments(h: &Group, decoupled: bool, grad: f32, m: &mut f32, v: &mut f32, p: &mut f32) -> f32 {
    let mut g = grad;
    if decoupled {
        *p *= 1.0 - h.lr * h.weight_decay;
    } else {
        g += h.weight_decay * *p;
    }
    *m += h.gradient_scale * (g - *m);
    *v = h.square_decay * *v + h.square_scale * g * g;
    g
}

vectorised! {
    fn adam_run<'a>(
        h: Group,
        decoupled: bool,
        grad: &'a [f32],
        m: &'a mut [f32],
        v: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = m.iter_mut().zip(v.iter_mut()).zip(param);
        for (((m, v), p), &g) in moved.zip(grad) {
            moments(&h, decoupled, g, m, v, p);
            *p -= h.step_size * (*m / (v.sqrt() / h.correction + h.eps));
        }
    }
}

vectorised! {
    fn nadam_run<'a>(
        h: Group,
        decoupled: bool,
        grad: &'a [f32],
        m: &'a mut [f32],
        v: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = m.iter_mut().zip(v.iter_mut()).zip(param);
        for (((m, v), p), &g) in moved.zip(grad) {
            let g = moments(&h, decoupled, g, m, v, p);
            let mean = h.momentum * *m + h.trust * g;
            *p -= h.step_size * (mean / (v.sqrt() / h.correction + h.eps));
        }
    }
}

vectorised! {
    fn amsgrad_run<'a>(
        h: Group,
        decoupled: bool,
        grad: &'a [f32],
        m: &'a mut [f32],
        v: &'a mut [f32],
        most: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = m.iter_mut().zip(v.iter_mut()).zip(most.iter_mut()).zip(param);
        for ((((m, v), most), p), &g) in moved.zip(grad) {
            moments(&h, decoupled, g, m, v, p);
            *most = v.max(*most);
            *p -= h.step_size * (*m / (most.sqrt() / h.correction + h.eps));
        }
    }
}

pub(in crate::ops) fn adadelta(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [square, steps], param| {
        adadelta_run(*h, grad, square, steps, param);
    });
}

vectorised! {
    fn adadelta_run<'a>(
        h: Group,
        grad: &'a [f32],
        square: &'a mut [f32],
        steps: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = square.iter_mut().zip(steps.iter_mut()).zip(param);
        for (((square, steps), p), &g) in moved.zip(grad) {
            let g = g + h.weight_decay * *p;
            *square = h.square_decay * *square + h.square_scale * g * g;
            let step = (*steps + h.eps).sqrt() / (*square + h.eps).sqrt() * g;
            *steps = h.square_decay * *steps + h.square_scale * step * step;
            *p -= h.lr * step;
        }
    }
}

pub(in crate::ops) fn adamax(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [mean, largest], param| {
        adamax_run(*h, grad, mean, largest, param);
    });
}

vectorised! {
    fn adamax_run<'a>(
        h: Group,
        grad: &'a [f32],
        mean: &'a mut [f32],
        largest: &'a mut [f32],
        param: &'a mut [f32],
    ) {
        let moved = mean.iter_mut().zip(largest.iter_mut()).zip(param);
        for (((mean, largest), p), &g) in moved.zip(grad) {
            let g = g + h.weight_decay * *p;
            *mean += h.gradient_scale * (g - *mean);
            *largest = (h.square_decay * *largest).max(g.abs() + h.eps);
            *p -= h.step_size * (*mean / *largest);
        }
    }
}

pub(in crate::ops) fn adagrad(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [sum], param| {
        adagrad_run(*h, grad, sum, param);
    });
}

vectorised! {
    fn adagrad_run<'a>(h: Group, grad: &'a [f32], sum: &'a mut [f32], param: &'a mut [f32]) {
        for ((sum, p), &g) in sum.iter_mut().zip(param).zip(grad) {
            let g = g + h.weight_decay * *p;
            *sum += g * g;
            *p -= h.step_size * (g / (sum.sqrt() + h.eps));
        }
    }
}

pub(in crate::ops) fn lion(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [mean], param| {
        lion_run(*h, grad, mean, param);
    });
}

vectorised! {
    fn lion_run<'a>(h: Group, grad: &'a [f32], mean: &'a mut [f32], param: &'a mut [f32]) {
        for ((mean, p), &g) in mean.iter_mut().zip(param).zip(grad) {
            let both = h.momentum * *mean + h.gradient_scale * g;
            let direction = if both == 0.0 { 0.0 } else { both.signum() };
            *mean = h.square_decay * *mean + h.square_scale * g;
            *p -= h.lr * (direction + h.weight_decay * *p);
        }
    }
}
