//! Poolings plane by plane, and sums channel by channel.

use rayon::prelude::*;

use super::super::{channel_sum, masked, max_pool2d::Dims};

/// Planes that are worth a thread together.
const PLANES: usize = 16;

pub(in crate::ops) fn max_pool2d(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (input, output) = ((d.h * d.w) as usize, (d.oh * d.ow) as usize);
    let [y, index] = writes else {
        unreachable!("max_pool2d writes two arguments")
    };
    let planes = d.planes as usize * output;
    let outputs = y[..planes]
        .par_chunks_mut(output)
        .zip(index[..planes].par_chunks_mut(output));
    let inputs = reads[0][..d.planes as usize * input].par_chunks(input);
    outputs
        .zip(inputs)
        .with_min_len(PLANES)
        .for_each(|((y, index), x)| {
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
        });
}

pub(in crate::ops) fn max_pool2d_grad(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (input, output) = ((d.h * d.w) as usize, (d.oh * d.ow) as usize);
    let planes = writes[0][..d.planes as usize * input]
        .par_chunks_mut(input)
        .with_min_len(PLANES);
    planes.enumerate().for_each(|(plane, dx)| {
        dx.fill(0.0);
        let from = plane * output..(plane + 1) * output;
        for (dy, index) in reads[0][from.clone()].iter().zip(&reads[1][from]) {
            dx[index.to_bits() as usize] += dy;
        }
        if d.mask != 0 {
            let y = &reads[2][plane * input..][..input];
            dx.iter_mut()
                .zip(y)
                .for_each(|(dx, &y)| *dx = masked(y, *dx));
        }
    });
}

pub(in crate::ops) fn channel_sum(
    d: &channel_sum::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(|v| v as usize);
    let dy = &reads[0][..rows * channels * plane];
    let sums = &mut writes[0][..channels];
    if plane == 1 {
        let mut totals = vec![0f64; channels];
        for row in dy.chunks(channels) {
            totals
                .iter_mut()
                .zip(row)
                .for_each(|(sum, &v)| *sum += f64::from(v));
        }
        sums.iter_mut()
            .zip(totals)
            .for_each(|(sum, total)| *sum = total as f32);
        return;
    }
    sums.par_iter_mut().enumerate().for_each(|(channel, sum)| {
        let runs = dy.chunks(plane).skip(channel).step_by(channels);
        *sum = runs.map(total).sum::<f64>() as f32;
    });
}

/// The sum of a run in eight lanes, which the compiler makes one vector of.
fn total(run: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    let chunks = run.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&v| f64::from(v)).sum();
    for chunk in chunks {
        lanes
            .iter_mut()
            .zip(chunk)
            .for_each(|(lane, &v)| *lane += f64::from(v));
    }
    lanes.iter().sum::<f64>() + rest
}
