//! `c = epilogue(op(a) · op(b))`, row-major, where `op` transposes when its flag is set; behind it,
//! if asked for, the sums of op(a)'s rows (a bias's gradient, where op(a) is dyᵀ).

use bytemuck::{Pod, Zeroable};

use super::{Epilogue, fast};
use crate::{
    kernel::{HostFn, Kernel, Launch, Split, rounded},
    sources, template,
    variant::{Settings, Variant, dims},
};

/// `c` is `[m, n]`; `op(a)` is `[m, k]`, `op(b)` is `[k, n]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Rows of `c`.
    pub m: u32,
    /// Columns of `c`.
    pub n: u32,
    /// Length of the sums.
    pub k: u32,
    /// 1 if `a` is stored `[k, m]`.
    pub ta: u32,
    /// 1 if `b` is stored `[n, k]`.
    pub tb: u32,
    /// Flags of [`Epilogue`]: the bias is per column.
    pub epilogue: u32,
    /// From which word of `c` on the sums of op(a)'s rows are stored, at least `m · n`; 0 if
    /// nobody wants them.
    pub sums: u32,
}

/// See the module.
pub struct Matmul;

impl Kernel for Matmul {
    type Dims = Dims;
    sources!("matmul" + "epilogue" + "matmul" + "element", ["a", "b", "e"] -> ["c"]);
    const VARIANTS: &'static [Variant] = &[REGISTER, WORKGROUP];

    const CASES: &'static [Dims] = &[
        case(1, 1, 1, 0, 0, 0, 0),
        case(13, 9, 17, 0, 0, 1, 0),
        case(37, 70, 5, 1, 0, 0, 2624),
        case(65, 33, 130, 0, 1, 3, 0),
        case(31, 10, 7, 1, 1, 4, 310),
        case(100, 10, 50, 0, 1, 1, 0),
        case(10, 50, 100, 1, 0, 0, 512),
        case(100, 50, 10, 0, 0, 4, 0),
        case(64, 68, 128, 1, 0, 0, 4352),
        case(36, 132, 64, 0, 1, 2, 0),
        case(72, 64, 40, 0, 0, 1, 4608),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Tiles {
            rows: d.m.into(),
            cols: d.n.into(),
            batch: 1,
        }
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [m, n, k] = [d.m, d.n, d.k].map(u64::from);
        let e = Epilogue::words(d.epilogue, n, m * n);
        vec![m * k, k * n, e, words(d).into()]
    }

    fn iterations(d: &Dims) -> u64 {
        d.k as u64 + 4
    }

    fn split(d: &Dims) -> Option<Split> {
        Some(Split {
            terms: d.k.into(),
            words: words(d),
            size: d.m * d.n,
            cols: d.n,
            sums: d.sums.max(d.m * d.n),
            epilogue: d.epilogue,
        })
    }

    fn class(d: &Dims) -> String {
        let [m, n, k] = [d.m, d.n, d.k].map(rounded);
        let side = |transposed| if transposed != 0 { 't' } else { 'n' };
        format!("{}{} m{m} n{n} k{k}", side(d.ta), side(d.tb))
    }

    fn describe(d: &Dims) -> String {
        let side = |rows, cols, transposed: u32| match transposed {
            0 => format!("[{rows}, {cols}]"),
            _ => format!("[{cols}, {rows}]ᵀ"),
        };
        let (a, b) = (side(d.m, d.k, d.ta), side(d.k, d.n, d.tb));
        let sums = if d.sums != 0 { ", row sums" } else { "" };
        format!("{a}·{b}{}{sums}", Epilogue(d.epilogue))
    }

    fn flops(d: &Dims) -> u64 {
        2 * d.m as u64 * d.n as u64 * d.k as u64
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let [m, n, k] = [d.m, d.n, d.k].map(|x| x as usize);
        let (a, b) = (reads[0], reads[1]);
        for i in 0..m {
            for j in 0..n {
                let term = |p: usize| {
                    let x = a[if d.ta != 0 { p * m + i } else { i * k + p }];
                    let y = b[if d.tb != 0 { j * k + p } else { p * n + j }];
                    x as f64 * y as f64
                };
                let sum = (0..k).map(term).sum::<f64>();
                let at = i * n + j;
                writes[0][at] = Epilogue::apply(d.epilogue, sum, reads[2], j, at);
            }
            if d.sums != 0 {
                let term = |p: usize| f64::from(a[if d.ta != 0 { p * m + i } else { i * k + p }]);
                writes[0][d.sums as usize + i] = (0..k).map(term).sum::<f64>() as f32;
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::matmul);
}

/// Words of the output: the product, and the sums behind it.
fn words(d: &Dims) -> u32 {
    match d.sums {
        0 => d.m * d.n,
        sums => sums + d.m,
    }
}

/// A product too small to be worth many registers, or for GPUs a pipeline of its own.
fn is_small(d: &Dims) -> bool {
    d.m as u64 * d.n as u64 * (d.k as u64) < 1 << 18
}

/// For software drivers: a subgroup computes `rows` × 32·`quads` elements in registers.
const REGISTER: Variant = Variant {
    name: "register",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/matmul",
        "shared/result",
        "shared/wide",
        "matmul.register"
    ),
    tiles: &[[32, 2], [32, 1], [16, 1], [8, 1], [64, 1]],
    tile: |words| {
        let d: Dims = dims(words);
        Some(match d.m {
            _ if is_small(&d) => [8, 1],
            // Not worth the time that compilers take over larger ones.
            _ if Matmul::flops(&d) < 1 << 23 => [16, 1],
            ..=16 => [16, 1],
            _ if d.n > 48 => [32, 2],
            _ => [32, 1],
        })
    },
    settings: |dims_words, [rows, quads], extras| {
        let d: Dims = dims(dims_words);
        let (lanes, broadcast) = extras.lanes();
        // Without broadcasts every lane loads every row: fewer of them.
        let rows = if broadcast { rows } else { rows.min(16) };
        let in_quads = |n: u32| u32::from(n.is_multiple_of(4));
        // Vectors of results need their sums behind them, and parts of split sums, in whole vectors.
        let vec_c = in_quads(d.n) * in_quads(words(&d));
        let settings = Settings::from([
            ("rows", rows),
            ("quads", quads),
            ("lanes", lanes),
            ("broadcast", broadcast.into()),
            ("ta", d.ta),
            ("tb", d.tb),
            ("vec_a", in_quads(if d.ta != 0 { d.m } else { d.k })),
            ("vec_b", in_quads(if d.tb != 0 { d.k } else { d.n })),
            ("vec_c", vec_c),
            ("whole_k", in_quads(d.k)),
            ("whole_n", d.n.is_multiple_of(8).into()),
            ("wide", extras.int64.into()),
        ]);
        Some(settings.with(Epilogue(d.epilogue)))
    },
    launch: None,
    iterations: |words, settings| {
        let d: Dims = dims(words);
        let rounds = settings.0["rows"].div_ceil(settings.0["lanes"]);
        let sums = u64::from(d.sums != 0) * u64::from(rounds);
        u64::from(d.k / 4 + 4) + (u64::from(d.k) + 1) * sums
    },
};

