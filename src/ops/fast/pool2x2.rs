//! Max-pooling of 2×2 windows that tile their input, several windows at a time.
//!
//! Rows are taken in runs of [`WINDOWS`], the last of a row too: what it reads beyond the row is
//! not kept, and what it writes beyond is overwritten by what follows. Runs of constant length
//! are what the compiler makes vectors of.

use crate::ops::max_pool2d::Dims;

/// Windows in a run.
const WINDOWS: usize = 8;

/// Words of input in a run.
const WORDS: usize = 2 * WINDOWS;

/// Whether windows are 2×2 and touch neither each other nor the edges.
pub(super) fn fits(d: &Dims) -> bool {
    let two = [d.kh, d.kw, d.stride_h, d.stride_w] == [2; 4];
    two && [d.padding_h, d.padding_w] == [0; 2] && 2 * d.oh <= d.h && 2 * d.ow <= d.w
}

/// `x[at..at + N]`; if that ends beyond the end, a copy in `room` with zeros.
#[inline(always)]
fn get<'a, const N: usize>(x: &'a [f32], at: usize, room: &'a mut [f32; N]) -> &'a [f32; N] {
    match x.get(at..).and_then(|x| x.first_chunk()) {
        Some(run) => run,
        None => {
            let x = &x[at.min(x.len())..];
            *room = [0.0; N];
            room[..x.len()].copy_from_slice(x);
            room
        }
    }
}

/// `to[at..at + N] = run`, as far as there is room.
#[inline(always)]
fn put<const N: usize>(to: &mut [f32], at: usize, run: [f32; N]) {
    match to.get_mut(at..at + N) {
        Some(to) => to.copy_from_slice(&run),
        None => {
            let to = &mut to[at..];
            to.copy_from_slice(&run[..to.len()]);
        }
    }
}

vectorised! {
    /// Maxima and where they were, of some planes; `x` begins with the first.
    pub(super) fn forward<'a>(
        d: &'a Dims,
        x: &'a [f32],
        y: &'a mut [f32],
        index: &'a mut [f32],
    ) {
        let [w, oh, ow] = [d.w, d.oh, d.ow].map(|v| v as usize);
        for plane in 0..y.len() / (oh * ow) {
            for oy in 0..oh {
                let first = 2 * oy * w;
                let from = plane * (d.h * d.w) as usize + first;
                let to = (plane * oh + oy) * ow;
                for ox in (0..ow).step_by(WINDOWS) {
                    let mut room = [[0.0; WORDS]; 2];
                    let [upper, lower] = &mut room;
                    let upper = get(x, from + 2 * ox, upper);
                    let lower = get(x, from + w + 2 * ox, lower);
                    let at = (first + 2 * ox) as u32;
                    let (best, best_at) = maxima(upper, lower, at, d.w);
                    put(y, to + ox, best);
                    put(index, to + ox, best_at);
                }
            }
        }
    }
}

/// Of each window, its first maximum or last NaN, and where it is.
#[inline(always)]
fn maxima(
    upper: &[f32; WORDS],
    lower: &[f32; WORDS],
    at: u32,
    width: u32,
) -> ([f32; WINDOWS], [f32; WINDOWS]) {
    let (mut y, mut index) = ([0.0; WINDOWS], [0.0; WINDOWS]);
    for i in 0..WINDOWS {
        let at = at + 2 * i as u32;
        let (mut best, mut best_at) = (upper[2 * i], at);
        for (v, at) in [
            (upper[2 * i + 1], at + 1),
            (lower[2 * i], at + width),
            (lower[2 * i + 1], at + width + 1),
        ] {
            // Without branches.
            let wins = (v > best) | v.is_nan();
            best = if wins { v } else { best };
            best_at = if wins { at } else { best_at };
        }
        (y[i], index[i]) = (best, f32::from_bits(best_at));
    }
    (y, index)
}
