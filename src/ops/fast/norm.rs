//! Normalisation, on all threads.

use super::{for_each_chunk, is_large};
use crate::ops::{
    norm_grad,
    normalize::{self, scales},
};

/// Elements that a thread takes at a time.
const CHUNK: usize = 1 << 14;

pub(in crate::ops) fn normalize(d: &normalize::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let n = d.n as usize;
    let scale = scales(reads[1], d.groups, d.eps);
    let (x, mean, affine) = (reads[0], reads[1], reads[2]);
    for_each_chunk(&mut writes[0][..n], CHUNK, is_large(6 * n), |index, y| {
        let first = index * CHUNK;
        for (i, y) in (first..).zip(y) {
            *y = normalize::value(d, &scale, [x[i], mean[d.group(i)]], affine, i);
        }
    });
}

pub(in crate::ops) fn norm_grad(d: &norm_grad::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let n = d.n as usize;
    for_each_chunk(&mut writes[0][..n], CHUNK, is_large(6 * n), |index, dx| {
        for (i, dx) in (index * CHUNK..).zip(dx) {
            *dx = d.value([reads[0][i], reads[1][i]], reads[2], i);
        }
    });
}
