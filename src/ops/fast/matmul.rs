//! Matrix products: both factors are packed into panels, blocks of rows are given to threads.

use pulp::{Arch, Simd, WithSimd};

use super::{
    for_each_chunk, is_large, scratch,
    tile::{Factors, Finish, Machine, Place, TERMS, pieces, tile},
};
use crate::ops::{channel_sum, matmul::Dims};

/// Most rows of the left factor that are packed at once, to stay in the second-level cache.
const ROWS: usize = 192;

/// A matrix inside a slice: element (`i`, `j`) lies at `i·row + j·col`, one of which is 1.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub col: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major `[rows, cols]`, or its transpose `[cols, rows]` in memory.
    pub(super) fn new(data: &'a [f32], rows: usize, cols: usize, transposed: bool) -> Matrix<'a> {
        let (row, col) = if transposed { (1, rows) } else { (cols, 1) };
        Matrix { data, row, col }
    }

    /// Packs `rows` rows from `first` on, columns `cols`: for every column, its `rows` numbers.
    pub(super) fn pack_rows(
        &self,
        (first, rows): (usize, usize),
        (start, cols): (usize, usize),
        to: &mut [f32],
    ) {
        self.pack(first, rows, [start, cols], self.row, self.col, to, rows);
    }

    /// Packs columns `first..first + cols` of all `rows` rows: for every row, its numbers, filled
    /// up with zeros to `width`.
    fn pack_cols(&self, (first, cols): (usize, usize), rows: usize, to: &mut [f32], width: usize) {
        self.pack(first, cols, [0, rows], self.col, self.row, to, width);
    }

    /// `to[k·width + i] = data[(first + i)·across + (start + k)·along]` for `count` of `i`.
    #[expect(clippy::too_many_arguments, reason = "the two callers above name them")]
    fn pack(
        &self,
        first: usize,
        count: usize,
        [start, len]: [usize; 2],
        across: usize,
        along: usize,
        to: &mut [f32],
        width: usize,
    ) {
        /// Terms that are transposed at a time, so that their lines stay near.
        const RUN: usize = 16;
        if across == 1 {
            for (k, to) in to.chunks_exact_mut(width).take(len).enumerate() {
                let (numbers, rest) = to.split_at_mut(count);
                numbers.copy_from_slice(&self.data[first + (start + k) * along..][..count]);
                rest.fill(0.0);
            }
            return;
        }
        for (run, to) in to[..len * width].chunks_mut(RUN * width).enumerate() {
            let terms = to.len() / width;
            for i in 0..count {
                let from = (first + i) * across + start + run * RUN;
                let from = &self.data[from..][..terms];
                for (to, &x) in to[i..].iter_mut().step_by(width).zip(from) {
                    *to = x;
                }
            }
            for to in to.chunks_exact_mut(width) {
                to[count..].fill(0.0);
            }
        }
    }
}

pub(in crate::ops) fn matmul(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
    let [m, n, k] = [d.m, d.n, d.k].map(|x| x as usize);
    let a = Matrix::new(reads[0], m, k, d.ta != 0);
    let b = Matrix::new(reads[1], k, n, d.tb != 0);
    let machine = Machine::get();
    let large = is_large(m * n * k);
    let panel = k * machine.cols;
    let rows = rows_per_block(m, machine, large);
    scratch::with(&scratch::RIGHT, n.div_ceil(machine.cols) * panel, |right| {
        for_each_chunk(right, panel, large, |i, to| {
            let first = i * machine.cols;
            let cols = machine.cols.min(n - first);
            b.pack_cols((first, cols), k, to, machine.cols);
        });
        let right = &*right;
        for_each_chunk(&mut writes[0][..m * n], rows * n, large, |i, c| {
            let first = i * rows;
            let by_element = d.epilogue & crate::ops::Epilogue::MASK.0 != 0;
            let e = if by_element {
                &reads[2][first * n..]
            } else {
                reads[2]
            };
            let [k, n] = [k, n];
            let epilogue = d.epilogue;
            Arch::new().dispatch(Block {
                a,
                first,
                right,
                k,
                n,
                epilogue,
                e,
                c,
            });
        });
    });
    if d.sums != 0 {
        row_sums(m, k, &a, &mut writes[0][d.sums as usize..]);
    }
}

/// The sums of the left factor's rows.
fn row_sums(m: usize, k: usize, a: &Matrix, sums: &mut [f32]) {
    if a.row == 1 {
        let dims = channel_sum::Dims {
            rows: k as u32,
            channels: m as u32,
            plane: 1,
        };
        super::channel_sum(&dims, &[a.data], &mut [sums]);
        return;
    }
    for (row, sum) in a.data.chunks_exact(a.row).zip(&mut sums[..m]) {
        *sum = row.iter().map(|&x| f64::from(x)).sum::<f64>() as f32;
    }
}

/// A few blocks per thread, so that a thread that is held up does not hold up all; a multiple of a
/// tile's rows.
fn rows_per_block(m: usize, machine: &Machine, large: bool) -> usize {
    let blocks = if large {
        4 * rayon::current_num_threads()
    } else {
        1
    };
    let rows = m.div_ceil(blocks).min(ROWS);
    rows.next_multiple_of(machine.rows)
}

/// Some rows of a product.
struct Block<'a> {
    a: Matrix<'a>,
    first: usize,
    right: &'a [f32],
    k: usize,
    n: usize,
    epilogue: u32,
    e: &'a [f32],
    c: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Block {
            a,
            first,
            right,
            k,
            n,
            epilogue,
            e,
            c,
        } = self;
        let (machine, rows) = (Machine::get(), c.len() / n);
        scratch::with(&scratch::LEFT, rows * TERMS, |left| {
            for (start, terms) in pieces(k, TERMS) {
                for (row, rows) in machine.tiles(rows) {
                    let to = &mut left[row * terms..][..rows * terms];
                    a.pack_rows((first + row, rows), (start, terms), to);
                }
                let last = start + terms == k;
                let finish = Finish {
                    add: start > 0,
                    flags: if last { epilogue } else { 0 },
                    bias_by_row: false,
                    e,
                };
                for col in (0..n).step_by(machine.cols) {
                    let cols = machine.cols.min(n - col);
                    for (row, rows) in machine.tiles(rows) {
                        let f = Factors {
                            a: &left[row * terms..][..rows * terms],
                            rows,
                            b: right,
                            offsets: &machine.panel[..terms],
                            base: col * k + start * machine.cols,
                        };
                        let at = Place {
                            row,
                            col,
                            cols,
                            stride: n,
                        };
                        tile(simd, &f, at, &finish, c);
                    }
                }
            }
        });
    }
}
