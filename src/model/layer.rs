//! Layers as data, in the words of `torch.nn`, and how they print.

use std::fmt;

use crate::{ops::activation::Function, record::Window};

/// One layer. Sizes that the input decides may be left out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Layer {
    /// `torch.nn.Linear`: `[N, in]` to `[N, out]`.
    Linear {
        /// Features of the input, checked if given.
        inputs: Option<u32>,
        /// Features of the output.
        outputs: u32,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `torch.nn.Conv2d`: `[N, C, H, W]` to `[N, O, OH, OW]`.
    Conv2d {
        /// Channels of the input, checked if given.
        inputs: Option<u32>,
        /// Channels of the output.
        outputs: u32,
        /// Kernel, stride, padding, dilation, groups.
        window: Window,
        /// Whether it has a bias.
        bias: bool,
    },
    /// `torch.nn.ConvTranspose2d`: `[N, C, H, W]` to `[N, O, OH, OW]`.
    ConvTranspose2d {
        /// Channels of the input, checked if given.
        inputs: Option<u32>,
        /// Channels of the output.
        outputs: u32,
        /// Kernel, stride, padding, dilation.
        window: Window,
        /// Rows and columns of the output behind those that the windows reach.
        output_padding: [u32; 2],
        /// Whether it has a bias.
        bias: bool,
    },
    /// `torch.nn.Embedding` of the data's own numbers: `[N, L]` to `[N, L, D]`.
    Embedding {
        /// Rows of its table: indices are less.
        rows: u32,
        /// Numbers of a row.
        size: u32,
    },
    /// `torch.nn.ReLU`.
    Relu,
    /// `torch.nn.LeakyReLU`, `ELU`, `Tanh`, `Sigmoid`, `SiLU` or `GELU`.
    Activation(Function),
    /// `torch.nn.Softmax` over the features of `[N, features]`, or `torch.nn.LogSoftmax`.
    Softmax {
        /// Whether it is the logarithm.
        log: bool,
    },
    /// `torch.nn.MaxPool2d`.
    MaxPool2d(Window),
    /// `torch.nn.AvgPool2d`.
    AvgPool2d {
        /// Window, stride, padding.
        window: Window,
        /// Whether padding counts in the average.
        count_include_pad: bool,
    },
    /// `torch.nn.AdaptiveAvgPool2d` to this height and width.
    AdaptiveAvgPool2d([u32; 2]),
    /// `torch.nn.Flatten`: `[N, …]` to `[N, features]`.
    Flatten,
    /// `torch.nn.BatchNorm2d` or `torch.nn.BatchNorm1d`.
    BatchNorm(BatchNorm),
    /// `torch.nn.LayerNorm` over the last dimensions.
    LayerNorm {
        /// Their sizes; the last one alone where none are given.
        shape: Vec<u32>,
        /// Added to the variance.
        eps: f32,
        /// Whether it has a weight and a bias.
        affine: bool,
    },
    /// `torch.nn.GroupNorm`.
    GroupNorm {
        /// Groups of channels.
        groups: u32,
        /// Channels, checked if given.
        channels: Option<u32>,
        /// Added to the variance.
        eps: f32,
        /// Whether it has a weight and a bias.
        affine: bool,
    },
    /// `torch.nn.Dropout` with this probability; identity in evaluation.
    Dropout(f64),
    /// `torch.transpose(x, 1, 2)` of `[N, A, B]`.
    Transpose,
    /// `torch.nn.Flatten(2)`: `[N, C, H, W]` to `[N, C, H · W]`.
    FlattenImages,
    /// `torch.nn.AdaptiveAvgPool1d(1)`: the mean of every channel of `[N, C, L]`.
    GlobalAvgPool1d,
    /// `y = body(x) + shortcut(x)`, two chains of layers; without layers, the shortcut is x itself. In torch:
    /// a module with `self.body = nn.Sequential(…)` and `self.shortcut = nn.Sequential(…)`.
    Residual {
        /// Layers that follow each other.
        body: Vec<Layer>,
        /// Those beside them.
        shortcut: Vec<Layer>,
    },
}

/// A batch normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// `[N, C, H, W]`; else `[N, features]`.
    pub images: bool,
    /// Channels or features, checked if given.
    pub features: Option<u32>,
    /// Added to the variance.
    pub eps: f32,
    /// What a batch counts in the running statistics; none for the mean of all batches.
    pub momentum: Option<f32>,
    /// Whether it has a weight and a bias.
    pub affine: bool,
}

/// Prints a pair as torch takes it: one number if both are equal.
fn show(pair: [u32; 2]) -> String {
    if pair[0] == pair[1] {
        pair[0].to_string()
    } else {
        format!("({}, {})", pair[0], pair[1])
    }
}

