//! Convolutions, image by image: direct ones over an unrolled input, see [`columns`]; where the
//! input gradient would multiply mostly by zeros, a product of matrices whose columns are added up.

mod columns;
mod input_gradient;
mod weight_gradient;

pub(in crate::ops) use input_gradient::conv2d_dx;
pub(in crate::ops) use weight_gradient::conv2d_dw;

use pulp::{Arch, Simd, WithSimd};

use super::{
    copy::COPY,
    for_each_chunk, is_large,
    matmul::Matrix,
    scratch,
    tile::{Factors, Finish, Machine, Place, tile},
};
use crate::ops::{Epilogue, conv2d::Dims};
use columns::Columns;

/// Sizes of a convolution as products of matrices, per image and group.
struct Sizes {
    /// Output channels of a group.
    o: usize,
    /// Terms of a sum: input channels of a group × kernel.
    k: usize,
    /// Output pixels.
    p: usize,
    /// Words of an image of `x`, of `y`, and of a group's part of `x`.
    x: usize,
    y: usize,
    group_x: usize,
}

impl Sizes {
    fn of(d: &Dims) -> Sizes {
        let p = (d.oh * d.ow) as usize;
        let plane = (d.h * d.w) as usize;
        Sizes {
            o: d.group_o() as usize,
            k: (d.group_c() * d.kh * d.kw) as usize,
            p,
            x: d.c as usize * plane,
            y: d.o as usize * p,
            group_x: d.group_c() as usize * plane,
        }
    }
}

pub(in crate::ops) fn conv2d(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let s = Sizes::of(d);
    let mut weights = scratch::take(&scratch::WEIGHTS, d.o as usize * s.k);
    for (to, from) in weights
        .chunks_mut(s.o * s.k)
        .zip(reads[1].chunks(s.o * s.k))
    {
        pack_weights(Matrix::new(from, s.o, s.k, false), s.o, s.k, to);
    }
    let pass = Pass {
        columns: Columns::forward(d),
        groups: d.groups as usize,
        rows: s.o,
        weights: &weights,
        epilogue: d.epilogue,
    };
    pass.run(d.n as usize, reads[0], reads[2], writes[0]);
}

/// Packs a left factor `[rows, terms]` for tiles.
fn pack_weights(weights: Matrix, rows: usize, terms: usize, to: &mut [f32]) {
    for (row, rows) in Machine::get().tiles(rows) {
        weights.pack_rows(
            (row, rows),
            (0, terms),
            &mut to[row * terms..][..rows * terms],
        );
    }
}

/// A direct convolution of all images.
struct Pass<'a> {
    columns: Columns,
    groups: usize,
    /// Output channels of a group.
    rows: usize,
    /// Packed, group after group.
    weights: &'a [f32],
    epilogue: u32,
}

impl Pass<'_> {
    fn run(&self, images: usize, x: &[f32], e: &[f32], y: &mut [f32]) {
        let (terms, pixels) = (self.columns.terms(), self.columns.pixels());
        let words = self.groups * self.rows * pixels;
        let large = is_large(images * words * terms);
        let mut offsets = scratch::take(&scratch::OFFSETS, terms);
        self.columns.offsets(&mut offsets);
        let offsets = &*offsets;
        for_each_chunk(&mut y[..images * words], words, large, |n, y| {
            let x = &x[n * self.groups * self.columns.input_words()..];
            for (group, y) in y.chunks_mut(self.rows * pixels).enumerate() {
                let x = &x[group * self.columns.input_words()..];
                let first = group * self.rows;
                let e = match self.epilogue {
                    f if f & Epilogue::MASK.0 != 0 => &e[n * words + first * pixels..],
                    f if f & Epilogue::BIAS.0 != 0 => &e[first..],
                    _ => e,
                };
                Arch::new().dispatch(Image {
                    pass: self,
                    group,
                    offsets,
                    x,
                    e,
                    y,
                });
            }
        });
    }
}

/// One group of one image.
struct Image<'a> {
    pass: &'a Pass<'a>,
    group: usize,
    offsets: &'a [usize],
    x: &'a [f32],
    e: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Image<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Image {
            pass,
            group,
            offsets,
            x,
            e,
            y,
        } = self;
        let (machine, columns) = (Machine::get(), &pass.columns);
        let (rows, terms, pixels) = (pass.rows, columns.terms(), columns.pixels());
        let weights = &pass.weights[group * rows * terms..][..rows * terms];
        let finish = Finish {
            add: false,
            flags: pass.epilogue,
            bias_by_row: true,
            e,
        };
        // The last tile reads beyond the last run.
        let words = columns.words() + machine.cols.max(COPY);
        let mut unrolled = scratch::take(&scratch::COLUMNS, words);
        columns.fill(x, &mut unrolled);
        for col in (0..pixels).step_by(machine.cols) {
            let cols = machine.cols.min(pixels - col);
            for (row, rows) in machine.tiles(rows) {
                let a = &weights[row * terms..][..rows * terms];
                let f = Factors {
                    a,
                    rows,
                    b: &unrolled,
                    offsets,
                    base: col,
                };
                let at = Place {
                    row,
                    col,
                    cols,
                    stride: pixels,
                };
                tile(simd, &f, at, &finish, y);
            }
        }
    }
}
