//! The inner loop of matrix products and convolutions: a tile of sums that stays in registers.
//!
//! A tile is `rows` rows by up to [`VECTORS`] vectors. For every term, a vector or two of the
//! right factor are loaded and multiplied by one number of each row. The terms of every sum are
//! added in order, whatever the tile's size, so results do not depend on how work is split.

use std::sync::OnceLock;

use pulp::{Arch, Simd, WithSimd};

use crate::ops::{Epilogue, masked};

/// Vectors in a row of a tile.
pub(super) const VECTORS: usize = 2;

/// What the machine's vectors are like.
pub(super) struct Machine {
    /// Columns of a tile.
    pub cols: usize,
    /// Most rows of a tile.
    pub rows: usize,
    /// Where the terms of a packed panel begin: multiples of `cols`.
    pub panel: Vec<usize>,
}

/// Terms that are added in registers before the sums go to memory: a panel of so many rows of the
/// right factor stays in the nearest caches.
pub(super) const TERMS: usize = 384;

impl Machine {
    /// The machine at hand, asked once.
    pub(super) fn get() -> &'static Machine {
        static MACHINE: OnceLock<Machine> = OnceLock::new();
        MACHINE.get_or_init(|| Arch::new().dispatch(Probe))
    }

    /// `total` rows as tiles of nearly equal height: `(first row, rows)` of each.
    pub(super) fn tiles(&self, total: usize) -> impl Iterator<Item = (usize, usize)> {
        pieces(total, self.rows)
    }
}

/// `total` in as few pieces as `most` allows, equal but for one: `(start, length)` of each.
pub(super) fn pieces(total: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = total.div_ceil(most);
    (0..count).map(move |i| {
        let start = i * total / count;
        (start, (i + 1) * total / count - start)
    })
}

struct Probe;

impl WithSimd for Probe {
    type Output = Machine;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Machine {
        Machine {
            cols: VECTORS * S::F32_LANES,
            rows: most_rows::<S>(),
            panel: (0..TERMS).map(|k| k * VECTORS * S::F32_LANES).collect(),
        }
    }
}

/// As many rows as leave registers for the right factor and one number of the left.
const fn most_rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// A tile's factors: `Σ_k a[k·rows + i] · b[base + offsets[k] + j]`.
#[derive(Clone, Copy)]
pub(super) struct Factors<'a> {
    /// The left factor, packed: `rows` numbers for every term.
    pub a: &'a [f32],
    /// Rows of the tile.
    pub rows: usize,
    /// The right factor; may be read up to a tile's width beyond a term's beginning.
    pub b: &'a [f32],
    /// Where the vectors of each term begin.
    pub offsets: &'a [usize],
    /// Where all of them begin.
    pub base: usize,
}

/// Where a tile goes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its first row.
    pub row: usize,
    /// Its first column.
    pub col: usize,
    /// Its columns; the rest of its vectors is left out.
    pub cols: usize,
    /// Elements between rows.
    pub stride: usize,
}

/// What is done to sums before they are stored.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    /// Adds them to what is there.
    pub add: bool,
    /// Flags of [`Epilogue`].
    pub flags: u32,
    /// Whether the bias belongs to rows, not to columns.
    pub bias_by_row: bool,
    /// The bias; or the mask, laid out as the result.
    pub e: &'a [f32],
}

impl Finish<'_> {
    /// What is stored for one sum where `old` was: what [`store`] does to vectors.
    #[inline(always)]
    pub(super) fn one(&self, sum: f32, old: f32, row: usize, col: usize, index: usize) -> f32 {
        let mut y = if self.add { old + sum } else { sum };
        if self.flags & Epilogue::BIAS.0 != 0 {
            y += self.e[if self.bias_by_row { row } else { col }];
        }
        if self.flags & Epilogue::RELU.0 != 0 && y < 0.0 {
            y = 0.0;
        }
        if self.flags & Epilogue::MASK.0 != 0 {
            y = masked(self.e[index], y);
        }
        y
    }
}

/// Computes a tile into `c`.
#[inline(always)]
pub(super) fn tile<S: Simd>(simd: S, f: &Factors, at: Place, finish: &Finish, c: &mut [f32]) {
    macro_rules! by_rows {
        ($($rows:literal)*) => {
            match (f.rows, at.cols > S::F32_LANES) {
                $(
                    ($rows, false) => simd.vectorize(Tile::<$rows, 1>(f, at, finish, c)),
                    ($rows, true) => simd.vectorize(Tile::<$rows, 2>(f, at, finish, c)),
                )*
                _ => unreachable!("no tile has {} rows", f.rows),
            }
        };
    }
    if most_rows::<S>() > 6 {
        by_rows!(1 2 3 4 5 6 7 8 9 10 11 12)
    } else {
        by_rows!(1 2 3 4 5 6)
    }
}

struct Tile<'a, const ROWS: usize, const VECS: usize>(
    &'a Factors<'a>,
    Place,
    &'a Finish<'a>,
    &'a mut [f32],
);

impl<const ROWS: usize, const VECS: usize> WithSimd for Tile<'_, ROWS, VECS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tile(f, at, finish, c) = self;
        let mut sums = [[simd.splat_f32s(0.0); VECS]; ROWS];
        for (a, offset) in f.a.chunks_exact(ROWS).zip(f.offsets) {
            let b = &f.b[f.base + offset..][..VECS * S::F32_LANES];
            let (b, _) = S::as_simd_f32s(b);
            for (sums, &a) in sums.iter_mut().zip(a) {
                let a = simd.splat_f32s(a);
                for (sum, &b) in sums.iter_mut().zip(b) {
                    *sum = simd.mul_add_e_f32s(a, b, *sum);
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (v, sum) in sums.into_iter().enumerate() {
                let first = v * S::F32_LANES;
                let cols = (at.cols - first).min(S::F32_LANES);
                let (row, col) = (at.row + i, at.col + first);
                store(simd, sum, finish, row, col, row * at.stride + col, cols, c);
            }
        }
    }
}

/// Loads up to a vector.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from).0 {
        [full] => *full,
        _ => simd.partial_load_f32s(from),
    }
}

/// Finishes a vector of sums and stores `cols` of them in `c`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "inlined into one caller; a struct only renames"
)]
fn store<S: Simd>(
    simd: S,
    sum: S::f32s,
    finish: &Finish,
    row: usize,
    col: usize,
    index: usize,
    cols: usize,
    c: &mut [f32],
) {
    let c = &mut c[index..][..cols];
    let mut y = sum;
    if finish.add {
        y = simd.add_f32s(load(simd, c), y);
    }
    if finish.flags & Epilogue::BIAS.0 != 0 {
        let bias = if finish.bias_by_row {
            simd.splat_f32s(finish.e[row])
        } else {
            load(simd, &finish.e[col..][..cols])
        };
        y = simd.add_f32s(y, bias);
    }
    let zero = simd.splat_f32s(0.0);
    if finish.flags & Epilogue::RELU.0 != 0 {
        y = simd.select_f32s(simd.less_than_f32s(y, zero), zero, y);
    }
    if finish.flags & Epilogue::MASK.0 != 0 {
        let e = load(simd, &finish.e[index..][..cols]);
        y = simd.select_f32s(simd.less_than_or_equal_f32s(e, zero), zero, y);
    }
    save(simd, c, y);
}

/// Stores up to a vector.
#[inline(always)]
pub(super) fn save<S: Simd>(simd: S, to: &mut [f32], values: S::f32s) {
    match S::as_mut_simd_f32s(to) {
        ([full], _) => *full = values,
        (_, part) => simd.partial_store_f32s(part, values),
    }
}
