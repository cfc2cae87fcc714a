//! Every kernel against its naive twin: on the GPU, and the CPU executor's fast paths.
//!
//! Blind to a mistake that kernel and twin share; `golden_ops` and `grad` see those.

use std::{borrow::Borrow, collections::BTreeSet};

pub use kiln::doctor::{cases, long_runs};
use kiln::{
    doctor::{LONG_RUN, long_sums},
    exec::tuning::{Choice, Table, key},
    kernel::Op,
    ops::{
        self, Flat, HYPER_WORDS, as_words, cross_entropy_log, grad_stats, grad_stats_log,
        max_pool2d, softmax_cross_entropy, update,
    },
    variant::{Extras, Tile, Variant},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    common::{Case, compare, on_gpu, on_gpu_by, words},
    shapes::{any_case, build},
};

/// The kernel called `name`.
pub fn op(name: &str) -> &'static Op {
    let found = ops::ALL.into_iter().find(|op| op.name == name);
    found.unwrap_or_else(|| panic!("no kernel {name}"))
}

/// Runs cases on the GPU and judges each against its twin.
pub fn judge_on_gpu(cases: &[Case]) -> Vec<Result<(), String>> {
    let judged = cases.iter().zip(on_gpu(cases));
    judged
        .map(|(case, got)| got.and_then(|got| case.judge(&got)))
        .collect()
}

fn all_cases() -> Vec<Case> {
    ops::ALL.into_iter().flat_map(cases).collect()
}

