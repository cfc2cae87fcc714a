//! Memory that a thread keeps between calls, so that a step allocates nothing once every size has
//! been seen.

use std::{
    cell::Cell,
    mem,
    ops::{Deref, DerefMut},
    thread::LocalKey,
};

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
    /// What columns are multiplied by, or centred at, beside such sums.
    pub(super) static SCALES: Scratch<f64> = const { Cell::new(Vec::new()) };
    /// Partial sums of a reduction, shared by its threads.
    pub(super) static PARTS: Scratch<f32> = const { Cell::new(Vec::new()) };
}

/// Some of a buffer, until it is dropped.
pub(super) struct Lease<T: 'static> {
    home: &'static LocalKey<Scratch<T>>,
    buffer: Vec<T>,
    len: usize,
}

/// Takes `len` elements, whose contents are whatever was left there.
pub(super) fn take<T: Copy + Default>(home: &'static LocalKey<Scratch<T>>, len: usize) -> Lease<T> {
    let mut buffer = home.take();
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    Lease { home, buffer, len }
}

impl<T> Deref for Lease<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.buffer[..self.len]
    }
}

impl<T> DerefMut for Lease<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[..self.len]
    }
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        self.home.set(mem::take(&mut self.buffer));
    }
}
