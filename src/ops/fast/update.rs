//! Updates of the parameter arena by the gradient: plain loops over a segment's elements, on vectors and threads.

use super::arena::update;
use crate::ops::{Group, adam, rmsprop, schedule_free, sgd, update::Dims};

pub(in crate::ops) fn sgd(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    update(d, reads, writes, |h, grad, [buffer, param]| {
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
        update(d, reads, writes, |h, grad, [m, v, most, param]| {
            amsgrad_run(*h, decoupled, grad, m, v, most, param);
        });
    } else if d.flags & adam::NESTEROV != 0 {
        update(d, reads, writes, |h, grad, [m, v, param]| {
            nadam_run(*h, decoupled, grad, m, v, param);
        });
    } else {
        update(d, reads, writes, |h, grad, [m, v, param]| {
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
    update(d, reads, writes, |h, grad, [square, steps, param]| {
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
    update(d, reads, writes, |h, grad, [mean, largest, param]| {
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
    update(d, reads, writes, |h, grad, [sum, param]| {
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
    update(d, reads, writes, |h, grad, [mean, param]| {
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

pub(in crate::ops) fn rmsprop(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    match d.flags & (rmsprop::MOMENTUM | rmsprop::CENTERED) {
        0 => update(d, reads, writes, |h, grad, [square, param]| {
            rmsprop_run(*h, grad, square, None, None, param);
        }),
        rmsprop::MOMENTUM => update(d, reads, writes, |h, grad, [square, buffer, param]| {
            rmsprop_run(*h, grad, square, Some(buffer), None, param);
        }),
        rmsprop::CENTERED => update(d, reads, writes, |h, grad, [square, mean, param]| {
            rmsprop_run(*h, grad, square, None, Some(mean), param);
        }),
        _ => update(
            d,
            reads,
            writes,
            |h, grad, [square, buffer, mean, param]| {
                rmsprop_run(*h, grad, square, Some(buffer), Some(mean), param);
            },
        ),
    }
}

vectorised! {
    fn rmsprop_run<'a>(
        h: Group,
        grad: &'a [f32],
        square: &'a mut [f32],
        buffer: Option<&'a mut [f32]>,
        mean: Option<&'a mut [f32]>,
        param: &'a mut [f32],
    ) {
        let moved = square.iter_mut().zip(param).zip(grad);
        match (buffer, mean) {
            (None, None) => moved.for_each(|((v, p), g)| root_step(&h, *g, v, None, None, p)),
            (Some(b), None) => {
                let moved = moved.zip(b);
                moved.for_each(|(((v, p), g), b)| root_step(&h, *g, v, Some(b), None, p));
            }
            (None, Some(m)) => {
                let moved = moved.zip(m);
                moved.for_each(|(((v, p), g), m)| root_step(&h, *g, v, None, Some(m), p));
            }
            (Some(b), Some(m)) => {
                let moved = moved.zip(b).zip(m);
                moved.for_each(|((((v, p), g), b), m)| root_step(&h, *g, v, Some(b), Some(m), p));
            }
        }
    }
}

/// RMSprop's of one element.
#[inline(always)]
fn root_step(
    h: &Group,
    grad: f32,
    square: &mut f32,
    buffer: Option<&mut f32>,
    mean: Option<&mut f32>,
    p: &mut f32,
) {
    let g = grad + h.weight_decay * *p;
    *square = h.square_decay * *square + h.square_scale * g * g;
    let mut variance = *square;
    if let Some(mean) = mean {
        *mean += h.square_scale * (g - *mean);
        variance = (variance - *mean * *mean).max(0.0);
    }
    let mut step = g / (variance.sqrt() + h.eps);
    if let Some(buffer) = buffer {
        step += h.momentum * *buffer;
        *buffer = step;
    }
    *p -= h.lr * step;
}

pub(in crate::ops) fn schedule_free(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let newest = reads[2][d.memory as usize + 2];
    if d.flags & schedule_free::ADAM != 0 {
        update(d, reads, writes, |h, grad, [z, x, square, y]| {
            free_adam_run(*h, newest, grad, z, x, square, y);
        });
    } else {
        update(d, reads, writes, |h, grad, [z, x, y]| {
            free_run(*h, newest, grad, z, x, y);
        });
    }
}

/// The schedule-free step of one element.
#[inline(always)]
fn free_step(h: &Group, newest: f32, grad: f32, z: &mut f32, x: &mut f32, y: &mut f32) {
    let g = grad + h.weight_decay * *y;
    *z -= h.lr * g;
    *x = (1.0 - newest) * *x + newest * *z;
    *y = h.gradient_scale * *z + h.momentum * *x;
}

vectorised! {
    fn free_run<'a>(
        h: Group,
        newest: f32,
        grad: &'a [f32],
        z: &'a mut [f32],
        x: &'a mut [f32],
        y: &'a mut [f32],
    ) {
        let moved = z.iter_mut().zip(x.iter_mut()).zip(y);
        for (((z, x), y), &g) in moved.zip(grad) {
            free_step(&h, newest, g, z, x, y);
        }
    }
}

vectorised! {
    fn free_adam_run<'a>(
        h: Group,
        newest: f32,
        grad: &'a [f32],
        z: &'a mut [f32],
        x: &'a mut [f32],
        square: &'a mut [f32],
        y: &'a mut [f32],
    ) {
        let moved = z.iter_mut().zip(x.iter_mut()).zip(square.iter_mut()).zip(y);
        for ((((z, x), v), y), &g) in moved.zip(grad) {
            *v = h.square_decay * *v + h.square_scale * g * g;
            let g = g / (v.sqrt() / h.correction + h.eps);
            free_step(&h, newest, g, z, x, y);
        }
    }
}
