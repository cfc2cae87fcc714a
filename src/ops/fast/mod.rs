//! Fast paths of the CPU executor, each tested against its naive twin: a GEMM crate,
//! convolution as im2col and GEMM, threads over images or rows.
//!
//! Work is split in ways that do not depend on the number of threads, so neither do the results.

mod pool;

pub(super) use pool::{channel_sum, max_pool2d, max_pool2d_grad};

use std::cell::RefCell;

use rayon::prelude::*;

use super::{
    Epilogue, Flat, channel_sum as channel_sums, conv2d, grad_stats as stats, hyper, masked,
    matmul as mm,
};

/// Parts into which the images of a weight gradient are split: each part is summed in order,
/// then the parts are.
const PARTS: usize = 8;

thread_local! {
    /// im2col columns of one image, kept between calls.
    static COLUMNS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A matrix inside a slice: where element (`i`, `j`) lies is `i·row + j·col`.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    data: &'a [f32],
    row: usize,
    col: usize,
}

/// `c = a·b + keep·c`, with `c` row-major `[m, n]`.
fn gemm([m, k, n]: [usize; 3], a: Matrix, b: Matrix, keep: f32, c: &mut [f32]) {
    let reaches = |x: &Matrix, rows: usize, cols: usize| {
        (rows - 1) * x.row + (cols - 1) * x.col < x.data.len()
    };
    assert!(m * k * n > 0 && reaches(&a, m, k) && reaches(&b, k, n) && m * n <= c.len());
    let [ar, ac, br, bc, cr] = [a.row, a.col, b.row, b.col, n].map(|s| s as isize);
    let (a, b, c) = (a.data.as_ptr(), b.data.as_ptr(), c.as_mut_ptr());
    // SAFETY: the assertion above bounds every element that the strides and sizes address, and
    // `c` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a, ar, ac, b, br, bc, keep, c, cr, 1) }
}

/// Bias, ReLU or mask over rows of a result that is already in place; `channel(i)` and the
/// element's index in the whole array give the twin's arguments.
fn epilogue(flags: u32, y: &mut [f32], e: &[f32], first: usize, channel: impl Fn(usize) -> usize) {
    if flags & Epilogue::BIAS.0 != 0 {
        y.iter_mut()
            .enumerate()
            .for_each(|(i, y)| *y += e[channel(i)]);
    }
    if flags & Epilogue::RELU.0 != 0 {
        y.iter_mut()
            .for_each(|y| *y = if *y < 0.0 { 0.0 } else { *y });
    }
    if flags & Epilogue::MASK.0 != 0 {
        let e = &e[first..][..y.len()];
        y.iter_mut().zip(e).for_each(|(y, &e)| *y = masked(e, *y));
    }
}

pub(super) fn matmul(d: &mm::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [m, n, k] = [d.m, d.n, d.k].map(|x| x as usize);
    let strides = |transposed: u32, rows: usize, cols: usize| {
        if transposed != 0 {
            (1, rows)
        } else {
            (cols, 1)
        }
    };
    let (a_row, a_col) = strides(d.ta, m, k);
    let (row, col) = strides(d.tb, k, n);
    let b = Matrix {
        data: reads[1],
        row,
        col,
    };
    // Blocks of rows large enough to be worth a thread.
    let block = m.min((1_usize << 18).div_ceil(n * k)).max(m.div_ceil(64));
    let (c, rest) = writes[0].split_at_mut(m * n);
    if d.sums != 0 {
        let sums = &mut rest[d.sums as usize - m * n..];
        row_sums([m, k], a_row, a_col, reads[0], sums);
    }
    c.par_chunks_mut(block * n).enumerate().for_each(|(i, c)| {
        let first = i * block;
        let data = &reads[0][first * a_row..];
        let a = Matrix {
            data,
            row: a_row,
            col: a_col,
        };
        gemm([c.len() / n, k, n], a, b, 0.0, c);
        epilogue(d.epilogue, c, reads[2], first * n, |i| i % n);
    });
}

