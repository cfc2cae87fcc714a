//! Forward ops, each with its backward beside it.

use super::{Recorder, Tensor, Window, tensor::Kind};
use crate::{
    ops::{
        self, Epilogue, Flat, Mat, activation::Function, adaptive_avg_pool2d, channel_sum,
        gather_bytes, matmul, max_pool2d,
    },
    plan::Slice,
};

impl Recorder {
    /// `batch[r] = data[order[cursor + r]]`, words as they are; `data` is `[N, …]`.
    pub fn gather(&mut self, order: Tensor, data: Tensor, rows: u32) -> Tensor {
        let cols = data.at.len / data.shape[0];
        let mut shape = data.shape;
        shape[0] = rows;
        let batch = self.value("batch", &shape[..data.rank], Kind::Input);
        let args = [self.hyper, order.at, data.at, batch.at];
        self.push::<ops::Gather>(Mat { rows, cols }, &args);
        batch
    }

    /// A batch of images `[rows, C, …]` from bytes, decoded by `table` (`[C, 256]`); `shape` is
    /// one sample's.
    pub fn gather_bytes(
        &mut self,
        order: Tensor,
        data: Tensor,
        table: Tensor,
        shape: &[u32],
        rows: u32,
    ) -> Tensor {
        let shape = [&[rows], shape].concat();
        let batch = self.value("batch", &shape, Kind::Input);
        let channels = table.shape[0];
        let plane = batch.at.len / rows / channels;
        let dims = gather_bytes::Dims {
            rows,
            channels,
            plane,
        };
        let args = [self.hyper, order.at, data.at, table.at, batch.at];
        self.push::<ops::GatherBytes>(dims, &args);
        batch
    }

    /// The same from changed pictures: see [`augment_bytes`](crate::ops::augment_bytes). `table` is
    /// `[C · 256]` and the sizes of rectangles behind it.
    pub fn augment_bytes(
        &mut self,
        order: Tensor,
        data: Tensor,
        table: Tensor,
        dims: ops::augment_bytes::Dims,
    ) -> Tensor {
        let shape = [dims.rows, dims.channels, dims.h, dims.w];
        let batch = self.value("batch", &shape, Kind::Input);
        let args = [self.hyper, order.at, data.at, table.at, batch.at];
        self.push::<ops::AugmentBytes>(dims, &args);
        batch
    }

