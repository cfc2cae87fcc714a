//! A network's forward pass, layer by layer.

use super::{Fitted, Layer, Network, layer::BatchNorm};
use crate::{
    plan::Slice,
    record::{Recorder, Statistics, Tensor, Window},
};

/// What a forward pass is for: some layers do something else in training.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// For a training step of a run with this `control`.
    Train {
        /// Where the run notes that it has ended.
        control: Slice,
    },
    /// For answers.
    Eval,
}

/// What the layers of a pass have in common, while they are recorded.
struct Pass<'a, P> {
    r: &'a mut Recorder,
    params: P,
    mode: Mode,
    /// Dropouts so far.
    dropouts: u32,
}

impl Network {
    /// Records the forward pass of a batch `x[N, …]`; the result is `[N, outputs]`.
    pub fn record(&self, r: &mut Recorder, params: &[Tensor], x: Tensor, mode: Mode) -> Tensor {
        let params = params.iter().copied();
        let mut pass = Pass {
            r,
            params,
            mode,
            dropouts: 0,
        };
        pass.chain(&self.layers, x)
    }
}

#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "`fit` has made these layers fit each other, and `declare` these tensors"
)]
impl<P: Iterator<Item = Tensor>> Pass<'_, P> {
    fn next_param(&mut self) -> Tensor {
        self.params.next().expect("one tensor per parameter")
    }

    fn chain(&mut self, layers: &[Fitted], mut x: Tensor) -> Tensor {
        let n = x.shape()[0];
        let mut layers = layers.iter().peekable();
        while let Some(l) = layers.next() {
            let mut fused = || layers.next_if(|l| l.layer == Layer::Relu).is_some();
            x = match &l.layer {
                Layer::Linear { bias, .. } => {
                    let weight = self.next_param();
                    let bias = bias.then(|| self.next_param());
                    let features = weight.shape()[1];
                    let rows = x.view(&[x.at.len / features, features]);
                    let y = self.r.linear(rows, weight, bias, fused());
                    y.view(&[&[n], &l.shape[..]].concat())
                }
                Layer::Conv2d { window, bias, .. } => {
                    let weight = self.next_param();
                    let bias = bias.then(|| self.next_param());
                    self.r.conv2d(x, weight, bias, *window, fused())
                }
                Layer::ConvTranspose2d {
                    window,
                    output_padding,
                    bias,
                    ..
                } => {
                    let weight = self.next_param();
                    let bias = bias.then(|| self.next_param());
                    let more = *output_padding;
                    (self.r).conv_transpose2d(x, weight, bias, *window, more, fused())
                }
                Layer::Embedding { .. } => {
                    let weight = self.next_param();
                    self.r.embedding(x, weight)
                }
                Layer::BatchNorm(norm) => self.batch_norm(norm, x, fused()),
                Layer::LayerNorm { shape, eps, affine } => {
                    let affine = affine.then(|| [self.next_param(), self.next_param()]);
                    let size = match shape[..] {
                        [] => l.shape.last().copied().expect("a dimension"),
                        _ => shape.iter().product(),
                    };
                    self.r.group_norm(x, affine, size, [1, size], *eps)
                }
                Layer::GroupNorm {
                    groups,
                    eps,
                    affine,
                    ..
                } => {
                    let affine = affine.then(|| [self.next_param(), self.next_param()]);
                    let (channels, sample) = (l.shape[0], x.at.len / n);
                    let layout = [sample / channels, channels];
                    self.r.group_norm(x, affine, sample / groups, layout, *eps)
                }
                Layer::Dropout(p) => self.dropout(x, *p),
                Layer::Transpose => self.r.transpose(x),
                Layer::FlattenImages => x.view(&[n, l.shape[0], l.shape[1]]),
                Layer::GlobalAvgPool1d => {
                    let &[_, channels, length] = x.shape() else {
                        unreachable!("fitted to rows of channels")
                    };
                    let line = x.view(&[n, channels, 1, length]);
                    let window = Window::new([1, length]);
                    let y = self.r.avg_pool2d(line, window, true);
                    y.view(&[n, channels, 1])
                }
                Layer::Residual { .. } => {
                    let [body, shortcut] = &l.branches;
                    let y = self.chain(body, x);
                    let beside = self.chain(shortcut, x);
                    self.r.add(y, beside)
                }
                Layer::Relu => self.r.relu(x),
                Layer::Activation(function) => self.r.activation(x, *function),
                Layer::Softmax { log } => self.r.softmax(x, *log),
                Layer::MaxPool2d(window) => self.r.max_pool2d(x, *window),
                Layer::AvgPool2d {
                    window,
                    count_include_pad,
                } => self.r.avg_pool2d(x, *window, *count_include_pad),
                Layer::AdaptiveAvgPool2d(size) => self.r.adaptive_avg_pool2d(x, *size),
                Layer::Flatten => x.view(&[n, l.shape[0]]),
            };
        }
        x
    }

    fn dropout(&mut self, x: Tensor, p: f64) -> Tensor {
        let layer = self.dropouts;
        self.dropouts += 1;
        match self.mode {
            Mode::Train { .. } if p > 0.0 => self.r.dropout(x, layer, p),
            _ => x,
        }
    }

    fn batch_norm(&mut self, norm: &BatchNorm, x: Tensor, relu: bool) -> Tensor {
        let affine = norm.affine.then(|| [self.next_param(), self.next_param()]);
        let [mean, _, count] = [(); 3].map(|()| self.next_param());
        let running = Slice {
            len: count.at.offset + 1 - mean.at.offset,
            ..mean.at
        };
        let statistics = match self.mode {
            Mode::Eval => Statistics::Running(running),
            Mode::Train { control } => Statistics::Batch {
                running,
                momentum: norm.momentum,
                control,
            },
        };
        self.r.batch_norm(x, affine, statistics, norm.eps, relu)
    }
}
