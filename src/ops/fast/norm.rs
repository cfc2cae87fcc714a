//! Normalisations, element by element. Those that follow each other share a group, a channel or both; so they are taken by such
//! runs, in which nothing has to be looked up. What is laid out as no recorder does is left to the twin.

use super::{for_each_chunk, is_large, scratch};
use crate::{
    kernel::Kernel,
    ops::{Normalize, masked, norm_grad, normalize, scale_channels},
};

/// Elements that a thread takes at a time, about.
const CHUNK: usize = 1 << 14;

/// Calls `f(i, run)` for every run of so many words, which begins with word `i`; on all threads if it is worth it.
fn for_each_run(words: &mut [f32], run: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let threads = is_large(6 * words.len());
    let runs = (CHUNK / run).max(1);
    for_each_chunk(words, runs * run, threads, |index, chunk| {
        for (k, part) in (index * runs..).zip(chunk.chunks_mut(run)) {
            f(k * run, part);
        }
    });
}

/// `1 / √(variance + ε)`.
#[inline(always)]
fn scale_of(variance: f32, eps: f32) -> f64 {
    1.0 / (f64::from(variance) + f64::from(eps)).sqrt()
}

/// The mean and the scale of a group, out of its statistics.
#[inline(always)]
pub(super) fn group_of(stat: &[f32], group: usize, groups: u32, eps: f32) -> [f64; 2] {
    let variance = stat[groups as usize + group];
    [stat[group].into(), scale_of(variance, eps)]
}

pub(in crate::ops) fn normalize(d: &normalize::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [size, plane, channels] = [d.size, d.plane, d.channels].map(|v| v as usize);
    let (x, stat, affine, relu) = (reads[0], reads[1], reads[2], d.relu != 0);
    let y = &mut writes[0][..d.n as usize];
    let group = |i: usize| group_of(stat, d.group(i), d.groups, d.eps);
    if plane > 1 && size.is_multiple_of(plane) {
        for_each_run(y, plane, |i, y| {
            let channel = match d.shift {
                0 => [1.0, 0.0],
                shift => [0, shift as usize].map(|at| affine[at + d.channel(i)].into()),
            };
            normalize_plane(&x[i..], group(i), channel, relu, y);
        });
    } else if size > 1 && d.shift == 0 {
        for_each_run(y, size, |i, y| {
            normalize_plane(&x[i..], group(i), [1.0, 0.0], relu, y);
        });
    } else if plane == 1 && size == 1 && d.groups == d.channels && d.shift > 0 {
        let (means, scales) = (&stat[..channels], columns(stat, channels, d.eps));
        let affine = [affine, &affine[d.shift as usize..]];
        for_each_run(y, channels, |i, y| {
            normalize_columns(&x[i..], means, &scales, affine, relu, y);
        });
    } else if plane == 1 && channels.is_multiple_of(size) && d.shift > 0 {
        for_each_run(y, size, |i, y| {
            let weight = &affine[d.channel(i)..];
            let bias = &affine[d.shift as usize + d.channel(i)..];
            normalize_row(&x[i..], group(i), [weight, bias], relu, y);
        });
    } else {
        Normalize::cpu(d, reads, writes);
    }
}

/// The scale of every column, where each is a group.
pub(super) fn columns(stat: &[f32], channels: usize, eps: f32) -> scratch::Lease<f64> {
    let mut scales = scratch::take(&scratch::SCALES, channels);
    for (scale, &variance) in scales.iter_mut().zip(&stat[channels..]) {
        *scale = scale_of(variance, eps);
    }
    scales
}

vectorised! {
    /// Of one group and one channel.
    fn normalize_plane<'a>(
        x: &'a [f32],
        group: [f64; 2],
        channel: [f64; 2],
        relu: bool,
        y: &'a mut [f32],
    ) {
        let ([mean, scale], [weight, bias]) = (group, channel);
        for (y, &x) in y.iter_mut().zip(x) {
            let v = ((f64::from(x) - mean) * scale * weight + bias) as f32;
            *y = if relu && v < 0.0 { 0.0 } else { v };
        }
    }
}