    /// `y = x · weightᵀ + bias`, as `torch.nn.Linear`: `x[N, in]`, `weight[out, in]`, `bias[out]`.
    pub fn linear(
        &mut self,
        x: Tensor,
        weight: Tensor,
        bias: Option<Tensor>,
        relu: bool,
    ) -> Tensor {
        let ([n, inputs], [outputs, w_in]) = (x.matrix("linear"), weight.matrix("linear"));
        assert_eq!(
            inputs,
            w_in,
            "linear: x {:?}, weight {:?}",
            x.shape(),
            weight.shape()
        );
        let mut y = self.value("linear", &[n, outputs], Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), Some(weight), bias]);
        let dims = |m, n, k, ta: bool, tb: bool, epilogue: Epilogue| matmul::Dims {
            m,
            n,
            k,
            ta: ta as u32,
            tb: tb as u32,
            epilogue: epilogue.0,
            sums: 0,
        };
        let forward = dims(
            n,
            outputs,
            inputs,
            false,
            true,
            Epilogue::forward(bias.is_some(), relu),
        );
        let e = bias.unwrap_or(weight).at;
        self.push::<ops::Matmul>(forward, &[x.at, weight.at, e, y.at]);
        self.backward_of(y, move |r, dy| {
            let gradient = dims(outputs, inputs, n, true, false, Epilogue::NONE);
            match bias.and_then(|bias| r.slots_together(weight, bias)) {
                Some((both, sums)) => {
                    let dims = matmul::Dims { sums, ..gradient };
                    r.push::<ops::Matmul>(dims, &[dy.at, x.at, x.at, both]);
                }
                None => {
                    r.grad_into(weight, |r, dw, _| {
                        r.push::<ops::Matmul>(gradient, &[dy.at, x.at, x.at, dw.at]);
                    });
                    r.bias_grad(bias, dy, [n, outputs, 1]);
                }
            }
            r.grad_into(x, |r, dx, mask| {
                let (flags, e) = mask_or(mask, weight);
                let dims = dims(n, inputs, outputs, false, false, flags);
                r.push::<ops::Matmul>(dims, &[dy.at, weight.at, e, dx.at]);
            });
        })
    }

    /// `torch.nn.Embedding`: `weight[rows, cols]` at `index[…]`, whole numbers of the data, gives `[…, cols]`.
    pub fn embedding(&mut self, index: Tensor, weight: Tensor) -> Tensor {
        let [rows, cols] = weight.matrix("embedding");
        let y = self.value("embedding", &[index.shape(), &[cols]].concat(), Kind::Value);
        self.uses(&[Some(weight)]);
        let dims = ops::embedding::Dims {
            n: index.at.len,
            rows,
            cols,
        };
        self.push::<ops::Embedding>(dims, &[index.at, weight.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(weight, |r, dw, _| {
                r.push::<ops::EmbeddingGrad>(dims, &[index.at, dy.at, dw.at]);
            });
        })
    }

    /// `torch.relu` on its own, for a ReLU that nothing can take in.
    pub fn relu(&mut self, x: Tensor) -> Tensor {
        let mut y = self.value("relu", x.shape(), Kind::Value);
        y.rectified = true;
        self.uses(&[Some(x)]);
        self.push::<ops::Relu>(Flat { n: x.at.len }, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| r.pass_grad(x, dy))
    }

    /// One of the other functions, element by element.
    pub fn activation(&mut self, x: Tensor, function: Function) -> Tensor {
        let y = self.value("activation", x.shape(), Kind::Value);
        let dims = ops::activation::Dims::new(x.at.len, function);
        self.uses(&[Some(x)]);
        self.push::<ops::Activation>(dims, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_plain(x, |r, dx| {
                r.push::<ops::ActivationGrad>(dims, &[x.at, dy.at, dx.at]);
            });
        })
    }

    /// `torch.softmax` over the last dimension, or `torch.log_softmax`.
    pub fn softmax(&mut self, x: Tensor, log: bool) -> Tensor {
        let y = self.value("softmax", x.shape(), Kind::Value);
        let cols = x.shape().last().copied().unwrap_or(1);
        let dims = ops::softmax::Dims {
            rows: x.at.len / cols,
            cols,
            log: log.into(),
        };
        self.uses(&[Some(x)]);
        self.push::<ops::Softmax>(dims, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_plain(x, |r, dx| {
                r.push::<ops::SoftmaxGrad>(dims, &[y.at, dy.at, dx.at]);
            });
        })
    }

    /// `torch.nn.Dropout` with probability `p` from 0 to less than 1, the network's dropout number `layer`.
    pub fn dropout(&mut self, x: Tensor, layer: u32, p: f64) -> Tensor {
        let y = self.value("dropout", x.shape(), Kind::Value);
        let dims = ops::dropout::Dims::new(x.at.len, layer, p);
        self.uses(&[Some(x)]);
        self.push::<ops::Dropout>(dims, &[self.hyper, x.at, x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let dims = ops::dropout::Dims {
                    mask: mask.is_some().into(),
                    ..dims
                };
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::Dropout>(dims, &[r.hyper, dy.at, e, dx.at]);
            });
        })
    }

    /// `torch.transpose(x, 1, 2)` of `x[N, A, B]`.
    pub fn transpose(&mut self, x: Tensor) -> Tensor {
        assert_eq!(x.rank, 3, "transpose: {:?} is not [N, A, B]", x.shape());
        let [batch, rows, cols, _] = x.shape;
        let y = self.value("transpose", &[batch, cols, rows], Kind::Value);
        self.uses(&[Some(x)]);
        let dims = ops::transpose::Dims { batch, rows, cols };
        self.push::<ops::Transpose>(dims, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            let dims = ops::transpose::Dims {
                rows: cols,
                cols: rows,
                ..dims
            };
            r.grad_plain(x, |r, dx| r.push::<ops::Transpose>(dims, &[dy.at, dx.at]));
        })
    }

    /// `x + y`: a residual connection.
    pub fn add(&mut self, x: Tensor, y: Tensor) -> Tensor {
        assert_eq!(x.shape(), y.shape(), "add");
        let z = self.value("add", x.shape(), Kind::Value);
        self.uses(&[Some(x), Some(y)]);
        self.push::<ops::Add>(Flat { n: z.at.len }, &[x.at, y.at, z.at]);
        self.backward_of(z, move |r, dz| {
            r.pass_grad(y, dz);
            r.pass_grad(x, dz);
        })
    }

    /// `torch.nn.MaxPool2d` over `x[N,C,H,W]`.
    pub fn max_pool2d(&mut self, x: Tensor, window: Window) -> Tensor {
        let (dims, shape) = pool_dims("max_pool2d", x, window, false);
        let y = self.value("max_pool2d", &shape, Kind::Value);
        let index = self.value("index", &shape, Kind::Input);
        self.uses(&[Some(x)]);
        self.push::<ops::MaxPool2d>(dims, &[x.at, y.at, index.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let dims = max_pool2d::Dims {
                    mask: mask.is_some() as u32,
                    ..dims
                };
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::MaxPool2dGrad>(dims, &[dy.at, index.at, e, dx.at]);
            });
        })
    }

    /// `torch.nn.AvgPool2d` over `x[N,C,H,W]`.
    pub fn avg_pool2d(&mut self, x: Tensor, window: Window, count_include_pad: bool) -> Tensor {
        let (dims, shape) = pool_dims("avg_pool2d", x, window, count_include_pad);
        let y = self.value("avg_pool2d", &shape, Kind::Value);
        self.uses(&[Some(x)]);
        self.push::<ops::AvgPool2d>(dims, &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let dims = max_pool2d::Dims {
                    mask: mask.is_some() as u32,
                    ..dims
                };
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::AvgPool2dGrad>(dims, &[dy.at, e, dx.at]);
            });
        })
    }

    /// `torch.nn.AdaptiveAvgPool2d` over `x[N,C,H,W]` to height and width `size`.
    pub fn adaptive_avg_pool2d(&mut self, x: Tensor, size: [u32; 2]) -> Tensor {
        let [n, c, h, w] = x.image("adaptive_avg_pool2d");
        let [oh, ow] = size;
        if h.is_multiple_of(oh) && w.is_multiple_of(ow) {
            // All windows are alike.
            let kernel = [h / oh, w / ow];
            let window = Window {
                stride: kernel,
                ..Window::new(kernel)
            };
            return self.avg_pool2d(x, window, true);
        }
        let y = self.value("adaptive_avg_pool2d", &[n, c, oh, ow], Kind::Value);
        let dims = move |mask: Option<Tensor>| adaptive_avg_pool2d::Dims {
            planes: n * c,
            h,
            w,
            oh,
            ow,
            mask: mask.is_some().into(),
        };
        self.uses(&[Some(x)]);
        self.push::<ops::AdaptiveAvgPool2d>(dims(None), &[x.at, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(x, |r, dx, mask| {
                let e = mask.unwrap_or(dy).at;
                r.push::<ops::AdaptiveAvgPool2dGrad>(dims(mask), &[dy.at, e, dx.at]);
            });
        })
    }

    pub(super) fn bias_grad(
        &mut self,
        bias: Option<Tensor>,
        dy: Tensor,
        [rows, channels, plane]: [u32; 3],
    ) {
        if let Some(bias) = bias {
            self.grad_into(bias, |r, db, _| {
                let dims = channel_sum::Dims {
                    rows,
                    channels,
                    plane,
                };
                r.push::<ops::ChannelSum>(dims, &[dy.at, db.at]);
            });
        }
    }
}

/// The epilogue that masks, or none with something harmless bound.
pub(super) fn mask_or(mask: Option<Tensor>, other: Tensor) -> (Epilogue, Slice) {
    match mask {
        Some(y) => (Epilogue::MASK, y.at),
        None => (Epilogue::NONE, other.at),
    }
}

fn pool_dims(
    op: &str,
    x: Tensor,
    window: Window,
    count_include_pad: bool,
) -> (max_pool2d::Dims, [u32; 4]) {
    let [n, c, h, w] = x.image(op);
    let [oh, ow] = window
        .output([h, w])
        .expect("pooling: the window fits the input");
    let dims = max_pool2d::Dims {
        planes: n * c,
        h,
        w,
        oh,
        ow,
        kh: window.kernel[0],
        kw: window.kernel[1],
        stride_h: window.stride[0],
        stride_w: window.stride[1],
        padding_h: window.padding[0],
        padding_w: window.padding[1],
        count_include_pad: count_include_pad as u32,
        mask: 0,
    };
    (dims, [n, c, oh, ow])
}
