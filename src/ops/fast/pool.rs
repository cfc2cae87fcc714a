//! Poolings plane by plane. Windows of 2×2 that tile their input have loops of their own, which the
//! compiler makes vectors of.

use pulp::Arch;
use rayon::prelude::*;

use super::for_each_chunk;
use crate::ops::{masked, max_pool2d::Dims};

/// Planes that are worth a thread together.
const PLANES: usize = 16;

/// Whether windows are 2×2 and touch neither each other nor the edges.
fn is_plain_2x2(d: &Dims) -> bool {
    let two = [d.kh, d.kw, d.stride_h, d.stride_w] == [2; 4];
    two && [d.padding_h, d.padding_w] == [0; 2] && 2 * d.oh <= d.h && 2 * d.ow <= d.w
}

/// Whether so many elements are worth waking a thread for.
fn is_large(d: &Dims) -> bool {
    d.words()[0] >= 1 << 15
}

/// Calls `f(plane, its chunk)` for every plane of `words`.
fn for_each_plane(d: &Dims, words: &mut [f32], f: impl Fn(usize, &mut [f32]) + Sync) {
    let plane = words.len() / d.planes as usize;
    for_each_chunk(words, plane * PLANES, is_large(d), |i, words| {
        let planes = words.chunks_exact_mut(plane).enumerate();
        planes.for_each(|(j, words)| f(i * PLANES + j, words));
    });
}

pub(in crate::ops) fn max_pool2d(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (input, output) = ((d.h * d.w) as usize, (d.oh * d.ow) as usize);
    let [y, index] = writes else {
        unreachable!("max_pool2d writes two arguments")
    };
    let words = d.planes as usize * output;
    let (y, index) = (&mut y[..words], &mut index[..words]);
    let some = |first: usize, y: &mut [f32], index: &mut [f32]| {
        let outputs = y
            .chunks_exact_mut(output)
            .zip(index.chunks_exact_mut(output));
        let inputs = reads[0][first * input..].chunks_exact(input);
        for ((y, index), x) in outputs.zip(inputs) {
            if is_plain_2x2(d) {
                Arch::new().dispatch(|| max_2x2(d, x, y, index));
            } else {
                max_of_windows(d, x, y, index);
            }
        }
    };
    if is_large(d) {
        let chunk = PLANES * output;
        let outputs = y.par_chunks_mut(chunk).zip(index.par_chunks_mut(chunk));
        let outputs = outputs.enumerate();
        outputs.for_each(|(i, (y, index))| some(i * PLANES, y, index));
    } else {
        some(0, y, index);
    }
}

fn max_of_windows(d: &Dims, x: &[f32], y: &mut [f32], index: &mut [f32]) {
    for oy in 0..d.oh {
        for ox in 0..d.ow {
            let [rows, cols] = d.window(oy, ox);
            let first = rows.start * d.w + cols.start;
            let (mut best, mut best_at) = (x[first as usize], first);
            for iy in rows {
                for i in iy * d.w + cols.start..iy * d.w + cols.end {
                    let v = x[i as usize];
                    if v > best || v.is_nan() {
                        (best, best_at) = (v, i);
                    }
                }
            }
            let at = (oy * d.ow + ox) as usize;
            (y[at], index[at]) = (best, f32::from_bits(best_at));
        }
    }
}

#[inline(always)]
fn max_2x2(d: &Dims, x: &[f32], y: &mut [f32], index: &mut [f32]) {
    let (w, ow) = (d.w as usize, d.ow as usize);
    let outputs = y.chunks_exact_mut(ow).zip(index.chunks_exact_mut(ow));
    for ((y, index), (first, x)) in outputs.zip((0u32..).step_by(2 * w).zip(x.chunks(2 * w))) {
        let (upper, lower) = x.split_at(w);
        let windows = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        let outputs = y.iter_mut().zip(index);
        for (((y, index), (upper, lower)), at) in outputs.zip(windows).zip((first..).step_by(2)) {
            let (mut best, mut best_at) = (upper[0], at);
            for (v, at) in [
                (upper[1], at + 1),
                (lower[0], at + d.w),
                (lower[1], at + d.w + 1),
            ] {
                // Without branches.
                let wins = (v > best) | v.is_nan();
                best = if wins { v } else { best };
                best_at = if wins { at } else { best_at };
            }
            (*y, *index) = (best, f32::from_bits(best_at));
        }
    }
}

