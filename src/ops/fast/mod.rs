//! Fast paths of the CPU executor, each tested against its naive twin: vectors, threads over
//! images or rows, memory that is kept.
//!
//! Work is split in ways that do not change the order of any sum, so results do not depend on the
//! number of threads.

mod conv;
mod elementwise;
mod gather;
mod loss;
mod matmul;
mod pool;
mod scratch;
mod sums;
mod tile;

pub(super) use {
    conv::{conv2d, conv2d_dw, conv2d_dx},
    elementwise::{add, relu, relu_grad, sgd},
    gather::gather_bytes,
    loss::softmax_cross_entropy,
    matmul::matmul,
    pool::{avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad},
    sums::{channel_sum, grad_stats},
};

use rayon::prelude::*;

/// Whether so many multiplications and additions are worth waking a thread for.
fn is_large(operations: usize) -> bool {
    operations >= 1 << 19
}

/// Calls `f(index, chunk)` for every chunk of `words`, on all threads if it is worth it.
fn for_each_chunk(
    words: &mut [f32],
    chunk: usize,
    threads: bool,
    f: impl Fn(usize, &mut [f32]) + Sync,
) {
    if threads {
        let chunks = words.par_chunks_mut(chunk).enumerate();
        chunks.for_each(|(i, chunk)| f(i, chunk));
    } else {
        let chunks = words.chunks_mut(chunk).enumerate();
        chunks.for_each(|(i, chunk)| f(i, chunk));
    }
}
