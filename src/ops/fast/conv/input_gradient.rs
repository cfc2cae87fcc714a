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
    let mut weights = scratch::take(&scratch::WEIGHTS, d.groups as usize * words);
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
        weights: &weights,
        epilogue: d.epilogue,
    };
    pass.run(d.n as usize, reads[0], reads[2], writes[0]);
}

/// `weightᵀ · dy`, whose rows are then added up where their terms belong.
fn by_columns(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (s, groups) = (Sizes::of(d), d.groups as usize);
    let large = is_large(d.n as usize * s.y * s.k);
    let width = s.p.next_multiple_of(Machine::get().cols);
    let mut weights = scratch::take(&scratch::WEIGHTS, groups * s.o * s.k);
    for (to, from) in weights
        .chunks_mut(s.o * s.k)
        .zip(reads[1].chunks(s.o * s.k))
    {
        pack_weights(Matrix::new(from, s.k, s.o, true), s.k, s.o, to);
    }
    let weights = &*weights;
    let mut offsets = scratch::take(&scratch::OFFSETS, s.o);
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
        let mut columns = scratch::take(&scratch::COLUMNS, (s.o + s.k) * width);
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
            add(&mut dx[to..to + len], &columns[from..from + len]);
        });
    }
}

/// `to[i] += from[i]`, whose lengths are equal and often short.
#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    let (to, from) = add_runs::<16>(to, from);
    let (to, from) = add_runs::<8>(to, from);
    let (to, from) = add_runs::<4>(to, from);
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// Adds runs of constant length, which the compiler makes vectors of, and leaves the rest.
#[inline(always)]
fn add_runs<'a, const N: usize>(to: &'a mut [f32], from: &'a [f32]) -> (&'a mut [f32], &'a [f32]) {
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<N>(), from.as_chunks::<N>());
    for (to, from) in to.iter_mut().zip(from) {
        let mut sums = *to;
        (0..N).for_each(|i| sums[i] += from[i]);
        *to = sums;
    }
    (to_rest, from_rest)
}

/// Calls `f(column range, x range)` for every run of output pixels whose tap lies inside the
/// input: row `k` of the columns, `ow` pixels at a time. With a horizontal stride of 1 a run is
/// contiguous in both; otherwise it is one pixel. Channels are innermost: the same row of `x` comes
/// again long after it was stored.
#[inline(always)]
fn for_each_run(d: &Dims, mut f: impl FnMut(usize, usize, usize)) {
    let [h, w, oh, ow] = [d.h, d.w, d.oh, d.ow].map(|v| v as usize);
    let [kh, kw] = [d.kh, d.kw].map(|v| v as usize);
    let [sh, sw, ph, pw] = [d.stride_h, d.stride_w, d.padding_h, d.padding_w].map(|v| v as usize);
    let [dh, dw] = [d.dilation_h, d.dilation_w].map(|v| v as usize);
    for tap in 0..kh * kw {
        let (y, x) = (tap / kw * dh, tap % kw * dw);
        // Output rows and columns whose tap lies inside.
        let rows =
            ph.saturating_sub(y).div_ceil(sh)..(h + ph).saturating_sub(y).div_ceil(sh).min(oh);
        let cols =
            pw.saturating_sub(x).div_ceil(sw)..(w + pw).saturating_sub(x).div_ceil(sw).min(ow);
        if cols.is_empty() {
            continue;
        }
        // One call of `f`, so that it is inlined.
        let (runs, len) = if sw == 1 {
            (1, cols.len())
        } else {
            (cols.len(), 1)
        };
        for c in 0..d.group_c() as usize {
            for oy in rows.clone() {
                let from = ((c * kh * kw + tap) * oh + oy) * ow + cols.start;
                let to = (c * h + oy * sh + y - ph) * w + cols.start * sw + x - pw;
                for i in 0..runs {
                    f(from + i, to + i * sw, len);
                }
            }
        }
    }
}