pub(in crate::ops) fn max_pool2d_grad(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (input, output) = ((d.h * d.w) as usize, (d.oh * d.ow) as usize);
    let dx = &mut writes[0][..d.planes as usize * input];
    for_each_plane(d, dx, |plane, dx| {
        let dy = &reads[0][plane * output..][..output];
        let index = &reads[1][plane * output..][..output];
        let y = (d.mask != 0).then(|| &reads[2][plane * input..][..input]);
        if is_plain_2x2(d) {
            Arch::new().dispatch(|| spread_2x2(d, dy, index, dx));
        } else {
            dx.fill(0.0);
            for (dy, index) in dy.iter().zip(index) {
                dx[index.to_bits() as usize] += dy;
            }
        }
        if let Some(y) = y {
            mask(y, dx);
        }
    });
}

/// Every element of a window is its gradient or zero.
#[inline(always)]
fn spread_2x2(d: &Dims, dy: &[f32], index: &[f32], dx: &mut [f32]) {
    let (w, ow) = (d.w as usize, d.ow as usize);
    let rows = dy.chunks_exact(ow).zip(index.chunks_exact(ow));
    for ((dy, index), (first, dx)) in rows.zip((0u32..).step_by(2 * w).zip(dx.chunks_mut(2 * w))) {
        for (row, dx) in (first..).step_by(w).zip(dx.chunks_exact_mut(w)) {
            let windows = dx.chunks_exact_mut(2).zip(dy.iter().zip(index));
            for ((dx, (&dy, index)), at) in windows.zip((row..).step_by(2)) {
                let index = index.to_bits();
                dx[0] = if index == at { dy } else { 0.0 };
                dx[1] = if index == at + 1 { dy } else { 0.0 };
            }
            dx[2 * ow..].fill(0.0);
        }
    }
    dx[2 * d.oh as usize * w..].fill(0.0);
}

/// Zeroes `dx` where the ReLU's output `y` is not positive.
fn mask(y: &[f32], dx: &mut [f32]) {
    Arch::new().dispatch(|| {
        let dx = dx.iter_mut().zip(y);
        dx.for_each(|(dx, &y)| *dx = masked(y, *dx));
    });
}

pub(in crate::ops) fn avg_pool2d(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [input, output] = [d.h * d.w, d.oh * d.ow].map(|v| v as usize);
    let y = &mut writes[0][..d.planes as usize * output];
    for_each_plane(d, y, |plane, y| {
        let x = &reads[0][plane * input..][..input];
        for_each_window(d, |at, rows, cols, divisor| {
            let mut sum = 0f64;
            for row in x.chunks_exact(d.w as usize).take(rows.end).skip(rows.start) {
                sum += row[cols.clone()].iter().map(|&x| f64::from(x)).sum::<f64>();
            }
            y[at] = (sum / f64::from(divisor)) as f32;
        });
    });
}

pub(in crate::ops) fn avg_pool2d_grad(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [input, output] = [d.h * d.w, d.oh * d.ow].map(|v| v as usize);
    let dx = &mut writes[0][..d.planes as usize * input];
    for_each_plane(d, dx, |plane, dx| {
        let dy = &reads[0][plane * output..][..output];
        dx.fill(0.0);
        for_each_window(d, |at, rows, cols, divisor| {
            let share = dy[at] / divisor as f32;
            for row in dx
                .chunks_exact_mut(d.w as usize)
                .take(rows.end)
                .skip(rows.start)
            {
                row[cols.clone()].iter_mut().for_each(|dx| *dx += share);
            }
        });
        if d.mask != 0 {
            mask(&reads[1][plane * input..][..input], dx);
        }
    });
}

/// Calls `f(output, rows, columns, divisor)` for every window of a plane.
fn for_each_window(
    d: &Dims,
    mut f: impl FnMut(usize, std::ops::Range<usize>, std::ops::Range<usize>, u32),
) {
    let outputs = (0..d.oh).flat_map(|oy| (0..d.ow).map(move |ox| (oy, ox)));
    for (at, (oy, ox)) in outputs.enumerate() {
        let [rows, cols] = d.window(oy, ox);
        let range = |r: std::ops::Range<u32>| r.start as usize..r.end as usize;
        f(at, range(rows), range(cols), d.divisor(oy, ox));
    }
}
