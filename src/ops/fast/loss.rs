//! Softmax and cross-entropy with one exponential per logit.

use super::scratch;
use crate::ops::{LOG_WORDS, as_integers, cross_entropy_log, hyper, softmax_cross_entropy::Dims};

pub(in crate::ops) fn softmax_cross_entropy(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [row, dlogits] = writes else {
        unreachable!("softmax_cross_entropy writes two arguments")
    };
    let mut rows = row.chunks_exact_mut(2);
    each_row(d, reads, dlogits, |loss, right| {
        if let Some(row) = rows.next() {
            (row[0], row[1]) = (loss as f32, f32::from(u8::from(right)));
        }
    });
}

pub(in crate::ops) fn cross_entropy_log(
    d: &cross_entropy_log::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let [dlogits, log] = writes else {
        unreachable!("cross_entropy_log writes two arguments")
    };
    let (mut total, mut count) = (0.0, 0);
    each_row(&d.loss(), reads, dlogits, |loss, right| {
        total += loss;
        count += u32::from(right);
    });
    let at = (hyper(reads[0]).slot % d.slots * LOG_WORDS) as usize;
    log[at] = (total / f64::from(d.rows)) as f32;
    log[at + 1] = count as f32;
}

/// Writes the gradient, and hands out every row's loss and whether it is right.
fn each_row(d: &Dims, reads: &[&[f32]], dlogits: &mut [f32], mut row: impl FnMut(f64, bool)) {
    let [rows, cols] = [d.rows, d.cols].map(|v| v as usize);
    let labels = &as_integers(reads[1])[hyper(reads[0]).cursor as usize..];
    let logits = reads[2][..rows * cols].chunks_exact(cols);
    let mut powers = scratch::take(&scratch::TOTALS, cols);
    for ((x, &label), dx) in logits.zip(labels).zip(dlogits.chunks_exact_mut(cols)) {
        let (loss, right) = one_row(d, x, label as usize, &mut powers, dx);
        row(loss, right);
    }
}

/// The loss of one row, whether it is right, and its gradient; `powers` is room for the row.
fn one_row(d: &Dims, x: &[f32], label: usize, powers: &mut [f64], dx: &mut [f32]) -> (f64, bool) {
    let smoothing = f64::from(d.smoothing);
    let max = f64::from(x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let mut total = 0.0;
    for (power, &v) in powers.iter_mut().zip(x) {
        *power = (f64::from(v) - max).exp();
        total += *power;
    }
    let log_total = total.ln() + max;
    let mut loss = (1.0 - smoothing) * (log_total - f64::from(x[label]));
    if smoothing > 0.0 {
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64;
        loss += smoothing * (log_total - mean);
    }
    let (before, after) = (&x[..label], &x[label + 1..]);
    let right = before.iter().all(|&v| v < x[label])
        && after.iter().all(|&v| v <= x[label])
        && !x[label].is_nan();
    let (share, rows) = (1.0 / total, 1.0 / f64::from(d.rows));
    let floor = smoothing / x.len() as f64;
    for (dx, power) in dx.iter_mut().zip(&*powers) {
        *dx = ((power * share - floor) * rows) as f32;
    }
    let target = 1.0 - smoothing + floor;
    dx[label] = ((powers[label] * share - target) * rows) as f32;
    (loss, right)
}
