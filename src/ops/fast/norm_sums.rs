//! The statistics of normalisations and the sums of their backward pass. Channels are added up by runs, and the columns
//! of a matrix row by row: see [`norm`](super::norm).

use rayon::prelude::*;

use super::{
    is_large,
    norm::{columns, group_of},
    scratch,
    sums::{LANES, add_rows, run_sum},
};
use crate::{
    kernel::Kernel,
    ops::{NormSums, moments, norm_sums},
};

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
    } else if plane == 1 && channels.is_multiple_of(size) {
        let by_column = size == 1 && d.groups == d.channels;
        let scales = by_column.then(|| columns(stat, channels, d.eps));
        let mut totals = scratch::take(&scratch::TOTALS, 2 * channels);
        totals.fill(0.0);
        let (by_product, by_dy) = totals.split_at_mut(channels);
        let run = if by_column { channels } else { size };
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
