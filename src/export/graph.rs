//! Layers as ONNX's operators.

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionValue, GraphProto, NodeProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};
use crate::{
    data::Preprocessing,
    model::{Fitted, Layer, Param},
    record::Window,
};

/// What the graph takes and gives.
const INPUT: &str = "input";
const OUTPUT: &str = "logits";

/// A graph that grows layer by layer.
pub(super) struct Graph {
    graph: GraphProto,
    /// The value that the next layer takes.
    value: String,
}

impl Graph {
    /// A graph without operations; `shape` is one sample's.
    pub(super) fn new(shape: &[u32]) -> Graph {
        let graph = GraphProto {
            name: Some("kiln".into()),
            input: vec![value_info(INPUT, shape)],
            ..GraphProto::default()
        };
        Graph {
            graph,
            value: INPUT.into(),
        }
    }

    /// Lets the graph do what was done to the network's input.
    #[allow(
        clippy::indexing_slicing,
        reason = "a graph has an input, of a batch and of channels or features"
    )]
    pub(super) fn preprocess(&mut self, p: &Preprocessing) {
        // [1, C, 1, 1] or [1, F], which broadcast over the batch and the pixels.
        let rank = self.graph.input[0]
            .r#type
            .as_ref()
            .and_then(|t| t.tensor_type.as_ref()?.shape.as_ref())
            .map_or(2, |shape| shape.dim.len());
        let mut dims = vec![1; rank];
        dims[1] = p.center.len() as i64;
        let steps = [
            ("center", "Sub", &p.center, 0.0),
            ("scale", "Mul", &p.scale, 1.0),
        ];
        for (name, op, values, neutral) in steps {
            if values.iter().any(|&v| v != neutral) {
                let name = format!("preprocessing.{name}");
                let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                self.constant(&name, dims.clone(), &values);
                self.node(&name, op, &[&name], Vec::new());
            }
        }
    }

    /// Adds a layer, whose input has shape `before`, with its weights.
    pub(super) fn layer<'a>(
        &mut self,
        layer: &Fitted,
        before: &[u32],
        weights: &mut impl Iterator<Item = &'a Vec<f32>>,
    ) {
        let mut names = Vec::new();
        for (param, values) in layer.params.iter().zip(weights) {
            self.parameter(param, values);
            names.push(param.name.as_str());
        }
        let (name, after) = (&layer.name, &layer.shape);
        match &layer.layer {
            // y = x · weightᵀ + bias.
            Layer::Linear { .. } => self.node(name, "Gemm", &names, vec![int("transB", 1)]),
            Layer::Conv2d { window, .. } => {
                let [p, q] = window.padding;
                let mut attributes = sliding(window, [p, q, p, q]);
                attributes.push(ints("dilations", &window.dilation));
                attributes.push(int("group", window.groups.into()));
                self.node(name, "Conv", &names, attributes);
            }
            Layer::Relu => self.node(name, "Relu", &[], Vec::new()),
            Layer::MaxPool2d(window) => {
                let pads = pads(window, before, after);
                let mut attributes = sliding(window, pads);
                if window.dilation != [1, 1] {
                    attributes.push(ints("dilations", &window.dilation));
                }
                self.node(name, "MaxPool", &[], attributes);
            }
            Layer::AvgPool2d {
                window,
                count_include_pad,
            } => self.average(name, window, *count_include_pad, before, after),
            Layer::GlobalAvgPool2d => self.node(name, "GlobalAveragePool", &[], Vec::new()),
            Layer::Flatten => self.node(name, "Flatten", &[], vec![int("axis", 1)]),
        }
    }

    /// PyTorch counts the padding asked for, and not what `ceil_mode` reaches beyond it. Where both
    /// matter, the former is made of zeros that are part of the input.
    fn average(
        &mut self,
        name: &str,
        window: &Window,
        count_include_pad: bool,
        before: &[u32],
        after: &[u32],
    ) {
        let [p, q] = window.padding;
        let mut pads = pads(window, before, after);
        let mut counts = count_include_pad;
        if count_include_pad && pads != [p, q, p, q] {
            let constant = format!("{name}.pads");
            let zeros = [0, 0, p, q, 0, 0, p, q].map(i64::from);
            self.integers(&constant, &zeros);
            self.node(&format!("{name}.pad"), "Pad", &[&constant], Vec::new());
            pads = [0, 0, pads[2] - p, pads[3] - q];
            counts = false;
        }
        let mut attributes = sliding(window, pads);
        attributes.push(int("count_include_pad", counts.into()));
        self.node(name, "AveragePool", &[], attributes);
    }

    /// The finished graph, whose last value is its output.
    pub(super) fn finish(mut self, outputs: u32) -> GraphProto {
        if let Some(last) = self.graph.node.last_mut() {
            last.output = vec![OUTPUT.into()];
        }
        self.graph.output = vec![value_info(OUTPUT, &[outputs])];
        self.graph
    }

    /// An operation on the value at hand and on constants.
    fn node(&mut self, name: &str, op: &str, constants: &[&str], attribute: Vec<AttributeProto>) {
        let output = format!("{name}.output");
        let mut input = vec![std::mem::replace(&mut self.value, output.clone())];
        input.extend(constants.iter().map(|&c| c.to_string()));
        self.graph.node.push(NodeProto {
            input,
            output: vec![output],
            name: Some(name.into()),
            op_type: Some(op.into()),
            attribute,
        });
    }

    fn parameter(&mut self, param: &Param, values: &[f32]) {
        let dims = param.shape.iter().map(|&d| d.into()).collect();
        self.constant(&param.name, dims, values);
    }

    fn constant(&mut self, name: &str, dims: Vec<i64>, values: &[f32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, dims, DataType::Float, bytes);
    }

    fn integers(&mut self, name: &str, values: &[i64]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, vec![values.len() as i64], DataType::Int64, bytes);
    }

    fn tensor(&mut self, name: &str, dims: Vec<i64>, data_type: DataType, bytes: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            dims,
            data_type: Some(data_type.into()),
            name: Some(name.into()),
            raw_data: Some(bytes),
        });
    }
}

