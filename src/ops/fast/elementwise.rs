//! Kernels that take elements one by one: sums of gradients, averages, ReLU and its gradient, addition.

use rayon::prelude::*;

use super::{
    copy, for_each_chunk,
    gelu::{gelu_grad_run, gelu_run},
};
use crate::ops::{
    Flat, LOG_WORDS, accumulate, activation, activation::Function, average, dropout, hyper, masked,
    transpose,
};

/// Elements worth a thread.
const CHUNK: usize = 1 << 16;

/// Calls `f` with equal runs of all slices, on all threads if there is more than one run.
fn in_chunks<const R: usize>(
    to: &mut [f32],
    from: [&[f32]; R],
    f: impl for<'a> Fn(&'a mut [f32], [&'a [f32]; R]) + Sync,
) {
    if to.len() <= CHUNK {
        return f(to, from);
    }
    to.par_chunks_mut(CHUNK).enumerate().for_each(|(i, to)| {
        let from = from.map(|from| &from[i * CHUNK..][..to.len()]);
        f(to, from);
    });
}

pub(in crate::ops) fn relu(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let n = d.n as usize;
    in_chunks(&mut writes[0][..n], [&reads[0][..n]], relu_run);
}

vectorised! {
    fn relu_run<'a>(y: &'a mut [f32], x: [&'a [f32]; 1]) {
        for (y, &x) in y.iter_mut().zip(x[0]) {
            *y = if x < 0.0 { 0.0 } else { x };
        }
    }
}

pub(in crate::ops) fn relu_grad(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let n = d.n as usize;
    let from = [&reads[0][..n], &reads[1][..n]];
    in_chunks(&mut writes[0][..n], from, relu_grad_run);
}

vectorised! {
    fn relu_grad_run<'a>(dx: &'a mut [f32], from: [&'a [f32]; 2]) {
        for ((dx, &y), &dy) in dx.iter_mut().zip(from[0]).zip(from[1]) {
            *dx = masked(y, dy);
        }
    }
}

pub(in crate::ops) fn activation(
    d: &activation::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let n = d.n as usize;
    let gelu = d.is(Function::Gelu);
    in_chunks(&mut writes[0][..n], [&reads[0][..n]], |y, [x]| {
        if gelu {
            return gelu_run(y, x);
        }
        for (y, &x) in y.iter_mut().zip(x) {
            *y = d.value(x);
        }
    });
}

pub(in crate::ops) fn activation_grad(
    d: &activation::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let n = d.n as usize;
    let from = [&reads[0][..n], &reads[1][..n]];
    let gelu = d.is(Function::Gelu);
    in_chunks(&mut writes[0][..n], from, |dx, [x, dy]| {
        if gelu {
            return gelu_grad_run(dx, x, dy);
        }
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = (d.slope(x) * f64::from(dy)) as f32;
        }
    });
}

pub(in crate::ops) fn dropout(d: &dropout::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (n, key) = (d.n as usize, hyper(reads[0]).dropout_key);
    for_each_chunk(&mut writes[0][..n], CHUNK, n > CHUNK, |index, y| {
        let first = index * CHUNK;
        let x = &reads[1][first..];
        for (i, (y, &x)) in (first as u32..).zip(y.iter_mut().zip(x)) {
            *y = d.value(key, x, i);
        }
        if d.mask != 0 {
            for (y, &e) in y.iter_mut().zip(&reads[2][first..]) {
                *y = masked(e, *y);
            }
        }
    });
}

pub(in crate::ops) fn add(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let n = d.n as usize;
    let from = [&reads[0][..n], &reads[1][..n]];
    in_chunks(&mut writes[0][..n], from, add_run);
}

vectorised! {
    fn add_run<'a>(sum: &'a mut [f32], from: [&'a [f32]; 2]) {
        for ((sum, a), b) in sum.iter_mut().zip(from[0]).zip(from[1]) {
            *sum = a + b;
        }
    }
}

pub(in crate::ops) fn accumulate(
    d: &accumulate::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let (h, n) = (hyper(reads[0]), d.n as usize);
    let [sum, log] = writes else {
        unreachable!("accumulate writes two arguments")
    };
    let (sum, behind) = sum.split_at_mut(n);
    in_chunks(sum, [&reads[1][..n]], |sum, grad| {
        if h.begin != 0 {
            scale_run(h.share, sum, grad);
        } else {
            accumulate_run(h.share, sum, grad);
        }
    });
    let at = (h.slot % d.slots * LOG_WORDS) as usize;
    let batch = [h.share * log[at], log[at + 1], 0.0, 0.0];
    for (sum, x) in behind.iter_mut().zip(batch) {
        *sum = if h.begin != 0 { x } else { *sum + x };
    }
    log[at..at + 2].copy_from_slice(&behind[..2]);
}

vectorised! {
    fn accumulate_run<'a>(share: f32, sum: &'a mut [f32], grad: [&'a [f32]; 1]) {
        for (sum, g) in sum.iter_mut().zip(grad[0]) {
            *sum += share * g;
        }
    }
}

vectorised! {
    fn scale_run<'a>(share: f32, sum: &'a mut [f32], grad: [&'a [f32]; 1]) {
        for (sum, g) in sum.iter_mut().zip(grad[0]) {
            *sum = share * g;
        }
    }
}

pub(in crate::ops) fn average(d: &average::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (weight, n) = (d.weight(hyper(reads[0]), reads[2]), d.n as usize);
    let (average, param) = (&mut writes[0][..n], &reads[1][..n]);
    if weight == 1.0 {
        average.copy_from_slice(param);
    } else if weight != 0.0 {
        in_chunks(average, [param], |average, param| {
            average_run(weight, average, param)
        });
    }
}

vectorised! {
    fn average_run<'a>(weight: f32, average: &'a mut [f32], param: [&'a [f32]; 1]) {
        for (average, p) in average.iter_mut().zip(param[0]) {
            *average += weight * (p - *average);
        }
    }
}

pub(in crate::ops) fn transpose(d: &transpose::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [batch, rows, cols] = [d.batch, d.rows, d.cols].map(|n| n as usize);
    let (x, size) = (reads[0], rows * cols);
    let y = &mut writes[0][..batch * size];
    for_each_chunk(y, size, batch * size > CHUNK, |index, y| {
        copy::transpose(&x[index * size..], cols, [rows, cols], y, rows);
    });
}
