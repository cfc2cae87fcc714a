//! The input gradient.

use pulp::{Arch, Simd, WithSimd};

use super::{Columns, Pass, Sizes, pack_weights};
use crate::ops::{
    Epilogue,
    conv2d::Dims,
    fast::{
        for_each_chunk, is_large,
        matmul::Matrix,
        scratch,
        tile::{Factors, Finish, Machine, Place, tile},
    },
    masked,
};

pub(in crate::ops) fn conv2d_dx(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [input, output] = [d.h * d.w, d.oh * d.ow];
    if d.stride_h == 1 && d.stride_w == 1 && 2 * input <= 3 * output {
        direct(d, reads, writes);
    } else {
        by_columns(d, reads, writes);
    }
}

/// A convolution of `dy`, with the kernel turned and its channels exchanged.
fn direct(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let columns = Columns::backward(d);
    let (c, taps) = (d.group_c() as usize, (d.kh * d.kw) as usize);
    let (o, terms) = (d.group_o() as usize, columns.terms());
    let words = c * terms;
    scratch::with(&scratch::WEIGHTS, d.groups as usize * words, |weights| {
        for (to, from) in weights.chunks_mut(words).zip(reads[1].chunks(words)) {
            for (first, rows) in Machine::get().tiles(c) {
                let to = &mut to[first * terms..][..rows * terms];
                for (k, to) in to.chunks_exact_mut(rows).enumerate() {
                    let (from_o, tap) = (k / taps, taps - 1 - k % taps);
                    debug_assert!(from_o < o);
                    let from = &from[(from_o * c + first) * taps + tap..];
                    let from = from.iter().step_by(taps);
                    to.iter_mut().zip(from).for_each(|(to, &w)| *to = w);
                }
            }
        }
        let pass = Pass {
            columns,
            groups: d.groups as usize,
            rows: c,
            weights,
            epilogue: d.epilogue,
        };
        pass.run(d.n as usize, reads[0], reads[2], writes[0]);
    });
}

/// `weightᵀ · dy`, whose rows are then added up where their terms belong.
fn by_columns(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (s, groups) = (Sizes::of(d), d.groups as usize);
    let large = is_large(d.n as usize * s.y * s.k);
    let width = s.p.next_multiple_of(Machine::get().cols);
    scratch::with(&scratch::WEIGHTS, groups * s.o * s.k, |weights| {
        for (to, from) in weights
            .chunks_mut(s.o * s.k)
            .zip(reads[1].chunks(s.o * s.k))
        {
            pack_weights(Matrix::new(from, s.k, s.o, true), s.k, s.o, to);
        }
        let weights = &*weights;
        scratch::with(&scratch::OFFSETS, s.o, |offsets| {
            offsets
                .iter_mut()
                .enumerate()
                .for_each(|(o, to)| *to = o * width);
            let offsets = &*offsets;
            for_each_chunk(&mut writes[0][..d.n as usize * s.x], s.x, large, |n, dx| {
                for (group, dx) in dx.chunks_mut(s.group_x).enumerate() {
                    let weights = &weights[group * s.o * s.k..][..s.o * s.k];
                    let dy = &reads[0][n * s.y + group * s.o * s.p..][..s.o * s.p];
                    let (d, s) = (d, &s);
                    Arch::new().dispatch(Image {
                        d,
                        s,
                        weights,
                        offsets,
                        dy,
                        dx,
                    });
                }
                if d.epilogue & Epilogue::MASK.0 != 0 {
                    let e = &reads[2][n * s.x..][..s.x];
                    dx.iter_mut()
                        .zip(e)
                        .for_each(|(dx, &e)| *dx = masked(e, *dx));
                }
                bias_and_relu(d, dx, reads[2]);
            });
        });
    });
}

/// What a gradient does not use but the kernel promises.
fn bias_and_relu(d: &Dims, dx: &mut [f32], e: &[f32]) {
    for (c, dx) in dx.chunks_mut((d.h * d.w) as usize).enumerate() {
        if d.epilogue & Epilogue::BIAS.0 != 0 {
            dx.iter_mut().for_each(|dx| *dx += e[c]);
        }
        if d.epilogue & Epilogue::RELU.0 != 0 {
            dx.iter_mut()
                .for_each(|dx| *dx = if *dx < 0.0 { 0.0 } else { *dx });
        }
    }
}

/// One group of one image.
struct Image<'a> {
    d: &'a Dims,
    s: &'a Sizes,
    weights: &'a [f32],
    offsets: &'a [usize],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl WithSimd for Image<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Image {
            d,
            s,
            weights,
            offsets,
            dy,
            dx,
        } = self;
        let machine = Machine::get();
        let width = s.p.next_multiple_of(machine.cols);
        scratch::with(&scratch::COLUMNS, (s.o + s.k) * width, |columns| {
            let (from, columns) = columns.split_at_mut(s.o * width);
            for (to, dy) in from.chunks_exact_mut(width).zip(dy.chunks_exact(s.p)) {
                to[..s.p].copy_from_slice(dy);
            }
            let finish = Finish {
                add: false,
                flags: 0,
                bias_by_row: true,
                e: &[],
            };
            for (row, rows) in machine.tiles(s.k) {
                let a = &weights[row * s.o..][..rows * s.o];
                for col in (0..s.p).step_by(machine.cols) {
                    let cols = machine.cols.min(s.p - col);
                    let f = Factors {
                        a,
                        rows,
                        b: from,
                        offsets,
                        base: col,
                    };
                    let at = Place {
                        row,
                        col,
                        cols,
                        stride: s.p,
                    };
                    tile(simd, &f, at, &finish, columns);
                }
            }
            dx.fill(0.0);
            for_each_run(d, |from, to, len| {
                let terms = &columns[from..from + len];
                let dx = &mut dx[to..to + len];
                dx.iter_mut().zip(terms).for_each(|(x, t)| *x += t);
            });
        });
    }
}

/// Calls `f(column range, x range)` for every run of output pixels whose tap lies inside the
/// input: row `k` of the columns, `ow` pixels at a time. With a horizontal stride of 1 a run is
/// contiguous in both; otherwise it is one pixel.
#[inline(always)]
fn for_each_run(d: &Dims, mut f: impl FnMut(usize, usize, usize)) {
    let [h, w, oh, ow] = [d.h, d.w, d.oh, d.ow].map(|v| v as usize);
    let [kh, kw] = [d.kh, d.kw].map(|v| v as usize);
    let [sh, sw, ph, pw] = [d.stride_h, d.stride_w, d.padding_h, d.padding_w].map(|v| v as usize);
    let [dh, dw] = [d.dilation_h, d.dilation_w].map(|v| v as usize);
    for k in 0..d.group_c() as usize * kh * kw {
        let (c, ky, kx) = (k / (kh * kw), k / kw % kh, k % kw);
        // Output columns whose tap lies in [0, w).
        let first = pw.saturating_sub(kx * dw).div_ceil(sw);
        let end = (w + pw).saturating_sub(kx * dw).div_ceil(sw).min(ow);
        for oy in 0..oh {
            let iy = oy * sh + ky * dh;
            if iy < ph || iy - ph >= h || first >= end {
                continue;
            }
            let row = (c * h + iy - ph) * w;
            let at = (k * oh + oy) * ow;
            if sw == 1 {
                f(at + first, row + first + kx * dw - pw, end - first);
            } else {
                (first..end).for_each(|ox| f(at + ox, row + ox * sw + kx * dw - pw, 1));
            }
        }
    }
}
