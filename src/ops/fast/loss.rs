//! Softmax and cross-entropy with one exponential per logit.

use crate::ops::softmax_cross_entropy::Dims;

use super::scratch;

pub(in crate::ops) fn softmax_cross_entropy(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [rows, cols] = [d.rows, d.cols].map(|v| v as usize);
    let [row, dlogits] = writes else {
        unreachable!("softmax_cross_entropy writes two arguments")
    };
    let logits = reads[0][..rows * cols].chunks_exact(cols);
    let outputs = row.chunks_exact_mut(2).zip(dlogits.chunks_exact_mut(cols));
    let mut powers = scratch::take(&scratch::TOTALS, cols);
    for ((x, label), (row, dx)) in logits.zip(reads[1]).zip(outputs) {
        one_row(d, x, label.to_bits() as usize, &mut powers, row, dx);
    }
}

/// The loss of one row, whether it is right, and its gradient; `powers` is room for the row.
fn one_row(d: &Dims, x: &[f32], label: usize, powers: &mut [f64], row: &mut [f32], dx: &mut [f32]) {
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
    (row[0], row[1]) = (loss as f32, f32::from(u8::from(right)));
    let (share, rows) = (1.0 / total, 1.0 / f64::from(d.rows));
    let floor = smoothing / x.len() as f64;
    for (dx, power) in dx.iter_mut().zip(&*powers) {
        *dx = ((power * share - floor) * rows) as f32;
    }
    let target = 1.0 - smoothing + floor;
    dx[label] = ((powers[label] * share - target) * rows) as f32;
}
