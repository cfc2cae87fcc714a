//! Normalisations. Elements that follow each other share a group, a channel or both; so they are taken by such
//! runs, in which nothing has to be looked up. What is laid out as no recorder does is left to the twin.

use rayon::prelude::*;

use super::{
    for_each_chunk, is_large, scratch,
    sums::{LANES, add_rows, run_sum},
};
use crate::{
    kernel::Kernel,
    ops::{NormSums, Normalize, masked, moments, norm_grad, norm_sums, normalize, scale_channels},
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
fn group_of(stat: &[f32], group: usize, groups: u32, eps: f32) -> [f64; 2] {
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
    } else if plane == 1 && size > 1 && channels.is_multiple_of(size) {
        for_each_run(y, size, |i, y| {
            let weight = &affine[d.channel(i)..];
            let bias = &affine[d.shift as usize + d.channel(i)..];
            normalize_row(&x[i..], group(i), [weight, bias], relu, y);
        });
    } else if plane == 1 && size == 1 && d.shift > 0 {
        let (means, scales) = (&stat[..channels], columns(stat, channels, d.eps));
        let affine = [affine, &affine[d.shift as usize..]];
        for_each_run(y, channels, |i, y| {
            normalize_columns(&x[i..], means, &scales, affine, relu, y);
        });
    } else {
        Normalize::cpu(d, reads, writes);
    }
}

/// The scale of every column, where each is a group.
fn columns(stat: &[f32], channels: usize, eps: f32) -> scratch::Lease<f64> {
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

pub(in crate::ops) fn moments(d: &moments::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(|v| v as usize);
    let x = &reads[0][..rows * channels * plane];
    let (means, variances) = writes[0].split_at_mut(channels);
    if plane == 1 {
        return column_moments(x, means, variances);
    }
    let of = |(channel, (mean, variance)): (usize, (&mut f32, &mut f32))| {
        let runs = || x.chunks(plane).skip(channel).step_by(channels);
        let elements = (rows * plane) as f64;
        let mut total = 0.0;
        runs().for_each(|run| sum(run, &mut total));
        let center = total / elements;
        let mut total = 0.0;
        runs().for_each(|run| squares_around(run, center, &mut total));
        (*mean, *variance) = (center as f32, (total / elements) as f32);
    };
    if is_large(4 * x.len()) {
        let all = means.par_iter_mut().zip(&mut variances[..channels]);
        all.enumerate().for_each(of);
    } else {
        let all = means.iter_mut().zip(variances);
        all.enumerate().for_each(of);
    }
}

/// Of the columns of a matrix.
fn column_moments(x: &[f32], means: &mut [f32], variances: &mut [f32]) {
    let channels = means.len();
    let rows = (x.len() / channels) as f64;
    let mut totals = scratch::take(&scratch::TOTALS, channels);
    let mut centers = scratch::take(&scratch::SCALES, channels);
    add_rows(x, &mut centers);
    centers.iter_mut().for_each(|center| *center /= rows);
    totals.fill(0.0);
    for row in x.chunks(channels) {
        add_squares(row, &centers, &mut totals);
    }
    for (c, (center, total)) in centers.iter().zip(totals.iter()).enumerate() {
        means[c] = *center as f32;
        variances[c] = (total / rows) as f32;
    }
}

vectorised! {
    fn add_squares<'a>(row: &'a [f32], centers: &'a [f64], totals: &'a mut [f64]) {
        for ((total, center), &x) in totals.iter_mut().zip(centers).zip(row) {
            let off = f64::from(x) - center;
            *total += off * off;
        }
    }
}

vectorised! {
    fn sum<'a>(run: &'a [f32], total: &'a mut f64) {
        *total += run_sum(run);
    }
}

vectorised! {
    /// Adds `Σ (x − center)²`.
    fn squares_around<'a>(run: &'a [f32], center: f64, total: &'a mut f64) {
        let mut lanes = [0f64; LANES];
        let (chunks, rest) = run.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                let off = f64::from(x) - center;
                *lane += off * off;
            }
        }
        let rest = rest.iter().map(|&x| (f64::from(x) - center).powi(2));
        *total += lanes.iter().sum::<f64>() + rest.sum::<f64>();
    }
}

