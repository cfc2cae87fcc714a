//! Poolings, some planes at a time.

use rayon::prelude::*;

use super::{for_each_chunk, pool2x2};
use crate::ops::{masked, max_pool2d::Dims};

/// Planes that are worth a thread together.
const PLANES: usize = 16;

/// Whether so many elements are worth waking a thread for.
fn is_large(d: &Dims) -> bool {
    d.words()[0] >= 1 << 15
}

/// Calls `f(first plane, their chunk)` for some planes of `words` at a time.
fn for_each_planes(d: &Dims, words: &mut [f32], f: impl Fn(usize, &mut [f32]) + Sync) {
    let chunk = words.len() / d.planes as usize * PLANES;
    for_each_chunk(words, chunk, is_large(d), |i, words| f(i * PLANES, words));
}

/// Calls `f(plane, its chunk)` for every plane of `words`.
fn for_each_plane(d: &Dims, words: &mut [f32], f: impl Fn(usize, &mut [f32]) + Sync) {
    let plane = words.len() / d.planes as usize;
    for_each_planes(d, words, |first, words| {
        let planes = words.chunks_exact_mut(plane).zip(first..);
        planes.for_each(|(words, plane)| f(plane, words));
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
        let x = &reads[0][first * input..d.planes as usize * input];
        if pool2x2::fits(d) {
            return pool2x2::forward(d, x, y, index);
        }
        let outputs = y
            .chunks_exact_mut(output)
            .zip(index.chunks_exact_mut(output));
        let planes = outputs.zip(x.chunks_exact(input));
        planes.for_each(|((y, index), x)| max_of_windows(d, x, y, index));
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

pub(in crate::ops) fn max_pool2d_grad(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (input, output) = ((d.h * d.w) as usize, (d.oh * d.ow) as usize);
    let disjoint = d.stride_h >= d.kh && d.stride_w >= d.kw;
    let dx = &mut writes[0][..d.planes as usize * input];
    for_each_plane(d, dx, |plane, dx| {
        let [dy, index] = [reads[0], reads[1]].map(|r| &r[plane * output..][..output]);
        let y = (d.mask != 0).then(|| &reads[2][plane * input..][..input]);
        dx.fill(0.0);
        let maxima = dy.iter().zip(index.iter().map(|at| at.to_bits() as usize));
        match y {
            Some(y) if disjoint => maxima.for_each(|(&dy, at)| dx[at] = masked(y[at], dy)),
            None if disjoint => maxima.for_each(|(&dy, at)| dx[at] = dy),
            _ => maxima.for_each(|(&dy, at)| dx[at] += dy),
        }
        if let (Some(y), false) = (y, disjoint) {
            mask(y, dx);
        }
    });
}

vectorised! {
    /// Zeroes `dx` where the ReLU's output `y` is not positive.
    fn mask<'a>(y: &'a [f32], dx: &'a mut [f32]) {
        for (dx, &y) in dx.iter_mut().zip(y) {
            *dx = masked(y, *dx);
        }
    }
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
