//! Trained networks in the formats of others.

mod graph;
pub mod onnx;
mod preprocessing;
pub mod proto;

pub use preprocessing::Preprocessing;