pub(in crate::ops) fn norm_sums(d: &norm_sums::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [rows, channels, plane, size] = [d.rows, d.channels, d.plane, d.size].map(|v| v as usize);
    let (x, stat, dy) = (reads[0], reads[1], reads[2]);
    let (products, plain) = writes[0].split_at_mut(d.shift as usize);
    let group = |i: usize| group_of(stat, i / size % d.groups as usize, d.groups, d.eps);
    if plane > 1 && size.is_multiple_of(plane) {
        let of = |(channel, (product, plain)): (usize, (&mut f32, &mut f32))| {
            let mut totals = [0.0; 2];
            for row in 0..rows {
                let i = (row * channels + channel) * plane;
                add_products(&x[i..][..plane], &dy[i..][..plane], group(i), &mut totals);
            }
            [*product, *plain] = totals.map(|total| total as f32);
        };
        let (products, plain) = (&mut products[..channels], &mut plain[..channels]);
        if is_large(6 * rows * channels * plane) {
            let all = products.par_iter_mut().zip(plain);
            all.enumerate().for_each(of);
        } else {
            let all = products.iter_mut().zip(plain);
            all.enumerate().for_each(of);
        }
    } else if plane == 1 && (size == 1 || channels.is_multiple_of(size)) {
        let scales = (size == 1).then(|| columns(stat, channels, d.eps));
        let mut totals = scratch::take(&scratch::TOTALS, 2 * channels);
        totals.fill(0.0);
        let (by_product, by_dy) = totals.split_at_mut(channels);
        let run = if size == 1 { channels } else { size };
        for i in (0..rows * channels).step_by(run) {
            let at = i % channels..i % channels + run;
            let totals = [&mut by_product[at.clone()], &mut by_dy[at]];
            match &scales {
                Some(scales) => add_columns(&x[i..], &dy[i..], stat, scales, totals),
                None => add_row(&x[i..], &dy[i..], group(i), totals),
            }
        }
        for (sums, totals) in [(products, by_product), (plain, by_dy)] {
            let pairs = sums.iter_mut().zip(totals);
            pairs.for_each(|(sum, total)| *sum = *total as f32);
        }
    } else {
        NormSums::cpu(d, reads, writes);
    }
}

vectorised! {
    /// Adds `Σ dy · x̂` and `Σ dy` of one group.
    fn add_products<'a>(
        x: &'a [f32],
        dy: &'a [f32],
        group: [f64; 2],
        totals: &'a mut [f64; 2],
    ) {
        let [mean, scale] = group;
        let product = |x: f32, dy: f32| f64::from(dy) * ((f64::from(x) - mean) * scale);
        let mut lanes = [[0f64; LANES]; 2];
        let (xs, x_rest) = x.as_chunks::<LANES>();
        let (dys, dy_rest) = dy.as_chunks::<LANES>();
        for (x, dy) in xs.iter().zip(dys) {
            for k in 0..LANES {
                lanes[0][k] += product(x[k], dy[k]);
                lanes[1][k] += f64::from(dy[k]);
            }
        }
        let mut sums = lanes.map(|lanes| lanes.iter().sum::<f64>());
        for (&x, &dy) in x_rest.iter().zip(dy_rest) {
            sums[0] += product(x, dy);
            sums[1] += f64::from(dy);
        }
        totals[0] += sums[0];
        totals[1] += sums[1];
    }
}

vectorised! {
    /// Adds `dy · x̂` and `dy` of one group to those of the channels, which follow each other.
    fn add_row<'a>(
        x: &'a [f32],
        dy: &'a [f32],
        group: [f64; 2],
        totals: [&'a mut [f64]; 2],
    ) {
        let ([mean, scale], [products, plain]) = (group, totals);
        let sums = products.iter_mut().zip(plain);
        for (((product, plain), &x), &dy) in sums.zip(x).zip(dy) {
            *product += f64::from(dy) * ((f64::from(x) - mean) * scale);
            *plain += f64::from(dy);
        }
    }
}

vectorised! {
    /// The same of a row, where each column is a group.
    fn add_columns<'a>(
        x: &'a [f32],
        dy: &'a [f32],
        means: &'a [f32],
        scales: &'a [f64],
        totals: [&'a mut [f64]; 2],
    ) {
        let [products, plain] = totals;
        let sums = products.iter_mut().zip(plain);
        let columns = means.iter().zip(scales);
        for ((((product, plain), (&mean, scale)), &x), &dy) in sums.zip(columns).zip(x).zip(dy) {
            *product += f64::from(dy) * ((f64::from(x) - f64::from(mean)) * scale);
            *plain += f64::from(dy);
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
