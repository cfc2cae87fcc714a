//! The other inner loop: dot products of runs that are contiguous in both factors, several of
//! both at a time, so that each vector that is loaded is used more than once.

use pulp::{Simd, WithSimd};

use super::tile::{Finish, pieces};

/// `Σ_n Σ_p left[n·left_image + row·len + p] · right[n·right_image + offsets[term] + p]` for every
/// row and term.
pub(super) struct Dots<'a> {
    /// Rows, one after the other.
    pub left: &'a [f32],
    /// Words from one image to the next.
    pub left_image: usize,
    /// Runs that may overlap.
    pub right: &'a [f32],
    /// Words from one image to the next.
    pub right_image: usize,
    /// How many images are summed over.
    pub images: usize,
    /// Where each term's run begins.
    pub offsets: &'a [usize],
    /// Length of a run.
    pub len: usize,
}

impl Dots<'_> {
    /// Computes `rows` rows into `c`, `[rows, terms]`.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, rows: usize, finish: &Finish, c: &mut [f32]) {
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
                                let dots = self;
                                let tile =
                                    Tile::<$rows, $terms> { dots, row, term, finish, c };
                                simd.vectorize(tile)
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

/// A few rows and a few terms, from `row` and from `term` on.
struct Tile<'a, const ROWS: usize, const TERMS: usize> {
    dots: &'a Dots<'a>,
    row: usize,
    term: usize,
    finish: &'a Finish<'a>,
    c: &'a mut [f32],
}

impl<const ROWS: usize, const TERMS: usize> WithSimd for Tile<'_, ROWS, TERMS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tile {
            dots,
            row,
            term,
            finish,
            c,
        } = self;
        let len = dots.len;
        let whole = len / S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); TERMS]; ROWS];
        for n in 0..dots.images {
            let left = |i: usize| &dots.left[n * dots.left_image + (row + i) * len..];
            let right = |j: usize| &dots.right[n * dots.right_image + dots.offsets[term + j]..];
            let (mut lefts, mut rights) = ([&[][..]; ROWS], [&[][..]; TERMS]);
            for (i, vectors) in lefts.iter_mut().enumerate() {
                *vectors = &S::as_simd_f32s(&left(i)[..len]).0[..whole];
            }
            for (j, vectors) in rights.iter_mut().enumerate() {
                *vectors = &S::as_simd_f32s(&right(j)[..len]).0[..whole];
            }
            // Plain loops: closures over arrays of vectors are not always inlined.
            for p in 0..whole {
                let mut vectors = [simd.splat_f32s(0.0); TERMS];
                for (vector, right) in vectors.iter_mut().zip(rights) {
                    *vector = right[p];
                }
                for (sums, left) in sums.iter_mut().zip(lefts) {
                    let left = left[p];
                    for (sum, &right) in sums.iter_mut().zip(&vectors) {
                        *sum = simd.mul_add_e_f32s(left, right, *sum);
                    }
                }
            }
            let rest = whole * S::F32_LANES;
            if rest < len {
                let mut vectors = [simd.splat_f32s(0.0); TERMS];
                for (j, vector) in vectors.iter_mut().enumerate() {
                    *vector = part(simd, right(j), rest, len);
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let left = part(simd, left(i), rest, len);
                    for (sum, &right) in sums.iter_mut().zip(&vectors) {
                        *sum = simd.mul_add_e_f32s(left, right, *sum);
                    }
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (j, sum) in sums.into_iter().enumerate() {
                let (row, col) = (row + i, term + j);
                let index = row * dots.offsets.len() + col;
                c[index] = finish.one(simd.reduce_sum_f32s(sum), c[index], row, col, index);
            }
        }
    }
}

/// The last vector of a run: `x[at..end]`, then zeros. What follows a run may be anything, but
/// reading it is quicker than not reading it.
#[inline(always)]
fn part<S: Simd>(simd: S, x: &[f32], at: usize, end: usize) -> S::f32s {
    let Some(vector) = x.get(at..at + S::F32_LANES) else {
        return simd.partial_load_f32s(&x[at..end]);
    };
    let mask = simd.mask_between_m32s(0, (end - at) as u32).mask();
    simd.select_f32s(mask, S::as_simd_f32s(vector).0[0], simd.splat_f32s(0.0))
}
