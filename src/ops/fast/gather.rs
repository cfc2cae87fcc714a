//! A batch of images, decoded channel by channel.

use super::for_each_chunk;
use crate::ops::{as_integers, gather_bytes::Dims, hyper};

pub(in crate::ops) fn gather_bytes(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(|v| v as usize);
    let cursor = hyper(reads[0]).cursor as usize;
    let order = &as_integers(reads[1])[cursor..];
    let bytes = bytemuck::cast_slice::<f32, u8>(reads[2]);
    let sample = channels * plane;
    let batch = &mut writes[0][..rows * sample];
    let large = batch.len() >= 1 << 16;
    for_each_chunk(batch, sample, large, |row, to| {
        let from = &bytes[order[row] as usize * sample..][..sample];
        let planes = to.chunks_exact_mut(plane).zip(from.chunks_exact(plane));
        for ((to, from), table) in planes.zip(reads[3].chunks_exact(256)) {
            let to = to.iter_mut().zip(from);
            to.for_each(|(y, &byte)| *y = table[usize::from(byte)]);
        }
    });
}
