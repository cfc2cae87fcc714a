//! A batch of images, decoded channel by channel, changed line by line.

use super::for_each_chunk;
use crate::ops::{
    as_integers,
    augment_bytes::{self, Picture},
    gather_bytes::Dims,
    hyper,
};

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

pub(in crate::ops) fn augment_bytes(
    d: &augment_bytes::Dims,
    reads: &[&[f32]],
    writes: &mut [&mut [f32]],
) {
    let [rows, channels, h, w] = [d.rows, d.channels, d.h, d.w].map(|v| v as usize);
    let hyper = hyper(reads[0]);
    let order = &as_integers(reads[1])[hyper.cursor as usize..];
    let bytes = bytemuck::cast_slice::<f32, u8>(reads[2]);
    let (tables, sizes) = reads[3].split_at(channels * 256);
    let sample = channels * h * w;
    let batch = &mut writes[0][..rows * sample];
    let large = batch.len() >= 1 << 16;
    for_each_chunk(batch, sample, large, |row, to| {
        let picture = Picture::of(d, hyper.picture_key, order[row], as_integers(sizes));
        let from = &bytes[order[row] as usize * sample..][..sample];
        let planes = to.chunks_exact_mut(h * w).zip(from.chunks_exact(h * w));
        for ((to, from), table) in planes.zip(tables.chunks_exact(256)) {
            for (y, to) in to.chunks_exact_mut(w).enumerate() {
                let line = (y + picture.crop[0] as usize).checked_sub(d.padding_h as usize);
                let line = line.filter(|&y| y < h).map(|y| &from[y * w..][..w]);
                change_line(to, line, table, &picture, d.padding_w as usize);
            }
            if let Some([top, left, high, wide]) = picture.erase {
                for line in to
                    .chunks_exact_mut(w)
                    .skip(top as usize)
                    .take(high as usize)
                {
                    line[left as usize..][..wide as usize].fill(table[0]);
                }
            }
        }
    });
}

/// A line of a picture from the image's, if there is one: black, pixels, black, and all of it
/// backwards if it is mirrored.
fn change_line(
    to: &mut [f32],
    from: Option<&[u8]>,
    table: &[f32],
    picture: &Picture,
    padding: usize,
) {
    let (w, crop) = (to.len(), picture.crop[1] as usize);
    let before = padding.saturating_sub(crop).min(w);
    let skipped = crop.saturating_sub(padding);
    to.fill(table[0]);
    if let Some(from) = from.filter(|_| before < w && skipped < w) {
        let pixels = to[before..].iter_mut().zip(&from[skipped..]);
        pixels.for_each(|(y, &byte)| *y = table[usize::from(byte)]);
    }
    if picture.flip {
        to.reverse();
    }
}
