//! `c = epilogue(op(a) · op(b))`, row-major, where `op` transposes when its flag is set.

use bytemuck::{Pod, Zeroable};

use super::{Epilogue, fast};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
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
}

/// See the module.
pub struct Matmul;

impl Kernel for Matmul {
    type Dims = Dims;
    sources!("matmul" + "epilogue", ["a", "b", "e"] -> ["c"]);

    const CASES: &'static [Dims] = &[
        case(1, 1, 1, 0, 0, 0),
        case(13, 9, 17, 0, 0, 1),
        case(37, 70, 5, 1, 0, 0),
        case(65, 33, 130, 0, 1, 3),
        case(31, 10, 7, 1, 1, 4),
        case(100, 10, 50, 0, 1, 1),
        case(10, 50, 100, 1, 0, 0),
        case(100, 50, 10, 0, 0, 4),
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
        vec![m * k, k * n, Epilogue::words(d.epilogue, n, m * n), m * n]
    }

    fn iterations(d: &Dims) -> u64 {
        d.k.into()
    }

    fn describe(d: &Dims) -> String {
        let side = |rows, cols, transposed: u32| match transposed {
            0 => format!("[{rows}, {cols}]"),
            _ => format!("[{cols}, {rows}]ᵀ"),
        };
        let (a, b) = (side(d.m, d.k, d.ta), side(d.k, d.n, d.tb));
        format!("{a}·{b}{}", Epilogue(d.epilogue))
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
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(fast::matmul);
}

const fn case(m: u32, n: u32, k: u32, ta: u32, tb: u32, epilogue: u32) -> Dims {
    Dims {
        m,
        n,
        k,
        ta,
        tb,
        epilogue,
    }
}