vectorised! {
    /// Of one group, a channel after the other.
    fn normalize_row<'a>(
        x: &'a [f32],
        group: [f64; 2],
        affine: [&'a [f32]; 2],
        relu: bool,
        y: &'a mut [f32],
    ) {
        let ([mean, scale], [weight, bias]) = (group, affine);
        for (((y, &x), &w), &b) in y.iter_mut().zip(x).zip(weight).zip(bias) {
            let v = ((f64::from(x) - mean) * scale * f64::from(w) + f64::from(b)) as f32;
            *y = if relu && v < 0.0 { 0.0 } else { v };
        }
    }
}

vectorised! {
    /// Of a row, where each column is a group and a channel.
    fn normalize_columns<'a>(
        x: &'a [f32],
        means: &'a [f32],
        scales: &'a [f64],
        affine: [&'a [f32]; 2],
        relu: bool,
        y: &'a mut [f32],
    ) {
        let affine = affine[0].iter().zip(affine[1]);
        let columns = means.iter().zip(scales).zip(affine);
        for ((y, &x), ((&mean, &scale), (&w, &b))) in y.iter_mut().zip(x).zip(columns) {
            let v = (f64::from(x) - f64::from(mean)) * scale;
            let v = (v * f64::from(w) + f64::from(b)) as f32;
            *y = if relu && v < 0.0 { 0.0 } else { v };
        }
    }
}

pub(in crate::ops) fn norm_grad(d: &norm_grad::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (size, n) = (d.size as usize, d.n as usize);
    if size == 1 {
        let numbers = reads[2].as_chunks().0;
        for_each_run(&mut writes[0][..n], d.groups as usize, |i, dx| {
            norm_grad_columns(&reads[0][i..], &reads[1][i..], numbers, d.mask != 0, dx);
        });
        return;
    }
    for_each_run(&mut writes[0][..n], size, |i, dx| {
        let group = i / size % d.groups as usize;
        let numbers = [0, 1, 2, 3].map(|k| reads[2][4 * group + k].into());
        norm_grad_run(&reads[0][i..], &reads[1][i..], numbers, d.mask != 0, dx);
    });
}

/// The gradient of an element, out of the numbers of its group.
#[inline(always)]
fn gradient([x, dy]: [f32; 2], [scale, mean, plain, products]: [f64; 4], mask: bool) -> f32 {
    let v = scale * (f64::from(dy) - plain - (f64::from(x) - mean) * products);
    if mask { masked(x, v as f32) } else { v as f32 }
}

vectorised! {
    /// Of one group.
    fn norm_grad_run<'a>(
        x: &'a [f32],
        dy: &'a [f32],
        numbers: [f64; 4],
        mask: bool,
        dx: &'a mut [f32],
    ) {
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = gradient([x, dy], numbers, mask);
        }
    }
}

vectorised! {
    /// Of a row, where each column is a group.
    fn norm_grad_columns<'a>(
        x: &'a [f32],
        dy: &'a [f32],
        numbers: &'a [[f32; 4]],
        mask: bool,
        dx: &'a mut [f32],
    ) {
        for (((dx, &x), &dy), numbers) in dx.iter_mut().zip(x).zip(dy).zip(numbers) {
            *dx = gradient([x, dy], numbers.map(f64::from), mask);
        }
    }
}

pub(in crate::ops) fn scale_channels(
    d: &scale_channels::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let [n, plane, channels] = [d.n, d.plane, d.channels].map(|v| v as usize);
    let (x, weight, y) = (reads[0], reads[1], &mut writes[0][..n]);
    match plane {
        1 => for_each_run(y, channels, |i, y| scale_columns(&x[i..], weight, y)),
        _ => for_each_run(y, plane, |i, y| {
            scale_run(&x[i..], weight[i / plane % channels], y);
        }),
    }
}

vectorised! {
    fn scale_run<'a>(x: &'a [f32], weight: f32, y: &'a mut [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * weight;
        }
    }
}

vectorised! {
    fn scale_columns<'a>(x: &'a [f32], weight: &'a [f32], y: &'a mut [f32]) {
        for ((y, &x), &weight) in y.iter_mut().zip(x).zip(weight) {
            *y = x * weight;
        }
    }
}
