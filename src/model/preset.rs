//! Models with a name.

use super::Layer;
use crate::record::Window;

/// What `--model` knows besides expressions.
pub const PRESETS: [&str; 8] = [
    "mlp",
    "lenet",
    "linear",
    "small-cnn",
    "resnet8",
    "resnet18",
    "vgg11",
    "mlp-mixer",
];

/// The layers of a preset that is written as an expression, named as those of one are.
pub(super) fn expression(name: &str, input: &[u32], outputs: u32) -> Option<String> {
    Some(match name {
        "resnet8" => resnet(16, &[(16, 1, 1), (32, 2, 1), (64, 2, 1)], outputs),
        "resnet18" => resnet(
            64,
            &[(64, 1, 2), (128, 2, 2), (256, 2, 2), (512, 2, 2)],
            outputs,
        ),
        "mlp-mixer" => mixer(input, outputs),
        "vgg11" => {
            let stages: [&[u32]; 5] = [&[64], &[128], &[256, 256], &[512, 512], &[512, 512]];
            let conv = |c: &u32| format!("Conv2d({c}, 3, padding=1) BatchNorm2d ReLU ");
            let stage = |s: &&[u32]| s.iter().map(conv).collect::<String>() + "MaxPool2d(2) ";
            let convolutions: String = stages.iter().map(stage).collect();
            format!("{convolutions}Flatten Linear({outputs})")
        }
        _ => return None,
    })
}

/// I. Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", 2021: patches of 4 × 4, four blocks, 64
/// channels; the first MLP of a block mixes patches, the second one channels.
fn mixer(input: &[u32], outputs: u32) -> String {
    // What is no image, or smaller than a patch, is for the convolution to refuse.
    let patches = match input {
        &[_, h, w] => ((h / 4).saturating_mul(w / 4)).max(1),
        _ => 1,
    };
    let block = format!(
        "Residual(LayerNorm, Transpose(1, 2), Linear(32), GELU, Linear({patches}), Transpose(1, 2)) \
         Residual(LayerNorm, Linear(256), GELU, Linear(64)) "
    );
    format!(
        "Conv2d(64, 4, stride=4) Flatten(2) Transpose(1, 2) {}LayerNorm Transpose(1, 2) AdaptiveAvgPool1d(1) \
         Flatten Linear({outputs})",
        block.repeat(4)
    )
}

/// K. He et al., "Deep residual learning for image recognition", 2015, section 4.2: for images of 32 × 32, with a
/// stem of 3 × 3 and no pooling behind it. Stages are `(channels, stride of the first block, blocks)`; where the shape
/// changes, the shortcut is a convolution of 1 × 1 (option B), as in the PyTorch implementations for CIFAR.
fn resnet(stem: u32, stages: &[(u32, u32, u32)], outputs: u32) -> String {
    let mut text = format!("Conv2d({stem}, 3, padding=1, bias=False) BatchNorm2d ReLU ");
    let mut before = stem;
    for &(c, first, blocks) in stages {
        for block in 0..blocks {
            let stride = if block == 0 { first } else { 1 };
            let shortcut = match (stride, before == c) {
                (1, true) => String::new(),
                _ => format!(
                    ", shortcut=Sequential(Conv2d({c}, 1, stride={stride}, bias=False), BatchNorm2d)"
                ),
            };
            text += &format!(
                "Residual(Conv2d({c}, 3, stride={stride}, padding=1, bias=False), BatchNorm2d, ReLU, \
                 Conv2d({c}, 3, padding=1, bias=False), BatchNorm2d{shortcut}) ReLU "
            );
            before = c;
        }
    }
    text + &format!("AdaptiveAvgPool2d(1) Flatten Linear({outputs})")
}

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