fn demand(results: Vec<Result<(), String>>) {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The kernels compute what their twins do, write all of their outputs and nothing else.
#[test]
fn kernels_agree_with_their_twins() {
    let cases = all_cases();
    assert!(cases.len() >= 3 * ops::ALL.len());
    demand(judge_on_gpu(&cases));
}

/// The fast paths of the CPU executor compute what the naive twins do.
#[test]
fn fast_paths_agree_with_their_twins() {
    let cases = all_cases();
    demand(
        cases
            .iter()
            .map(|c| c.judge(&c.on_host(c.op.fast)))
            .collect(),
    );
}

/// What lavapipe's shaders may use.
const EIGHT: Extras = Extras {
    subgroup: 8,
    int64: true,
    ..Extras::NONE
};

/// Every variant, with every tile that a tuning table may choose, which take turns, as a driver takes a second over
/// a large text; some without what the device has beyond plain WGSL, too; with whole sums and split ones, and beyond
/// one element an invocation.
#[test]
fn variants_agree_with_their_twins() {
    let mut ran = BTreeSet::new();
    for kernel in ops::ALL.into_iter().filter(|op| !op.variants.is_empty()) {
        let long = long_sums().into_iter().chain(long_runs());
        let long: Vec<Case> = long.filter(|c| c.op.name == kernel.name).collect();
        let listed = cases(kernel);
        for variant in kernel.variants {
            for (turn, &tile) in variant.tiles.iter().enumerate() {
                let own = listed.iter().skip(turn).step_by(variant.tiles.len());
                let own: Vec<&Case> = own.chain(&long).collect();
                ran.extend(with_variant(variant, tile, true, 1, &own));
            }
            let some: Vec<&Case> = listed.iter().step_by(3).chain(&long).collect();
            ran.extend(with_variant(variant, variant.tiles[0], false, 64, &some));
        }
    }
    let all: usize = ops::ALL.iter().map(|op| op.variants.len()).sum();
    assert_eq!(ran.len(), all, "{ran:?}");
}

/// Judges a variant on cases, and names it if it computes any of them.
fn with_variant(
    variant: &Variant,
    tile: Tile,
    extras: bool,
    groups: u32,
    cases: &[&Case],
) -> Option<String> {
    let table = Table {
        groups,
        extras,
        ..forced(variant, tile, cases)
    };
    let judged = cases.iter().zip(on_gpu_by(&table, cases));
    let named = judged.map(|(case, got)| {
        let judged = got.and_then(|got| case.judge(&got));
        judged.map_err(|why| format!("{} {tile:?}: {why}", variant.name))
    });
    demand(named.collect());
    let computed = cases
        .iter()
        .find(|c| table.pick(c.op, &c.dims, EIGHT).is_some());
    computed.map(|c| format!("{}.{}", c.op.name, variant.name))
}

/// What picks a variant for cases.
fn forced<C: Borrow<Case>>(variant: &Variant, tile: Tile, cases: &[C]) -> Table {
    let choice = Choice {
        variant: variant.name.into(),
        tile,
    };
    let rows = cases.iter().map(|case| {
        let case = case.borrow();
        (key(case.op, &case.dims), choice.clone())
    });
    Table {
        groups: 1,
        rows: rows.collect(),
        ..Table::built_in(true)
    }
}

/// Sums in parts, with the portable shaders too.
#[test]
fn split_sums_agree_with_their_twins() {
    let table = Table {
        prefer: Vec::new(),
        groups: 64,
        ..Table::built_in(true)
    };
    let cases = long_sums();
    let judged = cases.iter().zip(on_gpu_by(&table, &cases));
    demand(
        judged
            .map(|(case, got)| got.and_then(|got| case.judge(&got)))
            .collect(),
    );
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Any shape, on the CPU executor: the listed cases are not lucky ones.
#[test]
fn fast_paths_agree_with_their_twins_for_any_shape() {
    let test = |drawn| {
        let case = build(drawn);
        let judged = case.judge(&case.on_host(case.op.fast));
        judged.map_err(TestCaseError::fail)
    };
    runner(1000).run(&any_case(), test).unwrap();
}

/// Any shape, on the GPU. Many launches share a plan, as building pipelines is what takes time.
#[test]
fn kernels_agree_with_their_twins_for_any_shape() {
    let test = |drawn: Vec<_>| {
        let cases: Vec<Case> = drawn.into_iter().map(build).collect();
        let judged: Result<(), String> = judge_on_gpu(&cases).into_iter().collect();
        judged.map_err(TestCaseError::fail)
    };
    runner(3).run(&vec(any_case(), 60..=60), test).unwrap();
}

/// Runs one launch with given contents on the naive twin, the fast path and the GPU, there with the
/// portable shader and with every variant, and hands each result to `check`.
fn everywhere(
    op: &'static Op,
    dims: Vec<u32>,
    reads: &[&[f32]],
    check: impl Fn(&[Vec<f32>]) -> Result<(), String>,
) -> Result<(), String> {
    let reads = reads.iter().map(|r| r.to_vec()).collect();
    let case = Case::given(op, dims, reads);
    let cases = std::slice::from_ref(&case);
    let mut all = vec![
        ("twin", case.on_host(op.cpu)),
        ("fast path", case.on_host(op.fast)),
        ("portable shader", on_gpu(cases).remove(0)?),
    ];
    for variant in op.variants {
        let table = forced(variant, variant.tiles[0], cases);
        all.push((variant.name, on_gpu_by(&table, cases).remove(0)?));
    }
    for (way, outputs) in all {
        check(&outputs).map_err(|why| format!("{}, {way}: {why}", op.name))?;
    }
    Ok(())
}

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// `torch.relu` at the values where implementations differ: the zero keeps its sign, NaN stays.
pub fn relu_keeps_nan(op: &'static Op) -> Result<(), String> {
    let x = [NAN, 0.0, -0.0, INF, -INF, 1.5, -1.5, -NAN];
    let want = [NAN, 0.0, -0.0, INF, 0.0, 1.5, 0.0, NAN];
    everywhere(op, words(Flat { n: 8 }), &[&x], |got| {
        compare(&want, &got[0], 0.0, 0.0)
    })
}

/// PyTorch passes the gradient where the output is NaN and stops it at both zeros; what stops it
/// is a select, so that an infinite gradient becomes 0, not NaN.
pub fn relu_grad_stops_at_zero(op: &'static Op) -> Result<(), String> {
    let y = [NAN, 0.0, -0.0, INF, 2.0, 0.0, 0.0, 1.0];
    let dy = [3.0, 3.0, 3.0, 3.0, -3.0, INF, NAN, NAN];
    let want = [3.0, 0.0, 0.0, 3.0, -3.0, 0.0, 0.0, NAN];
    everywhere(op, words(Flat { n: 8 }), &[&y, &dy], |got| {
        compare(&want, &got[0], 0.0, 0.0)
    })
}

/// A NaN wins (the last one, if several), ties go to the first, all −∞ has an index too.
pub fn max_pool2d_picks_as_pytorch(op: &'static Op) -> Result<(), String> {
    #[rustfmt::skip]
    let x = [
        1.0,  1.0,   NAN, 5.0,   -INF, -INF,   -0.0, 0.0,
        1.0,  0.0,   7.0, NAN,   -INF, -INF,    0.0, 0.0,
    ];
    let dims = words(max_pool2d::Dims {
        planes: 1,
        h: 2,
        w: 8,
        oh: 1,
        ow: 4,
        kh: 2,
        kw: 2,
        stride_h: 2,
        stride_w: 2,
        padding_h: 0,
        padding_w: 0,
        count_include_pad: 0,
        mask: 0,
    });
    everywhere(op, dims, &[&x], |got| {
        compare(&[1.0, NAN, -INF, -0.0], &got[0], 0.0, 0.0)?;
        compare(as_words(&[0, 11, 4, 6]), &got[1], 0.0, 0.0)
    })
}

/// Logits of ±1e4: the loss is exact and nothing overflows. −∞ is a class that cannot be; +∞ and
/// NaN make their row NaN, and wrong.
pub fn cross_entropy_survives_extremes(op: &'static Op) -> Result<(), String> {
    #[rustfmt::skip]
    let logits = [
        1e4, -1e4, 0.0,
        1e4, -1e4, 0.0,
        -1e4, -1e4, -1e4,
        1e4, 1e4, 1e4,
        NAN, 0.0, 0.0,
        -INF, 0.0, 0.0,
        0.0, INF, 0.0,
        0.0, 0.0, 0.0,
    ];
    let labels = [0, 1, 2, 0, 1, 1, 2, 1];
    let dims = words(softmax_cross_entropy::Dims {
        rows: 8,
        cols: 3,
        smoothing: 0.0,
    });
    let (half, even) = (2f32.ln(), 3f32.ln());
    #[rustfmt::skip]
    let rows = [
        0.0, 1.0,
        2e4, 0.0,
        even, 0.0,
        even, 1.0,
        NAN, 0.0,
        half, 1.0,
        NAN, 0.0,
        even, 0.0,
    ];
    let third = 1.0 / 24.0;
    #[rustfmt::skip]
    let gradient = [
        0.0, 0.0, 0.0,
        0.125, -0.125, 0.0,
        third, third, third - 0.125,
        third - 0.125, third, third,
        NAN, NAN, NAN,
        0.0, -0.0625, 0.0625,
        NAN, NAN, NAN,
        third, third - 0.125, third,
    ];
    let hyper = [0.0; HYPER_WORDS as usize];
    let reads: [&[f32]; 3] = [&hyper, as_words(&labels), &logits];
    everywhere(op, dims, &reads, |got| {
        compare(&rows, &got[0], 2e-6, 1e-6)?;
        compare(&gradient, &got[1], 2e-7, 2e-6)
    })
}

/// The same in one dispatch: the gradient stays as it is, the log gets the mean and the count.
pub fn cross_entropy_log_is_the_loss(op: &'static Op) -> Result<(), String> {
    let logits = [1e4, -1e4, 0.0, -INF, 0.0, 0.0, 0.0, 0.0, 0.0];
    let labels = [0, 1, 2];
    let dims = words(cross_entropy_log::Dims {
        rows: 3,
        cols: 3,
        smoothing: 0.0,
        slots: 1,
    });
    let (half, even) = (2f32.ln(), 3f32.ln());
    let ninth = 1.0 / 9.0;
    #[rustfmt::skip]
    let gradient = [
        0.0, 0.0, 0.0,
        0.0, -1.0 / 6.0, 1.0 / 6.0,
        ninth, ninth, ninth - 1.0 / 3.0,
    ];
    let hyper = [0.0; HYPER_WORDS as usize];
    let reads: [&[f32]; 3] = [&hyper, as_words(&labels), &logits];
    everywhere(op, dims, &reads, |got| {
        compare(&gradient, &got[0], 2e-7, 2e-6)?;
        compare(&[(half + even) / 3.0, 2.0], &got[1][..2], 2e-6, 1e-6)
    })
}

/// The finite check counts every NaN and infinity wherever it is, and adds up the rest.
pub fn grad_stats_counts(op: &'static Op) -> Result<(), String> {
    for (bad, at) in [(NAN, 0), (-NAN, 255), (INF, 256), (-INF, 2047), (NAN, 2049)] {
        let mut grad = vec![0.5; 2052];
        grad[at] = bad;
        let dims = words(grad_stats::Dims { n: 2052, parts: 2 });
        everywhere(op, dims, &[&grad], |got| {
            let sum = |column: usize| got[0][column] + got[0][2 + column];
            compare(&[512.75, 1.0], &[sum(0), sum(1)], 0.0, 0.0)
        })?;
    }
    // The largest finite number is finite, even where its square is not.
    let dims = words(grad_stats::Dims { n: 4, parts: 1 });
    everywhere(op, dims, &[&[f32::MAX, 1.0, 0.0, 0.0]], |got| {
        compare(&[INF, 0.0], &got[0], 0.0, 0.0)
    })
}

/// The same in one dispatch, wherever the element lies in a vector.
pub fn grad_stats_log_counts(op: &'static Op) -> Result<(), String> {
    let hyper = [0.0; HYPER_WORDS as usize];
    for (bad, at) in [(NAN, 0), (-NAN, 1021), (INF, 2), (-INF, 2047), (NAN, 1024)] {
        let mut grad = vec![0.5; 2048];
        grad[at] = bad;
        let dims = words(grad_stats_log::Dims { n: 2048, slots: 1 });
        let reads: [&[f32]; 2] = [&hyper, &grad];
        everywhere(op, dims, &reads, |got| {
            compare(&[511.75, 1.0, 0.75], &got[0][2..5], 0.0, 0.0)
        })?;
    }
    Ok(())
}

/// More than 65,535 workgroups do not fit one dimension of a launch: the last element is reached,
/// and nothing beyond it.
pub fn a_long_launch_ends(op: &'static Op) -> Result<(), String> {
    const ELEMENTS: u32 = 5_000_003;
    const { assert!(ELEMENTS.div_ceil(64) > 65_535) };
    judge_on_gpu(&[Case::sample(op, words(Flat { n: ELEMENTS }), 3)]).remove(0)
}

/// [`LONG_RUN`] as dims of a kernel of flat elements, or of an update.
fn long(op: &Op) -> Vec<u32> {
    match op.dims_size == size_of::<Flat>() {
        true => words(LONG_RUN),
        false => words(update::Dims::flat(LONG_RUN.n)),
    }
}

/// An update of more vectors than its launch has invocations reaches all of them.
pub fn a_long_update_ends(op: &'static Op) -> Result<(), String> {
    judge_on_gpu(&[Case::sample(op, long(op), 5)]).remove(0)
}

/// See [`relu_keeps_nan`].
#[test]
fn relu_keeps_nan_and_signed_zero() {
    demand(vec![relu_keeps_nan(op("relu"))]);
}

/// See [`relu_grad_stops_at_zero`].
#[test]
fn relu_grad_passes_at_nan_and_stops_at_zero() {
    demand(vec![relu_grad_stops_at_zero(op("relu_grad"))]);
}

/// See [`max_pool2d_picks_as_pytorch`].
#[test]
fn max_pooling_picks_as_pytorch_does() {
    demand(vec![max_pool2d_picks_as_pytorch(op("max_pool2d"))]);
}

/// See [`cross_entropy_survives_extremes`].
#[test]
fn cross_entropy_survives_extreme_logits() {
    demand(vec![
        cross_entropy_survives_extremes(op("softmax_cross_entropy")),
        cross_entropy_log_is_the_loss(op("cross_entropy_log")),
    ]);
}

/// See [`grad_stats_counts`].
#[test]
fn what_is_not_finite_is_counted() {
    demand(vec![
        grad_stats_counts(op("grad_stats")),
        grad_stats_log_counts(op("grad_stats_log")),
    ]);
}

/// See [`a_long_launch_ends`].
#[test]
fn a_long_launch_reaches_its_last_element() {
    demand(vec![a_long_launch_ends(op("add"))]);
}

/// See [`a_long_update_ends`].
#[test]
fn a_long_update_reaches_its_last_element() {
    demand(vec![a_long_update_ends(op("sgd"))]);
}
