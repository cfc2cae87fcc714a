//! Convolutions and transposed ones, whose passes are each other's.

use super::{Recorder, Tensor, Window, forward::mask_or, tensor::Kind};
use crate::ops::{self, Epilogue, conv2d};

impl Recorder {
    /// Cross-correlation as `torch.nn.Conv2d`: `x[N,C,H,W]`, `weight[O,C/G,KH,KW]`, `bias[O]`.
    pub fn conv2d(
        &mut self,
        x: Tensor,
        weight: Tensor,
        bias: Option<Tensor>,
        window: Window,
        relu: bool,
    ) -> Tensor {
        let [n, c, h, w] = x.image("conv2d");
        let [o, group_c, kh, kw] = weight.image("conv2d");
        let window = Window {
            kernel: [kh, kw],
            ..window
        };
        assert_eq!(
            c,
            group_c * window.groups,
            "conv2d: x {:?}, weight {:?}",
            x.shape(),
            weight.shape()
        );
        let [oh, ow] = window
            .output([h, w])
            .expect("conv2d: the kernel fits the input");
        let mut y = self.value("conv2d", &[n, o, oh, ow], Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), Some(weight), bias]);
        let dims = move |epilogue: Epilogue| conv2d::Dims {
            n,
            c,
            h,
            w,
            o,
            oh,
            ow,
            kh,
            kw,
            stride_h: window.stride[0],
            stride_w: window.stride[1],
            padding_h: window.padding[0],
            padding_w: window.padding[1],
            dilation_h: window.dilation[0],
            dilation_w: window.dilation[1],
            groups: window.groups,
            epilogue: epilogue.0,
            sums: 0,
        };
        let e = bias.unwrap_or(weight).at;
        let forward = dims(Epilogue::forward(bias.is_some(), relu));
        self.push::<ops::Conv2d>(forward, &[x.at, weight.at, e, y.at]);
        self.backward_of(y, move |r, dy| {
            let gradient = dims(Epilogue::NONE);
            match bias.and_then(|bias| r.slots_together(weight, bias)) {
                Some((both, sums)) => {
                    let dims = conv2d::Dims { sums, ..gradient };
                    r.push::<ops::Conv2dDw>(dims, &[dy.at, x.at, both]);
                }
                None => {
                    r.grad_into(weight, |r, dw, _| {
                        r.push::<ops::Conv2dDw>(gradient, &[dy.at, x.at, dw.at]);
                    });
                    r.bias_grad(bias, dy, [n, o, oh * ow]);
                }
            }
            r.grad_into(x, |r, dx, mask| {
                let (flags, e) = mask_or(mask, weight);
                r.push::<ops::Conv2dDx>(dims(flags), &[dy.at, weight.at, e, dx.at]);
            });
        })
    }

    /// `torch.nn.ConvTranspose2d`: `x[N,C,H,W]`, `weight[C,O,KH,KW]`, `bias[O]`, with `output_padding` more rows and
    /// columns than the windows reach. It is the gradient of a convolution for its input, and a convolution's passes
    /// are its own the other way round.
    pub fn conv_transpose2d(
        &mut self,
        x: Tensor,
        weight: Tensor,
        bias: Option<Tensor>,
        window: Window,
        output_padding: [u32; 2],
        relu: bool,
    ) -> Tensor {
        let [n, c, h, w] = x.image("conv_transpose2d");
        let [w_in, o, kh, kw] = weight.image("conv_transpose2d");
        let window = Window {
            kernel: [kh, kw],
            ..window
        };
        let shapes = (x.shape(), weight.shape());
        assert_eq!(c, w_in, "conv_transpose2d: x, weight {shapes:?}");
        let [oh, ow] = window
            .transposed([h, w], output_padding)
            .expect("conv_transpose2d: its output is something");
        let mut y = self.value("conv_transpose2d", &[n, o, oh, ow], Kind::Value);
        y.rectified = relu;
        self.uses(&[Some(x), Some(weight), bias]);
        // In the words of the convolution from y to x.
        let dims = move |epilogue: Epilogue| conv2d::Dims {
            n,
            c: o,
            h: oh,
            w: ow,
            o: c,
            oh: h,
            ow: w,
            kh,
            kw,
            stride_h: window.stride[0],
            stride_w: window.stride[1],
            padding_h: window.padding[0],
            padding_w: window.padding[1],
            dilation_h: window.dilation[0],
            dilation_w: window.dilation[1],
            groups: 1,
            epilogue: epilogue.0,
            sums: 0,
        };
        let e = bias.unwrap_or(weight).at;
        let forward = dims(Epilogue::forward(bias.is_some(), relu));
        self.push::<ops::Conv2dDx>(forward, &[x.at, weight.at, e, y.at]);
        self.backward_of(y, move |r, dy| {
            r.grad_into(weight, |r, dw, _| {
                r.push::<ops::Conv2dDw>(dims(Epilogue::NONE), &[x.at, dy.at, dw.at]);
            });
            r.bias_grad(bias, dy, [n, o, oh * ow]);
            r.grad_into(x, |r, dx, mask| {
                let (flags, e) = mask_or(mask, weight);
                r.push::<ops::Conv2d>(dims(flags), &[dy.at, weight.at, e, dx.at]);
            });
        })
    }
}