/// The sums of op(a)'s rows, where element (`i`, `p`) lies at `i·row + p·col`.
fn row_sums([m, k]: [usize; 2], row: usize, col: usize, a: &[f32], sums: &mut [f32]) {
    if row != 1 {
        let total = |i: usize| (0..k).map(|p| f64::from(a[i * row + p * col])).sum::<f64>();
        sums[..m]
            .iter_mut()
            .enumerate()
            .for_each(|(i, s)| *s = total(i) as f32);
        return;
    }
    let dims = channel_sums::Dims {
        rows: k as u32,
        channels: m as u32,
        plane: 1,
    };
    channel_sum(&dims, &[a], &mut [sums]);
}

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
    fn of(d: &conv2d::Dims) -> Sizes {
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

/// Calls `f(column range, x range)` for every run of output pixels whose tap lies inside the
/// input: row `k` of the columns, `ow` pixels at a time. With a horizontal stride of 1 a run is
/// contiguous in both; otherwise it is one pixel.
fn for_each_run(d: &conv2d::Dims, mut f: impl FnMut(usize, usize, usize)) {
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

/// Runs `f` with the columns `[k, p]` of one group of one image.
fn with_columns<T>(d: &conv2d::Dims, s: &Sizes, x: &[f32], f: impl FnOnce(&[f32]) -> T) -> T {
    COLUMNS.with_borrow_mut(|columns| {
        columns.clear();
        columns.resize(s.k * s.p, 0.0);
        for_each_run(d, |to, from, len| {
            columns[to..to + len].copy_from_slice(&x[from..from + len]);
        });
        f(columns)
    })
}

pub(super) fn conv2d(d: &conv2d::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let s = Sizes::of(d);
    let images = writes[0][..d.n as usize * s.y]
        .par_chunks_mut(s.y)
        .enumerate();
    images.for_each(|(n, y)| {
        for (g, y) in y.chunks_mut(s.o * s.p).enumerate() {
            let x = &reads[0][n * s.x + g * s.group_x..][..s.group_x];
            let weight = &reads[1][g * s.o * s.k..][..s.o * s.k];
            with_columns(d, &s, x, |columns| {
                let a = Matrix {
                    data: weight,
                    row: s.k,
                    col: 1,
                };
                let b = Matrix {
                    data: columns,
                    row: s.p,
                    col: 1,
                };
                gemm([s.o, s.k, s.p], a, b, 0.0, y);
            });
        }
        epilogue(d.epilogue, y, reads[2], n * s.y, |i| i / s.p);
    });
}

pub(super) fn conv2d_dx(d: &conv2d::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let s = Sizes::of(d);
    let images = writes[0][..d.n as usize * s.x]
        .par_chunks_mut(s.x)
        .enumerate();
    images.for_each(|(n, dx)| {
        for (g, dx) in dx.chunks_mut(s.group_x).enumerate() {
            let dy = &reads[0][n * s.y + g * s.o * s.p..][..s.o * s.p];
            let weight = &reads[1][g * s.o * s.k..][..s.o * s.k];
            COLUMNS.with_borrow_mut(|columns| {
                columns.resize(s.k * s.p, 0.0);
                let a = Matrix {
                    data: weight,
                    row: 1,
                    col: s.k,
                };
                let b = Matrix {
                    data: dy,
                    row: s.p,
                    col: 1,
                };
                gemm([s.k, s.o, s.p], a, b, 0.0, columns);
                dx.fill(0.0);
                for_each_run(d, |from, to, len| {
                    let terms = &columns[from..from + len];
                    dx[to..to + len]
                        .iter_mut()
                        .zip(terms)
                        .for_each(|(x, t)| *x += t);
                });
            });
        }
        let plane = (d.h * d.w) as usize;
        epilogue(d.epilogue, dx, reads[2], n * s.x, |i| i / plane);
    });
}

pub(super) fn conv2d_dw(d: &conv2d::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let (s, images) = (Sizes::of(d), d.n as usize);
    let words = d.o as usize * s.k;
    let per_part = images.div_ceil(PARTS);
    let mut parts = vec![0f32; images.div_ceil(per_part) * words];
    parts
        .par_chunks_mut(words)
        .enumerate()
        .for_each(|(part, dw)| {
            for n in part * per_part..images.min((part + 1) * per_part) {
                for (g, dw) in dw.chunks_mut(s.o * s.k).enumerate() {
                    let x = &reads[1][n * s.x + g * s.group_x..][..s.group_x];
                    let dy = &reads[0][n * s.y + g * s.o * s.p..][..s.o * s.p];
                    with_columns(d, &s, x, |columns| {
                        let a = Matrix {
                            data: dy,
                            row: s.p,
                            col: 1,
                        };
                        let b = Matrix {
                            data: columns,
                            row: 1,
                            col: s.p,
                        };
                        gemm([s.o, s.p, s.k], a, b, 1.0, dw);
                    });
                }
            }
        });
    let (first, rest) = parts.split_at(words);
    writes[0][..words].copy_from_slice(first);
    for part in rest.chunks(words) {
        let dw = &mut writes[0][..words];
        dw.iter_mut().zip(part).for_each(|(sum, w)| *sum += w);
    }
    if d.sums != 0 {
        let dims = channel_sums::Dims {
            rows: d.n,
            channels: d.o,
            plane: d.oh * d.ow,
        };
        let sums = &mut writes[0][d.sums as usize..];
        channel_sum(&dims, &reads[..1], &mut [sums]);
    }
}

pub(super) fn grad_stats(d: &stats::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let parts = d.parts as usize;
    let part_of = |part: usize, out: &mut [f32]| {
        let (mut sum, mut bad) = (0f64, 0u32);
        for run in reads[0][..d.n as usize]
            .chunks(64)
            .skip(part)
            .step_by(parts)
        {
            for &g in run {
                let finite = g.is_finite();
                sum += if finite { g as f64 * g as f64 } else { 0.0 };
                bad += !finite as u32;
            }
        }
        (out[0], out[1]) = (sum as f32, bad as f32);
    };
    let out = writes[0][..2 * parts].par_chunks_mut(2).with_min_len(32);
    out.enumerate().for_each(|(part, out)| part_of(part, out));
}

pub(super) fn sgd(d: &Flat, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    /// Elements worth a thread.
    const CHUNK: usize = 1 << 16;
    let [buffer, param] = writes else {
        unreachable!("sgd writes two arenas")
    };
    let (h, n) = (hyper(reads[0]), d.n as usize);
    let lr = h.lr * reads[2][0];
    let chunks = buffer[..n]
        .par_chunks_mut(CHUNK)
        .zip(param[..n].par_chunks_mut(CHUNK));
    chunks
        .zip(reads[1][..n].par_chunks(CHUNK))
        .for_each(|((buffer, param), grad)| {
            for ((v, p), &grad) in buffer.iter_mut().zip(param).zip(grad) {
                let mut g = if h.maximize != 0 { -grad } else { grad };
                if h.weight_decay != 0.0 {
                    g += h.weight_decay * *p;
                }
                if h.momentum != 0.0 {
                    let started = h.momentum * *v + h.gradient_scale * g;
                    *v = if h.first != 0 { g } else { started };
                    g = if h.nesterov != 0 {
                        g + h.momentum * *v
                    } else {
                        *v
                    };
                }
                *p -= lr * g;
            }
        });
}