/// Padding above, left, below and right such that rounding down gives the shape `after`. ONNX has a
/// `ceil_mode` of its own, whose last window runtimes place differently.
#[allow(
    clippy::indexing_slicing,
    reason = "windows slide over the two last of three dimensions"
)]
fn pads(window: &Window, before: &[u32], after: &[u32]) -> [u32; 4] {
    let end = |i: usize| {
        let reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
        let covered = (after[i + 1] - 1) * window.stride[i] + reach;
        covered
            .saturating_sub(before[i + 1] + window.padding[i])
            .max(window.padding[i])
    };
    [window.padding[0], window.padding[1], end(0), end(1)]
}

/// What convolutions and poolings have in common.
fn sliding(window: &Window, pads: [u32; 4]) -> Vec<AttributeProto> {
    vec![
        ints("kernel_shape", &window.kernel),
        ints("strides", &window.stride),
        ints("pads", &pads),
    ]
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(value),
        ints: Vec::new(),
    }
}

fn ints(name: &str, values: &[u32]) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::Ints.into()),
        i: None,
        ints: values.iter().map(|&v| v.into()).collect(),
    }
}

/// A batch of samples of `shape`, as many as one likes.
fn value_info(name: &str, shape: &[u32]) -> ValueInfoProto {
    let batch = DimensionValue::DimParam("batch".into());
    let sizes = shape.iter().map(|&d| DimensionValue::DimValue(d.into()));
    let dim = std::iter::once(batch).chain(sizes);
    let dim = dim.map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = TensorType {
        elem_type: Some(DataType::Float.into()),
        shape: Some(TensorShapeProto { dim }),
    };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor_type),
        }),
        doc_string: None,
    }
}
