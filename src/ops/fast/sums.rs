//! Reductions: bias gradients, and the norm and finite check of the gradient.

use rayon::prelude::*;

use super::{is_large, scratch};
use crate::ops::{LOG_WORDS, channel_sum, clip, grad_stats, grad_stats_log, hyper};

/// Sums that are kept side by side, which the compiler makes vectors of.
pub(super) const LANES: usize = 16;

pub(in crate::ops) fn channel_sum(
    d: &channel_sum::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(|v| v as usize);
    let dy = &reads[0][..rows * channels * plane];
    let sums = &mut writes[0][..channels];
    if plane == 1 {
        return column_sums(dy, sums);
    }
    let sum_of = |channel: usize, sum: &mut f32| run_sums(dy, plane, channel, channels, sum);
    if is_large(dy.len()) {
        let sums = sums.par_iter_mut().enumerate();
        sums.for_each(|(channel, sum)| sum_of(channel, sum));
    } else {
        let sums = sums.iter_mut().enumerate();
        sums.for_each(|(channel, sum)| sum_of(channel, sum));
    }
}

vectorised! {
    /// The sum of every `channels`-th run.
    fn run_sums<'a>(
        dy: &'a [f32],
        plane: usize,
        channel: usize,
        channels: usize,
        sum: &'a mut f32,
    ) {
        let mut total = 0.0;
        for run in dy.chunks(plane).skip(channel).step_by(channels) {
            total += run_sum(run);
        }
        *sum = total as f32;
    }
}

/// The sums of a matrix's columns.
fn column_sums(dy: &[f32], sums: &mut [f32]) {
    let mut totals = scratch::take(&scratch::TOTALS, sums.len());
    add_rows(dy, &mut totals);
    for (sum, &total) in sums.iter_mut().zip(totals.iter()) {
        *sum = total as f32;
    }
}

vectorised! {
    pub(super) fn add_rows<'a>(dy: &'a [f32], totals: &'a mut [f64]) {
        totals.fill(0.0);
        for row in dy.chunks(totals.len()) {
            for (total, &v) in totals.iter_mut().zip(row) {
                *total += f64::from(v);
            }
        }
    }
}

/// The sum of a run.
#[inline(always)]
pub(super) fn run_sum(run: &[f32]) -> f64 {
    let mut lanes = [0f64; LANES];
    let (chunks, rest) = run.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(v);
        }
    }
    let rest: f64 = rest.iter().map(|&v| f64::from(v)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// The sum of what `f` makes of two runs, element by element.
#[inline(always)]
pub(super) fn pair_sum(a: &[f32], b: &[f32], f: impl Fn(f64, f64) -> f64) -> f64 {
    let of = |(&a, &b): (&f32, &f32)| f(a.into(), b.into());
    let mut lanes = [0f64; LANES];
    let (a_chunks, a) = a.as_chunks::<LANES>();
    let (b_chunks, b) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (lane, pair) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += of(pair);
        }
    }
    lanes.iter().sum::<f64>() + a.iter().zip(b).map(of).sum::<f64>()
}

pub(in crate::ops) fn grad_stats(
    d: &grad_stats::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let (n, parts) = (d.n as usize, d.parts as usize);
    let grad = &reads[0][..n];
    let out = &mut writes[0][..2 * parts];
    let part_of = |part: usize, out: &mut [f32]| squares(grad, part, parts, out);
    if n >= 1 << 17 {
        let out = out.par_chunks_mut(2).with_min_len(16).enumerate();
        out.for_each(|(part, out)| part_of(part, out));
    } else {
        let out = out.chunks_mut(2).enumerate();
        out.for_each(|(part, out)| part_of(part, out));
    }
}

pub(in crate::ops) fn grad_stats_log(
    d: &grad_stats_log::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let h = hyper(reads[0]);
    let at = (h.slot % d.slots * LOG_WORDS) as usize;
    let [log, control] = writes else {
        unreachable!("grad_stats_log writes two arguments")
    };
    let row = &mut log[at..];
    squares(&reads[1][..d.n as usize], 0, 1, &mut row[2..4]);
    row[4] = control[0];
    clip(h, row[0], f64::from(row[2]), row[3], control);
}

vectorised! {
    /// The sum of squares of a part's finite elements, and how many are not.
    fn squares<'a>(grad: &'a [f32], part: usize, parts: usize, out: &'a mut [f32]) {
        let (mut sums, mut bads) = ([0f64; LANES], [0u32; LANES]);
        for run in grad.chunks(256).skip(part).step_by(parts) {
            let (chunks, rest) = run.as_chunks::<LANES>();
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            for chunk in chunks.iter().chain([&last]) {
                for ((sum, bad), &g) in sums.iter_mut().zip(&mut bads).zip(chunk) {
                    let finite = g.is_finite();
                    let g = f64::from(if finite { g } else { 0.0 });
                    *sum += g * g;
                    *bad += u32::from(!finite);
                }
            }
        }
        out[0] = sums.iter().sum::<f64>() as f32;
        out[1] = bads.iter().sum::<u32>() as f32;
    }
}
