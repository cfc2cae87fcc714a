//! The CPU executor's fast paths on one, two and three threads: the same bits, at sizes that are
//! worth splitting. Blind to what is wrong on every number of threads but within the twin's
//! tolerance.

use std::collections::BTreeSet;

use kiln::ops::{
    Flat, activation, adam, channel_sum, conv2d, cross_entropy_log, dadapt_moments, dropout,
    gather_bytes, grad_stats, grad_stats_log, matmul, max_pool2d, moments, norm_grad, norm_sums,
    normalize, rate_stats, rmsprop, scale_channels, schedule_free, softmax_cross_entropy,
    transpose, update,
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
    for name in [
        "adadelta",
        "adagrad",
        "adam",
        "adamax",
        "dadapt",
        "dadapt_moments",
        "lamb",
        "lamb_norms",
        "lars",
        "lars_norms",
        "lion",
        "rate_stats",
        "rmsprop",
        "schedule_free",
        "sgd",
    ] {
        cases.push((name, words(update::Dims::flat(300_008))));
    }
    for (name, flags) in [
        ("adam", adam::AMSGRAD),
        ("adam", adam::NESTEROV),
        ("dadapt", dadapt_moments::PRODIGY),
        ("dadapt_moments", dadapt_moments::PRODIGY),
        ("rate_stats", rate_stats::DIRECTION),
        ("rmsprop", rmsprop::MOMENTUM),
        ("rmsprop", rmsprop::CENTERED),
        ("rmsprop", rmsprop::MOMENTUM | rmsprop::CENTERED),
        ("schedule_free", schedule_free::ADAM),
    ] {
        cases.push((name, words(update::Dims::flagged(300_008, flags))));
    }
    for name in ["adam", "dadapt_moments", "lars_norms", "rate_stats"] {
        cases.push((name, words(update::Dims::of(&segments(), 0, 1))));
    }
    for function in [activation::Function::Silu, activation::Function::Gelu] {
        let dims = activation::Dims::new(300_008, function);
        cases.extend(["activation", "activation_grad"].map(|name| (name, words(dims))));
    }
    let [batch, rows, cols] = [23, 67, 71];
    cases.push(("transpose", words(transpose::Dims { batch, rows, cols })));
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
    let [rows, channels, plane] = [61, 9, 1003];
    cases.push((
        "moments",
        words(moments::Dims {
            rows,
            channels,
            plane,
        }),
    ));
    cases.push((
        "norm_sums",
        words(norm_sums::Dims {
            rows,
            channels,
            plane,
            size: plane,
            groups: channels,
            shift: 64,
            eps: 1e-5,
        }),
    ));
    cases.push((
        "scale_channels",
        words(scale_channels::Dims { n, plane, channels }),
    ));
    cases
}

/// Segments of an arena, one of which no thread takes alone.
fn segments() -> Vec<update::Segment> {
    let ends = [
        (64, 0),
        (70_080, 1),
        (70_144, 0),
        (290_048, 2),
        (300_032, 1),
    ];
    let of = |(end, group)| update::Segment {
        end,
        group,
        scale: 0.29 + group as f32,
        spare: 0,
    };
    ends.map(of).to_vec()
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

/// An update takes elements one by one, in f32: it leaves its twin's bits.
#[test]
fn updates_have_their_twins_bits() {
    let mut seen = BTreeSet::new();
    for (name, dims) in large() {
        if update::KERNELS.contains(&name) {
            let case = Case::sample(op(name), dims, 3);
            let [fast, twin] = [case.op.fast, case.op.cpu].map(|way| bits(&case.on_host(way)));
            assert!(fast == twin, "{name} differs from its twin");
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), update::KERNELS.len(), "{seen:?}");
}
