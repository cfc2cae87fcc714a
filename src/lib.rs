//! kiln trains neural networks with hand-written WGSL on any GPU that wgpu reaches, and treats
//! the learning-rate schedule as a first-class value.
//!
//! ```text
//! expr · schedule · control · rng · files · error         floor 0  numbers in, numbers out
//! kernel · variant ── ops/*  (WGSL + CPU twin + cases)    floor 1
//! plan                       the training step as data    floor 2  the narrow waist
//! record optim model   |   exec::{cpu,gpu} device reflect floor 3  writers | runners
//! data · train · run · eval                               floor 4  machines only through `Executor`
//! report bench doctor export fit lrfind sweep             floor 5  pictures, measurements, other formats
//! cli · main                                              floor 6
//! ```
//!
//! A lower floor never imports an upper one, a writer never sees a runner, no schedule has state,
//! every value is written by exactly one dispatch, and the host waits only in
//! [`exec::Executor::collect`]. `tests/tidy.rs` guards what can be guarded.
//!
//! Nothing that comes from outside, in a file, a flag, a text or from a device, makes kiln panic: the lints below deny
//! what could, and `tests/hostile` tries. Indices are exempt where kiln itself has made the lists that they point into,
//! each module with its reason.

#![warn(missing_docs)]
// Two exceptions, which say why where they stand.
#![deny(unsafe_code)]
#![deny(
    clippy::expect_used,
    clippy::get_unwrap,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

#[allow(
    clippy::indexing_slicing,
    reason = "what is measured is kiln's own: its kernels, its workloads, its timings"
)]
pub mod bench;
pub mod cli;
pub mod control;
pub mod data;
pub mod device;
#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "cases and their buffers are kiln's own; what a device answers is only compared"
)]
pub mod doctor;
pub mod error;
pub mod eval;
#[allow(
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "dispatches and slices are those of a plan that `Plan::check` has passed; tables of files are read in `tuning`, \
              which denies both"
)]
pub mod exec;
pub mod export;
pub mod expr;
pub mod files;
pub mod fit;
pub mod kernel;
#[allow(
    clippy::indexing_slicing,
    reason = "curves are lists that were made here, and every index is below their length"
)]
pub mod lrfind;
pub mod model;
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "hot loops over the slices of a plan that `Plan::check` has passed: their lengths are those of the dims"
)]
pub mod ops;
pub mod optim;
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a plan's ids are its recorder's, and `Plan::check` asserts that they are"
)]
pub mod plan;
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a recorder is driven by networks that fit: a wrong call is a mistake in kiln, and says which"
)]
pub mod record;
pub mod reflect;
pub mod report;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod sweep;
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "programs, slices and rows are those of its own session; what is read from files is checked in `weights` and \
              `run`, which deny all three"
)]
pub mod train;
pub mod variant;
