//! The CPU executor's fast paths on one, two and three threads: the same bits, at sizes that are
//! worth splitting. Blind to what is wrong on every number of threads but within the twin's
//! tolerance.

use kiln::ops::{
    Flat, activation, adam, channel_sum, conv2d, cross_entropy_log, dropout, gather_bytes,
    grad_stats, grad_stats_log, matmul, max_pool2d, norm_grad, normalize, softmax_cross_entropy,
    update,
};
use rayon::ThreadPoolBuilder;

use crate::{
    common::{Case, Outputs, words},
    ops::op,
};

/// Dispatches that are split, with edges that no split meets.
fn large() -> Vec<(&'static str, Vec<u32>)> {
    let mut cases = Vec::new();
    for [ta, tb, epilogue] in [[0, 0, 3], [0, 1, 0], [1, 0, 4], [1, 1, 1]] {
        let [m, n, k] = [131, 83, 397];
        let dims = matmul::Dims {
            m,
            n,
            k,
            ta,
            tb,
            epilogue,
            sums: if ta == 1 { m * n + 7 } else { 0 },
        };
        cases.push(("matmul", words(dims)));
    }
    let conv = conv2d::Dims {
        n: 19,
        c: 6,
        h: 17,
        w: 13,
        o: 14,
        oh: 17,
        ow: 13,
        kh: 3,
        kw: 3,
        stride_h: 1,
        stride_w: 1,
        padding_h: 1,
        padding_w: 1,
        dilation_h: 1,
        dilation_w: 1,
        groups: 2,
        epilogue: 0,
        sums: 0,
    };
    // 5×5 without padding: the input gradient goes another way.
    let valid = conv2d::Dims {
        oh: 13,
        ow: 9,
        kh: 5,
        kw: 5,
        padding_h: 0,
        padding_w: 0,
        ..conv
    };
    for dims in [conv, valid] {
        for name in ["conv2d", "conv2d_dx", "conv2d_dw"] {
            cases.push((name, words(dims)));
        }
    }
    let pool = max_pool2d::Dims {
        planes: 99,
        h: 21,
        w: 22,
        oh: 10,
        ow: 11,
        kh: 2,
        kw: 2,
        stride_h: 2,
        stride_w: 2,
        padding_h: 0,
        padding_w: 0,
        count_include_pad: 0,
        mask: 1,
    };
    let overlapping = max_pool2d::Dims {
        oh: 19,
        ow: 20,
        kh: 3,
        kw: 3,
        stride_h: 1,
        stride_w: 1,
        ..pool
    };
    for dims in [pool, overlapping] {
        for name in [
            "max_pool2d",
            "max_pool2d_grad",
            "avg_pool2d",
            "avg_pool2d_grad",
        ] {
            cases.push((name, words(dims)));
        }
    }
    cases.push((
        "channel_sum",
        words(channel_sum::Dims {
            rows: 61,
            channels: 9,
            plane: 1003,
        }),
    ));
    cases.push((
        "grad_stats",
        words(grad_stats::Dims {
            n: 300_008,
            parts: 101,
        }),
    ));
    cases.push((
        "gather_bytes",
        words(gather_bytes::Dims {
            rows: 67,
            channels: 3,
            plane: 401,
        }),
    ));
    let smoothing = 0.1;
    cases.push((
        "softmax_cross_entropy",
        words(softmax_cross_entropy::Dims {
            rows: 997,
            cols: 131,
            smoothing,
        }),
    ));
    cases.push((
        "cross_entropy_log",
        words(cross_entropy_log::Dims {
            rows: 997,
            cols: 131,
            smoothing,
            slots: 64,
        }),
    ));
    cases.push((
        "grad_stats_log",
        words(grad_stats_log::Dims {
            n: 300_008,
            slots: 64,
        }),
    ));
    for name in ["add", "relu", "relu_grad"] {
        cases.push((name, words(Flat { n: 300_008 })));
    }
    for name in ["adadelta", "adagrad", "adam", "adamax", "lion", "sgd"] {
        cases.push((name, words(update::Dims::flat(300_008))));
    }
    for flags in [adam::AMSGRAD, adam::NESTEROV] {
        cases.push(("adam", words(update::Dims::flagged(300_008, flags))));
    }
    let silu = activation::Dims::new(300_008, activation::Function::Silu);
    cases.extend(["activation", "activation_grad"].map(|name| (name, words(silu))));
    cases.push(("dropout", words(dropout::Dims::new(300_008, 1, 0.3))));
    let n = 61 * 9 * 1003;
    cases.push((
        "normalize",
        words(normalize::Dims {
            n,
            size: 1003,
            groups: 9,
            plane: 1003,
            channels: 9,
            shift: 64,
            eps: 1e-5,
            relu: 1,
        }),
    ));
    cases.push((
        "norm_grad",
        words(norm_grad::Dims {
            n,
            size: 1003,
            groups: 9,
            mask: 1,
        }),
    ));
    cases
}

fn bits(outputs: &Outputs) -> Vec<Vec<u32>> {
    let of = |words: &Vec<f32>| words.iter().map(|w| w.to_bits()).collect();
    outputs.iter().map(of).collect()
}

/// `RAYON_NUM_THREADS`, or the machine, decides how fast a run is, not what it computes.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for (seed, (name, dims)) in (1..).zip(large()) {
        let case = Case::sample(op(name), dims, seed);
        let on = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start")
                .install(|| case.on_host(case.op.fast))
        };
        let one = on(1);
        case.judge(&one).unwrap_or_else(|why| panic!("{why}"));
        for threads in [2, 3] {
            assert!(
                bits(&one) == bits(&on(threads)),
                "{name} differs on {threads} threads"
            );
        }
    }
}
