//! Memory that a thread keeps between calls, so that a step allocates nothing once every size has
//! been seen.

use std::{cell::Cell, thread::LocalKey};

/// A buffer that is taken out while it is in use: a thread that waits inside of one kernel may be
/// given another kernel's work, which then finds an empty buffer instead of a borrowed one.
pub(super) type Scratch<T> = Cell<Vec<T>>;

thread_local! {
    /// Packed panels of a right factor, shared by the threads of one matmul.
    pub(super) static RIGHT: Scratch<f32> = const { Cell::new(Vec::new()) };
    /// Packed panels of a left factor.
    pub(super) static LEFT: Scratch<f32> = const { Cell::new(Vec::new()) };
    /// Packed weights of a convolution, shared by the threads that take its images.
    pub(super) static WEIGHTS: Scratch<f32> = const { Cell::new(Vec::new()) };
    /// Where the terms of a convolution begin, shared as well.
    pub(super) static OFFSETS: Scratch<usize> = const { Cell::new(Vec::new()) };
    /// Unrolled input of a convolution.
    pub(super) static COLUMNS: Scratch<f32> = const { Cell::new(Vec::new()) };
    /// Sums in double precision.
    pub(super) static TOTALS: Scratch<f64> = const { Cell::new(Vec::new()) };
    /// Partial sums of a reduction, shared by its threads.
    pub(super) static PARTS: Scratch<f32> = const { Cell::new(Vec::new()) };
}

/// Runs `f` with `len` elements, whose contents are whatever was left there.
pub(super) fn with<T: Copy + Default, R>(
    key: &'static LocalKey<Scratch<T>>,
    len: usize,
    f: impl FnOnce(&mut [T]) -> R,
) -> R {
    let mut buffer = key.take();
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    let result = f(&mut buffer[..len]);
    key.set(buffer);
    result
}
