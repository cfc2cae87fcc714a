//! `torch.nn.Embedding`: `y[i] = weight[index[i]]`, a row of a table for every index.
//!
//! Indices are whole numbers in floats, as data has them. What comes from data is checked before it is trained on;
//! a kernel that meets something else takes the nearest row: of −3 row 0, of 1e9 the last, of 2.7 row 2.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// Sizes of a look-up, shared with its gradient: `index[n]`, `weight[rows, cols]`, `y[n, cols]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Indices.
    pub n: u32,
    /// Rows of the table, at most 2²⁴.
    pub rows: u32,
    /// Numbers of a row.
    pub cols: u32,
}

impl Dims {
    /// Words of `index`, `weight` and `y`.
    pub(super) fn words(&self) -> [u64; 3] {
        let [n, rows, cols] = [self.n, self.rows, self.cols].map(u64::from);
        [n, rows * cols, n * cols]
    }

    /// The row of an index.
    pub(super) fn row(&self, index: f32) -> usize {
        // The conversion saturates; what is no number is 0.
        (index as u32).min(self.rows - 1) as usize
    }

    /// Indices for a test: of the table, and some beside it.
    pub(super) fn sample(&self, len: usize, rng: &mut Rng) -> Vec<f32> {
        let any = |i: usize| match i % 13 {
            11 => -0.7,
            12 => self.rows as f32 + 7.0,
            _ => rng.below(self.rows) as f32,
        };
        (0..len).map(any).collect()
    }
}

/// See the module.
pub struct Embedding;

impl Kernel for Embedding {
    type Dims = Dims;
    sources!("embedding" + "embedding", ["index", "weight"] -> ["y"]);
    const CASES: &'static [Dims] = &CASES;

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.words()[2])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        d.words().to_vec()
    }

    fn bytes(d: &Dims) -> u64 {
        let [n, _, y] = d.words();
        4 * (n + 2 * y)
    }

    fn describe(d: &Dims) -> String {
        format!("{} of {} rows of {}", d.n, d.rows, d.cols)
    }

    fn flops(_: &Dims) -> u64 {
        0
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "index" => d.sample(len, rng),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let cols = d.cols as usize;
        let rows = writes[0].chunks_mut(cols).zip(&reads[0][..d.n as usize]);
        for (y, &index) in rows {
            y.copy_from_slice(&reads[1][d.row(index) * cols..][..cols]);
        }
    }
}

/// The same look-ups for both ways.
pub(super) const CASES: [Dims; 5] = [
    case(1, 1, 1),
    case(29, 7, 5),
    case(257, 3, 1),
    case(64, 131, 16),
    case(5003, 11, 3),
];

const fn case(n: u32, rows: u32, cols: u32) -> Dims {
    Dims { n, rows, cols }
}
