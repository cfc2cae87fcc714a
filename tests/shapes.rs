//! Random shapes of kernels, for properties.

use kiln::{
    ops::{
        Epilogue, Mat, adaptive_avg_pool2d, conv2d, cross_entropy_log, embedding, matmul,
        max_pool2d, moments, norm_grad, norm_sums, normalize, pointwise_loss, scale_channels,
        softmax_cross_entropy,
    },
    record::Window,
};
use proptest::prelude::*;

use crate::{
    common::{Case, words},
    ops::op,
};

fn size() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(1u32),
        2..9u32,
        Just(31),
        Just(32),
        Just(33),
        Just(64),
        Just(67),
        Just(97)
    ]
}

fn any_matmul() -> impl Strategy<Value = Vec<u32>> {
    let epilogue = prop_oneof![0..4u32, Just(Epilogue::MASK.0)];
    (size(), size(), size(), 0..2u32, 0..2u32, epilogue).prop_map(|(m, n, k, ta, tb, epilogue)| {
        words(matmul::Dims {
            m,
            n,
            k,
            ta,
            tb,
            epilogue,
            sums: 0,
        })
    })
}

/// A window that may exceed its input by a little padding, and an input that it fits.
fn any_window(most_padding: fn(u32) -> u32) -> impl Strategy<Value = (Window, [u32; 2])> {
    let along = (1..5u32, 1..4u32, 1..3u32, 0..4u32, 0..9u32);
    let along = along.prop_map(move |(kernel, stride, dilation, padding, more)| {
        let padding = padding.min(most_padding(kernel));
        let reach = dilation * (kernel - 1) + 1;
        let size = (reach + more).saturating_sub(2 * padding).max(1);
        (kernel, stride, dilation, padding, size)
    });
    (along.clone(), along).prop_map(|(y, x)| {
        let window = Window {
            stride: [y.1, x.1],
            dilation: [y.2, x.2],
            padding: [y.3, x.3],
            ..Window::new([y.0, x.0])
        };
        (window, [y.4, x.4])
    })
}

fn any_conv() -> impl Strategy<Value = Vec<u32>> {
    let counts = (1..4u32, 1..4u32, 1..4u32, 1..6u32);
    let epilogue = prop_oneof![0..4u32, Just(Epilogue::MASK.0)];
    (any_window(|_| 3), counts, epilogue).prop_map(
        |((window, size), (n, groups, group_c, group_o), epilogue)| {
            let [oh, ow] = window.output(size).expect("it was made to fit");
            words(conv2d::Dims {
                n,
                c: groups * group_c,
                h: size[0],
                w: size[1],
                o: groups * group_o,
                oh,
                ow,
                kh: window.kernel[0],
                kw: window.kernel[1],
                stride_h: window.stride[0],
                stride_w: window.stride[1],
                padding_h: window.padding[0],
                padding_w: window.padding[1],
                dilation_h: window.dilation[0],
                dilation_w: window.dilation[1],
                groups,
                epilogue,
                sums: 0,
            })
        },
    )
}

fn any_pool() -> impl Strategy<Value = Vec<u32>> {
    let window = any_window(|kernel| kernel / 2);
    (window, 1..7u32, any::<bool>(), 0..2u32, 0..2u32).prop_map(
        |((window, size), planes, ceil_mode, count_include_pad, mask)| {
            let window = Window {
                dilation: [1, 1],
                ceil_mode,
                ..window
            };
            let [oh, ow] = window.output(size).expect("it was made to fit");
            words(max_pool2d::Dims {
                planes,
                h: size[0],
                w: size[1],
                oh,
                ow,
                kh: window.kernel[0],
                kw: window.kernel[1],
                stride_h: window.stride[0],
                stride_w: window.stride[1],
                padding_h: window.padding[0],
                padding_w: window.padding[1],
                count_include_pad,
                mask,
            })
        },
    )
}

