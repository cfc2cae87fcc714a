//! The weight gradient: dot products of planes of `dy` with runs of the unrolled input.
//!
//! Images are split into [`PARTS`], however many threads there are: each part is summed in order,
//! then the parts are.

use pulp::{Arch, Simd, WithSimd};

use super::{Columns, Sizes};
use crate::ops::{
    channel_sum,
    conv2d::Dims,
    fast::{self, copy::COPY, dots::Dots, for_each_chunk, is_large, scratch, tile::Finish},
};

/// See the module.
const PARTS: usize = 8;

/// Words of unrolled input that are summed over at once, to stay in the second-level cache.
const WORDS: usize = 1 << 17;

pub(in crate::ops) fn conv2d_dw(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (s, images) = (Sizes::of(d), d.n as usize);
    let words = d.o as usize * s.k;
    let parts = images.div_ceil(images.div_ceil(PARTS));
    let large = is_large(images * words * s.p);
    let columns = Columns::forward(d);
    let mut offsets = scratch::take(&scratch::OFFSETS, s.k);
    columns.offsets(&mut offsets);
    let (offsets, columns, s) = (&*offsets, &columns, &s);
    let [dy, x] = [reads[0], reads[1]];
    let mut sums = scratch::take(&scratch::PARTS, parts * words);
    for_each_chunk(&mut sums, words, large, |part, dw| {
        let (first, end) = (part * images / parts, (part + 1) * images / parts);
        Arch::new().dispatch(Part {
            d,
            s,
            columns,
            offsets,
            images: [first, end],
            dy,
            x,
            dw,
        });
    });
    let (first, rest) = sums.split_at(words);
    writes[0][..words].copy_from_slice(first);
    for part in rest.chunks(words) {
        let sums = writes[0][..words].iter_mut().zip(part);
        sums.for_each(|(sum, w)| *sum += w);
    }
    if d.sums != 0 {
        let dims = channel_sum::Dims {
            rows: d.n,
            channels: d.o,
            plane: d.oh * d.ow,
        };
        let sums = &mut writes[0][d.sums as usize..];
        fast::channel_sum(&dims, &reads[..1], &mut [sums]);
    }
}

/// Some images.
struct Part<'a> {
    d: &'a Dims,
    s: &'a Sizes,
    columns: &'a Columns,
    offsets: &'a [usize],
    images: [usize; 2],
    dy: &'a [f32],
    x: &'a [f32],
    dw: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Part {
            d,
            s,
            columns,
            offsets,
            images: [first, end],
            dy,
            x,
            dw,
        } = self;
        let words = columns.words();
        let at_once = (WORDS / words).clamp(1, end - first);
        dw.fill(0.0);
        let mut unrolled = scratch::take(&scratch::COLUMNS, at_once * words + COPY);
        for n in (first..end).step_by(at_once) {
            let images = at_once.min(end - n);
            for (group, dw) in dw.chunks_mut(s.o * s.k).enumerate().take(d.groups as usize) {
                for i in 0..images {
                    let x = &x[(n + i) * s.x + group * s.group_x..];
                    columns.fill(x, &mut unrolled[i * words..]);
                }
                let dots = Dots {
                    left: &dy[n * s.y + group * s.o * s.p..],
                    left_image: s.y,
                    right: &unrolled,
                    right_image: words,
                    images,
                    offsets,
                    len: s.p,
                };
                let finish = Finish {
                    add: true,
                    flags: 0,
                    bias_by_row: true,
                    e: &[],
                };
                dots.run(simd, s.o, &finish, dw);
            }
        }
    }
}
