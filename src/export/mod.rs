//! Trained networks in the formats of others.

mod graph;
mod norm;
pub mod onnx;
pub mod proto;