/// For GPUs: tiles in workgroup memory and in registers.
const WORKGROUP: Variant = Variant {
    name: "workgroup",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/matmul",
        "shared/element",
        "matmul.workgroup",
        "shared/tile"
    ),
    tiles: &[[64, 4], [64, 8], [32, 4]],
    tile: |words| {
        let d: Dims = dims(words);
        let large = d.m.div_ceil(64) * d.n.div_ceil(64) >= 64;
        (!is_small(&d)).then_some([if large { 64 } else { 32 }, 4])
    },
    settings: |words, [size, per], _| {
        let d: Dims = dims(words);
        let unit = |n: u32| if n.is_multiple_of(4) { 4 } else { 1 };
        Some(Settings::from([
            ("tile_rows", size),
            ("tile_cols", size),
            ("rows", per),
            ("cols", per),
            ("depth", DEPTH),
            ("ta", d.ta),
            ("tb", d.tb),
            ("a_unit", unit(if d.ta != 0 { d.m } else { d.k })),
            ("b_unit", unit(if d.tb != 0 { d.k } else { d.n })),
        ]))
    },
    launch: None,
    iterations: |words, _| u64::from(dims::<Dims>(words).k) * 2 + 64,
};

/// Terms of a slice in workgroup memory.
pub(super) const DEPTH: u32 = 16;

const fn case(m: u32, n: u32, k: u32, ta: u32, tb: u32, epilogue: u32, sums: u32) -> Dims {
    Dims {
        m,
        n,
        k,
        ta,
        tb,
        epilogue,
        sums,
    }
}
