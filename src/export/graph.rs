//! Layers as ONNX's operators.

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionValue, GraphProto, NodeProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};
use crate::{
    data::Preprocessing,
    model::{Fitted, Kind, Layer, Param},
    ops::{activation::Function, adaptive_avg_pool2d},
    record::Window,
};

/// What the graph takes and gives.
const INPUT: &str = "input";
const OUTPUT: &str = "logits";

/// A graph that grows layer by layer.
pub(super) struct Graph {
    graph: GraphProto,
    /// The value that the next layer takes.
    pub(super) value: String,
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

    /// Adds layers that follow each other, from an input of shape `before` on, with their weights.
    pub(super) fn chain<'a>(
        &mut self,
        layers: &[Fitted],
        before: &[u32],
        weights: &mut impl Iterator<Item = &'a Vec<f32>>,
    ) {
        let mut before = before;
        for layer in layers {
            self.layer(layer, before, weights);
            before = &layer.shape;
        }
    }

    /// Adds a layer, whose input has shape `before`, with its weights.
    fn layer<'a>(
        &mut self,
        layer: &Fitted,
        before: &[u32],
        weights: &mut impl Iterator<Item = &'a Vec<f32>>,
    ) {
        let mut names = Vec::new();
        for param in &layer.params {
            let Some(values) = weights.next() else { break };
            // ONNX has no place for the count of batches, which no answer depends on.
            if param.kind != Kind::Counter {
                self.parameter(param, values);
                names.push(param.name.as_str());
            }
        }
        let (name, after) = (&layer.name, &layer.shape);
        match &layer.layer {
            // y = x · weightᵀ + bias.
            Layer::Linear { .. } if after.len() == 1 => {
                self.node(name, "Gemm", &names, vec![int("transB", 1)]);
            }
            // Gemm takes matrices alone: rows of samples are rows of one matrix on the way.
            Layer::Linear { .. } => {
                let last = |shape: &[u32]| shape.last().map_or(-1, |&n| i64::from(n));
                self.reshape(&format!("{name}.rows"), &[-1, last(before)]);
                let gemm = format!("{name}.gemm");
                self.node(&gemm, "Gemm", &names, vec![int("transB", 1)]);
                let rows = after.first().map_or(-1, |&n| i64::from(n));
                self.reshape(name, &[-1, rows, last(after)]);
            }
            Layer::Conv2d { window, .. } => {
                let [p, q] = window.padding;
                let mut attributes = sliding(window, [p, q, p, q]);
                attributes.push(ints("dilations", &window.dilation));
                attributes.push(int("group", window.groups.into()));
                self.node(name, "Conv", &names, attributes);
            }
            Layer::ConvTranspose2d {
                window,
                output_padding,
                ..
            } => {
                let [p, q] = window.padding;
                let mut attributes = sliding(window, [p, q, p, q]);
                attributes.push(ints("dilations", &window.dilation));
                attributes.push(ints("output_padding", output_padding));
                self.node(name, "ConvTranspose", &names, attributes);
            }
            Layer::Embedding { .. } => {
                // To INT64, which a table is asked by; the table comes first.
                let to = i64::from(i32::from(DataType::Int64));
                self.node(&format!("{name}.index"), "Cast", &[], vec![int("to", to)]);
                let table = names.join("");
                let index = std::mem::replace(&mut self.value, table);
                self.node(name, "Gather", &[&index], Vec::new());
            }
            Layer::BatchNorm(norm) => self.batch_norm(name, norm, &names, after),
            Layer::LayerNorm { shape, eps, affine } => {
                self.layer_norm(name, (shape, *eps, *affine), &names, after);
            }
            Layer::GroupNorm { groups, eps, .. } => {
                self.group_norm(name, (*groups, *eps), &names, after);
            }
            // Nothing is dropped from answers.
            Layer::Dropout(_) => self.node(name, "Identity", &[], Vec::new()),
            Layer::Transpose => {
                self.node(name, "Transpose", &[], vec![ints("perm", &[0, 2, 1])]);
            }
            Layer::FlattenImages => self.reshape(name, &[0, 0, -1]),
            Layer::GlobalAvgPool1d => {
                self.node(name, "GlobalAveragePool", &[], Vec::new());
            }
            Layer::Residual { .. } => {
                let [body, shortcut] = &layer.branches;
                let x = self.value.clone();
                self.chain(body, before, weights);
                let y = std::mem::replace(&mut self.value, x);
                self.chain(shortcut, before, weights);
                self.node(name, "Add", &[&y], Vec::new());
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
            Layer::Activation(function) => self.activation(name, *function),
            Layer::Softmax { log } => {
                let op = if *log { "LogSoftmax" } else { "Softmax" };
                self.node(name, op, &[], vec![int("axis", 1)]);
            }
            Layer::AdaptiveAvgPool2d([1, 1]) => {
                self.node(name, "GlobalAveragePool", &[], Vec::new());
            }
            Layer::AdaptiveAvgPool2d(size) => self.adaptive(name, *size, before, after),
            Layer::Flatten => self.node(name, "Flatten", &[], vec![int("axis", 1)]),
        }
    }

    pub(super) fn reshape(&mut self, name: &str, shape: &[i64]) {
        let constant = format!("{name}.shape");
        self.integers(&constant, shape);
        self.node(name, "Reshape", &[&constant], Vec::new());
    }

    /// What ONNX has no operator for in this version is made of those that it has.
    fn activation(&mut self, name: &str, function: Function) {
        match function {
            Function::LeakyRelu(slope) => {
                self.node(name, "LeakyRelu", &[], vec![float("alpha", slope)]);
            }
            Function::Elu(alpha) => self.node(name, "Elu", &[], vec![float("alpha", alpha)]),
            Function::Tanh => self.node(name, "Tanh", &[], Vec::new()),
            Function::Sigmoid => self.node(name, "Sigmoid", &[], Vec::new()),
            Function::Silu => {
                let x = self.value.clone();
                self.node(&format!("{name}.sigmoid"), "Sigmoid", &[], Vec::new());
                self.node(name, "Mul", &[&x], Vec::new());
            }
            Function::Gelu => {
                let x = self.value.clone();
                let scale = std::f32::consts::FRAC_1_SQRT_2;
                self.scaled(&format!("{name}.scaled"), "Mul", scale);
                self.node(&format!("{name}.erf"), "Erf", &[], Vec::new());
                self.half_of(name, &x);
            }
            Function::GeluTanh => {
                let x = self.value.clone();
                self.node(&format!("{name}.square"), "Mul", &[&x], Vec::new());
                self.scaled(&format!("{name}.cubic"), "Mul", 0.044715);
                self.scaled(&format!("{name}.linear"), "Add", 1.0);
                self.node(&format!("{name}.inner"), "Mul", &[&x], Vec::new());
                let to_tanh = (2.0 / std::f64::consts::PI).sqrt() as f32;
                self.scaled(&format!("{name}.scaled"), "Mul", to_tanh);
                self.node(&format!("{name}.tanh"), "Tanh", &[], Vec::new());
                self.half_of(name, &x);
            }
        }
    }

    /// An operation with one number.
    fn scaled(&mut self, name: &str, op: &str, number: f32) {
        let constant = format!("{name}.number");
        self.constant(&constant, Vec::new(), &[number]);
        self.node(name, op, &[&constant], Vec::new());
    }

    /// `(value + 1) · x / 2`.
    fn half_of(&mut self, name: &str, x: &str) {
        self.scaled(&format!("{name}.more"), "Add", 1.0);
        self.node(&format!("{name}.times"), "Mul", &[x], Vec::new());
        self.scaled(name, "Mul", 0.5);
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

    /// ONNX's windows are all alike. Where torch's are not, the mean over rows and the mean over columns are each a
    /// product with a matrix.
    fn adaptive(&mut self, name: &str, [oh, ow]: [u32; 2], before: &[u32], after: &[u32]) {
        let &[_, h, w] = before else { return };
        if h.is_multiple_of(oh) && w.is_multiple_of(ow) {
            let kernel = [h / oh, w / ow];
            let window = Window {
                stride: kernel,
                ..Window::new(kernel)
            };
            return self.average(name, &window, true, before, after);
        }
        let mean = |o: u32, i: u32, size: u32, outputs: u32| {
            let window = adaptive_avg_pool2d::window(o, size, outputs);
            match window.contains(&i) {
                true => 1.0 / (window.end - window.start) as f32,
                false => 0.0,
            }
        };
        let columns = (0..w).flat_map(|i| (0..ow).map(move |o| mean(o, i, w, ow)));
        let rows = (0..oh).flat_map(|o| (0..h).map(move |i| mean(o, i, h, oh)));
        let (columns, rows): (Vec<f32>, Vec<f32>) = (columns.collect(), rows.collect());
        let (right, left) = (format!("{name}.columns"), format!("{name}.rows"));
        self.constant(&right, vec![w.into(), ow.into()], &columns);
        self.constant(&left, vec![oh.into(), h.into()], &rows);
        self.node(&right.clone(), "MatMul", &[&right], Vec::new());
        let x = std::mem::replace(&mut self.value, left);
        self.node(name, "MatMul", &[&x], Vec::new());
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
    pub(super) fn node(
        &mut self,
        name: &str,
        op: &str,
        constants: &[&str],
        attribute: Vec<AttributeProto>,
    ) {
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

    pub(super) fn constant(&mut self, name: &str, dims: Vec<i64>, values: &[f32]) {
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

pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(value),
        ..AttributeProto::default()
    }
}

pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::Float.into()),
        f: Some(value),
        ..AttributeProto::default()
    }
}

fn ints(name: &str, values: &[u32]) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::Ints.into()),
        ints: values.iter().map(|&v| v.into()).collect(),
        ..AttributeProto::default()
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
