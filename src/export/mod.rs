//! Trained networks in the formats of others.

mod graph;
pub mod onnx;
pub mod proto;
