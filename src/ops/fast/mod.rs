//! Fast paths of the CPU executor, each tested against its naive twin: vectors, threads over
//! images or rows, memory that is kept.
//!
//! Work is split in ways that do not change the order of any sum, so results do not depend on the
//! number of threads.

/// A function whose plain loops are compiled for each kind of vectors, and run with the machine's.
/// Closures would not do: they are compiled for the oldest machine unless they are inlined.
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident<$life:lifetime>(
        $($arg:ident: $ty:ty),* $(,)?
    ) $body:block) => {
        $(#[$doc])*
        $vis fn $name<$life>($($arg: $ty),*) {
            struct Body<$life> {
                $($arg: $ty),*
            }
            impl<$life> pulp::WithSimd for Body<$life> {
                type Output = ();

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) {
                    let Body { $($arg),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Body { $($arg),* })
        }
    };
}

mod arena;
mod conv;
mod copy;
mod dots;
mod elementwise;
mod estimate;
mod gather;
mod gelu;
mod loss;
mod matmul;
mod norm;
mod norm_sums;
mod pool;
mod pool2x2;
mod scratch;
mod sums;
mod tile;
mod trust;
mod update;

pub(super) use {
    conv::{conv2d, conv2d_dw, conv2d_dx},
    elementwise::{
        accumulate, activation, activation_grad, add, average, dropout, relu, relu_grad, transpose,
    },
    estimate::{dadapt, dadapt_moments, rate_stats},
    gather::{augment_bytes, gather_bytes},
    loss::{cross_entropy_log, softmax_cross_entropy},
    matmul::matmul,
    norm::{norm_grad, normalize, scale_channels},
    norm_sums::{moments, norm_sums},
    pool::{avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad},
    sums::{channel_sum, grad_stats, grad_stats_log},
    trust::{lamb, lamb_norms, lars, lars_norms},
    update::{adadelta, adagrad, adam, adamax, lion, rmsprop, schedule_free, sgd},
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
