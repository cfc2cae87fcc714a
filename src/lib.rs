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

#![warn(missing_docs)]

pub mod bench;
pub mod cli;
pub mod control;
pub mod data;
pub mod device;
pub mod doctor;
pub mod error;
pub mod eval;
pub mod exec;
pub mod export;
pub mod expr;
pub mod files;
pub mod fit;
pub mod kernel;
pub mod lrfind;
pub mod model;
pub mod ops;
pub mod optim;
pub mod plan;
pub mod record;
pub mod reflect;
pub mod report;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod sweep;
pub mod train;
pub mod variant;