/// As `torch.nn` would print it, with everything that is not a default.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let not = |list: &mut Vec<String>, name: &str, value: [u32; 2], default: [u32; 2]| {
            if value != default {
                list.push(format!("{name}={}", show(value)));
            }
        };
        let mut list = Vec::new();
        let name = match self {
            Layer::Linear {
                inputs,
                outputs,
                bias,
            } => {
                list.extend(inputs.map(|i| i.to_string()));
                list.push(outputs.to_string());
                list.extend((!bias).then(|| "bias=False".into()));
                "Linear"
            }
            Layer::Conv2d {
                inputs,
                outputs,
                window,
                bias,
            } => {
                list.extend(inputs.map(|i| i.to_string()));
                list.extend([outputs.to_string(), show(window.kernel)]);
                not(&mut list, "stride", window.stride, [1, 1]);
                not(&mut list, "padding", window.padding, [0, 0]);
                not(&mut list, "dilation", window.dilation, [1, 1]);
                list.extend((window.groups > 1).then(|| format!("groups={}", window.groups)));
                list.extend((!bias).then(|| "bias=False".into()));
                "Conv2d"
            }
            Layer::ConvTranspose2d {
                inputs,
                outputs,
                window,
                output_padding,
                bias,
            } => {
                list.extend(inputs.map(|i| i.to_string()));
                list.extend([outputs.to_string(), show(window.kernel)]);
                not(&mut list, "stride", window.stride, [1, 1]);
                not(&mut list, "padding", window.padding, [0, 0]);
                not(&mut list, "output_padding", *output_padding, [0, 0]);
                list.extend((!bias).then(|| "bias=False".into()));
                not(&mut list, "dilation", window.dilation, [1, 1]);
                "ConvTranspose2d"
            }
            Layer::Embedding { rows, size } => {
                list.extend([rows.to_string(), size.to_string()]);
                "Embedding"
            }
            Layer::Relu => return f.write_str("ReLU"),
            Layer::BatchNorm(norm) => {
                list.extend(norm.features.map(|n| n.to_string()));
                list.extend((norm.eps != 1e-5).then(|| format!("eps={}", norm.eps)));
                match norm.momentum {
                    Some(0.1) => {}
                    Some(m) => list.push(format!("momentum={m}")),
                    None => list.push("momentum=None".into()),
                }
                list.extend((!norm.affine).then(|| "affine=False".into()));
                if norm.images {
                    "BatchNorm2d"
                } else {
                    "BatchNorm1d"
                }
            }
            Layer::LayerNorm { shape, eps, affine } => {
                match shape[..] {
                    [] => {}
                    [one] => list.push(one.to_string()),
                    _ => list.push(format!("{shape:?}")),
                }
                list.extend((*eps != 1e-5).then(|| format!("eps={eps}")));
                list.extend((!affine).then(|| "elementwise_affine=False".into()));
                "LayerNorm"
            }
            Layer::GroupNorm {
                groups,
                channels,
                eps,
                affine,
            } => {
                list.push(groups.to_string());
                list.extend(channels.map(|n| n.to_string()));
                list.extend((*eps != 1e-5).then(|| format!("eps={eps}")));
                list.extend((!affine).then(|| "affine=False".into()));
                "GroupNorm"
            }
            Layer::Dropout(p) => {
                list.extend((*p != 0.5).then(|| p.to_string()));
                "Dropout"
            }
            Layer::Transpose => return f.write_str("Transpose(1, 2)"),
            Layer::FlattenImages => return f.write_str("Flatten(2)"),
            Layer::GlobalAvgPool1d => return f.write_str("AdaptiveAvgPool1d(1)"),
            Layer::Residual { body, shortcut } => {
                list.extend(body.iter().map(Layer::to_string));
                let beside: Vec<String> = shortcut.iter().map(Layer::to_string).collect();
                if !beside.is_empty() {
                    list.push(format!("shortcut=Sequential({})", beside.join(", ")));
                }
                "Residual"
            }
            Layer::MaxPool2d(window) | Layer::AvgPool2d { window, .. } => {
                list.push(show(window.kernel));
                not(&mut list, "stride", window.stride, window.kernel);
                not(&mut list, "padding", window.padding, [0, 0]);
                list.extend(window.ceil_mode.then(|| "ceil_mode=True".into()));
                match self {
                    Layer::AvgPool2d {
                        count_include_pad, ..
                    } => {
                        list.extend((!count_include_pad).then(|| "count_include_pad=False".into()));
                        "AvgPool2d"
                    }
                    _ => "MaxPool2d",
                }
            }
            Layer::Activation(function) => {
                match function {
                    Function::LeakyRelu(0.01) | Function::Elu(1.0) => {}
                    Function::LeakyRelu(x) | Function::Elu(x) => list.push(x.to_string()),
                    Function::GeluTanh => list.push("approximate='tanh'".into()),
                    _ => {}
                }
                function.name()
            }
            Layer::Softmax { log: false } => return f.write_str("Softmax(1)"),
            Layer::Softmax { log: true } => return f.write_str("LogSoftmax(1)"),
            Layer::AdaptiveAvgPool2d(size) => {
                list.push(show(*size));
                "AdaptiveAvgPool2d"
            }
            Layer::Flatten => return f.write_str("Flatten"),
        };
        match list.is_empty() {
            true => f.write_str(name),
            false => write!(f, "{name}({})", list.join(", ")),
        }
    }
}