/// A normalisation as a recorder lays it out: of batches, of groups of channels, of whole samples; or as none does.
/// The kernel, and its dims.
fn any_norm() -> impl Strategy<Value = (&'static str, Vec<u32>)> {
    let counts = (size(), 1..5u32, 1..7u32, prop_oneof![Just(1u32), size()]);
    let flags = (0..5usize, 0..4u32, 0..2u32, any::<bool>());
    (counts, flags).prop_map(
        |((rows, sets, share, plane), (kernel, kind, relu, affine))| {
            let all = sets * share;
            // Elements of a group, and of a channel, that follow each other; and how many channels there are.
            let (size, plane, channels) = match kind {
                0 => (plane, plane, all),
                1 => (share * plane, plane, all),
                2 => (all * plane, 1, all * plane),
                _ => (share, plane, all),
            };
            let n = match kind {
                2 => rows * channels,
                _ => rows * channels * plane,
            };
            let groups = if kind == 0 {
                channels
            } else {
                n.div_ceil(size)
            };
            let shift = if affine {
                channels.next_multiple_of(64)
            } else {
                0
            };
            let eps = 1e-3;
            let dims = match kernel {
                0 => words(normalize::Dims {
                    n,
                    size,
                    groups,
                    plane,
                    channels,
                    shift,
                    eps,
                    relu,
                }),
                1 => words(norm_grad::Dims {
                    n,
                    size,
                    groups,
                    mask: relu,
                }),
                2 => words(norm_sums::Dims {
                    rows,
                    channels,
                    plane,
                    size,
                    groups,
                    shift: channels + 3,
                    eps,
                }),
                3 => words(moments::Dims {
                    rows,
                    channels,
                    plane,
                }),
                _ => words(scale_channels::Dims { n, plane, channels }),
            };
            let names = [
                "normalize",
                "norm_grad",
                "norm_sums",
                "moments",
                "scale_channels",
            ];
            (names[kernel], dims)
        },
    )
}

/// A kernel, its dims and a seed of its contents.
pub fn any_case() -> impl Strategy<Value = (&'static str, Vec<u32>, u64)> {
    let convolution = prop_oneof![Just("conv2d"), Just("conv2d_dx"), Just("conv2d_dw")];
    let pooling = prop_oneof![
        Just("max_pool2d"),
        Just("max_pool2d_grad"),
        Just("avg_pool2d"),
        Just("avg_pool2d_grad")
    ];
    let adaptive = prop_oneof![
        Just("adaptive_avg_pool2d"),
        Just("adaptive_avg_pool2d_grad")
    ];
    let sizes = (1u32..5, 1u32..20, 1u32..20, 1u32..20, 1u32..20, 0u32..2);
    let sizes = sizes.prop_map(|(planes, h, w, oh, ow, mask)| {
        words(adaptive_avg_pool2d::Dims {
            planes,
            h,
            w,
            oh,
            ow,
            mask,
        })
    });
    let table = prop_oneof![Just("embedding"), Just("embedding_grad")];
    let look_ups = (size(), size(), size());
    let look_ups = look_ups.prop_map(|(n, rows, cols)| words(embedding::Dims { n, rows, cols }));
    let mat = (size(), size()).prop_map(|(rows, cols)| words(Mat { rows, cols }));
    let pointwise = (size(), size(), 0u32..4, 0u32..2);
    let pointwise = pointwise.prop_map(|(rows, cols, function, one_hot)| {
        words(pointwise_loss::Dims {
            rows,
            cols,
            function,
            one_hot,
            delta: 0.7,
        })
    });
    let logits = (size(), size(), prop_oneof![Just(0f32), 0f32..1.0]);
    let logits = logits.prop_map(|(rows, cols, smoothing)| {
        words(softmax_cross_entropy::Dims {
            rows,
            cols,
            smoothing,
        })
    });
    let logged = (size(), size(), prop_oneof![Just(0f32), 0f32..1.0], 6u32..70);
    let logged = logged.prop_map(|(rows, cols, smoothing, slots)| {
        words(cross_entropy_log::Dims {
            rows,
            cols,
            smoothing,
            slots,
        })
    });
    let dims = prop_oneof![
        (Just("matmul"), any_matmul()),
        (convolution, any_conv()),
        (pooling, any_pool()),
        (adaptive, sizes),
        (table, look_ups),
        (Just("gather"), mat),
        (Just("pointwise_loss"), pointwise),
        (Just("softmax_cross_entropy"), logits),
        (Just("cross_entropy_log"), logged),
        any_norm(),
    ];
    (dims, any::<u64>()).prop_map(|((name, dims), seed)| (name, dims, seed))
}

/// The epilogues that a kernel does not have are left out of its random dims.
pub fn build((name, mut dims, seed): (&'static str, Vec<u32>, u64)) -> Case {
    if name == "conv2d_dw" {
        let epilogue = dims.len() - 2;
        dims[epilogue] = Epilogue::NONE.0;
    }
    Case::sample(op(name), dims, seed)
}
