//! Models with a name.

use super::Layer;
use crate::record::Window;

/// What `--model` knows besides expressions.
pub const PRESETS: [&str; 4] = ["mlp", "lenet", "linear", "small-cnn"];

/// The layers of a preset, fitted to images or rows of shape `input`.
pub(super) fn find(name: &str, input: &[u32], outputs: u32) -> Option<Vec<(String, Layer)>> {
    let flat = |layers: Vec<(&'static str, Layer)>| match input.len() {
        1 => layers,
        _ => [vec![("flatten", Layer::Flatten)], layers].concat(),
    };
    let layers = match name {
        "linear" => flat(vec![("linear", linear(outputs))]),
        "mlp" => flat(vec![
            ("fc1", linear(100)),
            ("relu1", Layer::Relu),
            ("fc2", linear(outputs)),
        ]),
        "lenet" => vec![
            ("conv1", conv(10, 5, 0)),
            ("relu1", Layer::Relu),
            ("pool1", pool()),
            ("conv2", conv(20, 5, 0)),
            ("relu2", Layer::Relu),
            ("pool2", pool()),
            ("flatten", Layer::Flatten),
            ("fc1", linear(50)),
            ("relu3", Layer::Relu),
            ("fc2", linear(outputs)),
        ],
        "small-cnn" => vec![
            ("conv1", conv(16, 3, 1)),
            ("relu1", Layer::Relu),
            ("pool1", pool()),
            ("conv2", conv(32, 3, 1)),
            ("relu2", Layer::Relu),
            ("pool2", pool()),
            ("flatten", Layer::Flatten),
            ("fc1", linear(outputs)),
        ],
        _ => return None,
    };
    Some(
        layers
            .into_iter()
            .map(|(name, layer)| (name.to_string(), layer))
            .collect(),
    )
}

fn linear(outputs: u32) -> Layer {
    Layer::Linear {
        inputs: None,
        outputs,
        bias: true,
    }
}

fn conv(outputs: u32, kernel: u32, padding: u32) -> Layer {
    let window = Window {
        padding: [padding; 2],
        ..Window::new([kernel; 2])
    };
    Layer::Conv2d {
        inputs: None,
        outputs,
        window,
        bias: true,
    }
}

fn pool() -> Layer {
    Layer::MaxPool2d(Window {
        stride: [2, 2],
        ..Window::new([2, 2])
    })
}
