//! Reductions: bias gradients, and the norm and finite check of the gradient.

use pulp::Arch;
use rayon::prelude::*;

use super::{is_large, scratch};
use crate::ops::{channel_sum, grad_stats};

/// Sums that are kept side by side, which the compiler makes vectors of.
const LANES: usize = 16;

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
    let sum_of = |channel: usize, sum: &mut f32| {
        Arch::new().dispatch(|| {
            let runs = dy.chunks(plane).skip(channel).step_by(channels);
            *sum = runs.map(total).sum::<f64>() as f32;
        });
    };
    if is_large(dy.len()) {
        let sums = sums.par_iter_mut().enumerate();
        sums.for_each(|(channel, sum)| sum_of(channel, sum));
    } else {
        let sums = sums.iter_mut().enumerate();
        sums.for_each(|(channel, sum)| sum_of(channel, sum));
    }
}

/// The sums of a matrix's columns.
fn column_sums(dy: &[f32], sums: &mut [f32]) {
    scratch::with(&scratch::TOTALS, sums.len(), |totals| {
        Arch::new().dispatch(|| {
            totals.fill(0.0);
            for row in dy.chunks(sums.len()) {
                let totals = totals.iter_mut().zip(row);
                totals.for_each(|(total, &v)| *total += f64::from(v));
            }
            let sums = sums.iter_mut().zip(&*totals);
            sums.for_each(|(sum, &total)| *sum = total as f32);
        });
    });
}

/// The sum of a run.
#[inline(always)]
fn total(run: &[f32]) -> f64 {
    let mut lanes = [0f64; LANES];
    let chunks = run.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|&v| f64::from(v)).sum();
    for chunk in chunks {
        let lanes = lanes.iter_mut().zip(chunk);
        lanes.for_each(|(lane, &v)| *lane += f64::from(v));
    }
    lanes.iter().sum::<f64>() + rest
}

pub(in crate::ops) fn grad_stats(
    d: &grad_stats::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let (n, parts) = (d.n as usize, d.parts as usize);
    let grad = &reads[0][..n];
    let out = &mut writes[0][..2 * parts];
    let part_of = |part: usize, out: &mut [f32]| {
        Arch::new().dispatch(|| {
            let (squares, bad) = squares(grad, part, parts);
            (out[0], out[1]) = (squares as f32, bad as f32);
        });
    };
    if n >= 1 << 17 {
        let out = out.par_chunks_mut(2).with_min_len(16).enumerate();
        out.for_each(|(part, out)| part_of(part, out));
    } else {
        let out = out.chunks_mut(2).enumerate();
        out.for_each(|(part, out)| part_of(part, out));
    }
}

/// The sum of squares of a part's finite elements, and how many are not.
#[inline(always)]
fn squares(grad: &[f32], part: usize, parts: usize) -> (f64, u32) {
    let (mut sums, mut bads) = ([0f64; LANES], [0u32; LANES]);
    let mut take = |lane: usize, g: f32| {
        let finite = g.is_finite();
        let g = f64::from(if finite { g } else { 0.0 });
        sums[lane] += g * g;
        bads[lane] += u32::from(!finite);
    };
    for run in grad.chunks(64).skip(part).step_by(parts) {
        let chunks = run.chunks_exact(LANES);
        let rest = chunks.remainder().iter().enumerate();
        for chunk in chunks {
            (0..LANES).for_each(|lane| take(lane, chunk[lane]));
        }
        rest.for_each(|(lane, &g)| take(lane, g));
    }
    (sums.iter().sum(), bads.iter().sum())
}
