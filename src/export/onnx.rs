//! A network and its weights as an ONNX file, for ONNX Runtime and everything else that reads it.
//!
//! The input is called `input`, `[batch, C, H, W]` or `[batch, F]` of f32 with any batch; the
//! output `logits`, `[batch, outputs]`. Weights keep their `state_dict` names and layouts. The
//! model's metadata say what the input must have been through:
//!
//! | key | value |
//! |---|---|
//! | `kiln.model` | the layers, as `--model` takes them |
//! | `kiln.data` | what it was trained on |
//! | `kiln.preprocessing` | `{"center": […], "scale": […], "in_graph": …}`: the network saw `(raw − center) · scale`, channel by channel; `in_graph` says whether the file does that itself |
//! | `kiln.classes` or `kiln.outputs` | the names of the outputs, a JSON list |

use std::path::Path;

use prost::Message;

use super::{
    graph::Graph,
    proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto},
};
use crate::{
    data::{Preprocessing, Task},
    error::{Error, Result},
    files::write_atomically,
    model::Network,
};

/// The version of the format: that of ONNX 1.12, which everything in use reads.
pub const IR_VERSION: i64 = 8;
/// The version of ONNX's operators.
pub const OPSET: i64 = 17;

/// Protocol buffers count their bytes in 31 bits.
const MOST_BYTES: u64 = (1 << 31) - 1;

/// What a file says besides layers and weights.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// The layers, as `--model` takes them.
    pub model: &'a str,
    /// What the network was trained on.
    pub data: &'a str,
    /// What its outputs are.
    pub task: &'a Task,
    /// What its input has been through.
    pub preprocessing: &'a Preprocessing,
    /// Whether the file is to do that itself, and take raw numbers.
    pub in_graph: bool,
}

/// The model that a file holds; `weights` are in `state_dict` order.
///
/// # Errors
/// If it would be larger than a file may be.
pub fn model(network: &Network, weights: &[Vec<f32>], about: &About) -> Result<ModelProto> {
    let bytes = network.parameters() * 4;
    if bytes > MOST_BYTES / 2 {
        return Err(Error::Model(format!(
            "the weights take {bytes} bytes, more than an ONNX file of one piece should hold \
             ({}); use the safetensors file",
            MOST_BYTES / 2
        )));
    }
    let mut graph = Graph::new(&network.input);
    if about.in_graph {
        graph.preprocess(about.preprocessing);
    }
    graph.chain(network.layers(), &network.input, &mut weights.iter());
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        producer_name: Some("kiln".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some(format!("{} trained on {}", about.model, about.data)),
        graph: Some(graph.finish(network.outputs)),
        metadata_props: metadata(about),
    })
}

/// Writes [`model`] to a file, whole or not at all.
///
/// # Errors
/// As [`model`], and if the file cannot be written.
pub fn save(path: &Path, network: &Network, weights: &[Vec<f32>], about: &About) -> Result<()> {
    write_atomically(path, &model(network, weights, about)?.encode_to_vec())
}

fn metadata(about: &About) -> Vec<StringStringEntryProto> {
    let (outputs, names) = match about.task {
        Task::Classification { classes } => ("kiln.classes", classes),
        Task::Regression { outputs } => ("kiln.outputs", outputs),
    };
    let preprocessing = serde_json::json!({
        "center": about.preprocessing.center,
        "scale": about.preprocessing.scale,
        "in_graph": about.in_graph,
    });
    let all = [
        ("kiln.model", about.model.to_string()),
        ("kiln.data", about.data.to_string()),
        ("kiln.preprocessing", preprocessing.to_string()),
        (outputs, serde_json::json!(names).to_string()),
    ];
    let entry = |(key, value): (&str, String)| StringStringEntryProto {
        key: Some(key.into()),
        value: Some(value),
    };
    all.into_iter().map(entry).collect()
}
