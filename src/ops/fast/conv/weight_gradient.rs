//! The weight gradient: dot products of planes of `dy` with runs of the unrolled input, several
//! of both at a time, so that each vector that is loaded is used more than once.
//!
//! Images are split into [`PARTS`], however many threads there are: each part is summed in order,
//! then the parts are.

use pulp::{Arch, Simd, WithSimd};

use super::{Columns, Sizes};
use crate::ops::{
    channel_sum,
    conv2d::Dims,
    fast::{
        self, for_each_chunk, is_large, scratch,
        tile::{load, pieces},
    },
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
    scratch::with(&scratch::OFFSETS, s.k, |offsets| {
        columns.offsets(offsets);
        let (offsets, columns, s) = (&*offsets, &columns, &s);
        let [dy, x] = [reads[0], reads[1]];
        scratch::with(&scratch::PARTS, parts * words, |sums| {
            for_each_chunk(sums, words, large, |part, dw| {
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
        });
    });
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
        scratch::with(&scratch::COLUMNS, at_once * words, |unrolled| {
            for n in (first..end).step_by(at_once) {
                let images = at_once.min(end - n);
                for (group, dw) in dw.chunks_mut(s.o * s.k).enumerate().take(d.groups as usize) {
                    for (i, to) in unrolled.chunks_mut(words).enumerate().take(images) {
                        columns.fill(&x[(n + i) * s.x + group * s.group_x..], to);
                    }
                    let dots = Dots {
                        dy: &dy[n * s.y + group * s.o * s.p..],
                        dy_image: s.y,
                        x: unrolled,
                        x_image: words,
                        images,
                        offsets,
                        pixels: s.p,
                    };
                    dots.run(simd, s.o, dw);
                }
            }
        });
    }
}

/// Planes of `dy` (rows) and runs of `x` (terms).
struct Dots<'a> {
    dy: &'a [f32],
    /// Words from one image to the next.
    dy_image: usize,
    x: &'a [f32],
    x_image: usize,
    images: usize,
    offsets: &'a [usize],
    pixels: usize,
}

impl Dots<'_> {
    /// Adds all dot products to `dw`, `[rows, terms]`.
    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, rows: usize, dw: &mut [f32]) {
        let [most_rows, most_terms] = if S::REGISTER_COUNT >= 32 {
            [4, 6]
        } else {
            [3, 4]
        };
        for (term, terms) in pieces(self.offsets.len(), most_terms) {
            for (row, rows) in pieces(rows, most_rows) {
                macro_rules! by_size {
                    ($($rows:literal: $($terms:literal)*;)*) => {
                        match (rows, terms) {
                            $($(($rows, $terms) => {
                                simd.vectorize(Tile::<$rows, $terms>(self, row, term, dw))
                            })*)*
                            _ => unreachable!("no tile is {rows}×{terms}"),
                        }
                    };
                }
                by_size! {
                    1: 1 2 3 4 5 6;
                    2: 1 2 3 4 5 6;
                    3: 1 2 3 4 5 6;
                    4: 1 2 3 4 5 6;
                }
            }
        }
    }
}

/// The products of a few rows, from one on, with a few terms.
struct Tile<'a, const ROWS: usize, const TERMS: usize>(&'a Dots<'a>, usize, usize, &'a mut [f32]);

impl<const ROWS: usize, const TERMS: usize> WithSimd for Tile<'_, ROWS, TERMS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tile(dots, row, term, dw) = self;
        let pixels = dots.pixels;
        let mut sums = [[simd.splat_f32s(0.0); TERMS]; ROWS];
        for n in 0..dots.images {
            let (mut dys, mut xs) = ([&[][..]; ROWS], [&[][..]; TERMS]);
            for (i, dy) in dys.iter_mut().enumerate() {
                *dy = &dots.dy[n * dots.dy_image + (row + i) * pixels..][..pixels];
            }
            for (x, offset) in xs.iter_mut().zip(&dots.offsets[term..][..TERMS]) {
                *x = &dots.x[n * dots.x_image + offset..][..pixels];
            }
            // Plain loops: closures over arrays of vectors are not always inlined.
            for p in 0..pixels.div_ceil(S::F32_LANES) {
                let p = p * S::F32_LANES..pixels.min((p + 1) * S::F32_LANES);
                let mut x = [simd.splat_f32s(0.0); TERMS];
                for (vector, x) in x.iter_mut().zip(xs) {
                    *vector = load(simd, &x[p.clone()]);
                }
                for (sums, dy) in sums.iter_mut().zip(dys) {
                    let dy = load(simd, &dy[p.clone()]);
                    for (sum, &x) in sums.iter_mut().zip(&x) {
                        *sum = simd.mul_add_e_f32s(dy, x, *sum);
                    }
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            let at = (row + i) * dots.offsets.len() + term;
            let dw = &mut dw[at..][..TERMS];
            for (dw, sum) in dw.iter_mut().zip(sums) {
                *dw += simd.reduce_sum_f32s(sum);
            }
        }
    }
}
