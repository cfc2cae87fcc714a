//! GFLOP/s of the `gemm` crate on all cores, at the sizes of kiln's products and at the sizes that
//! the convolutions of W1 and W4 have as products: `[m, k]·[k, n]`.
//!
//! One JSON line per case, `case` being the name in `kiln bench kernels`. The three passes of a
//! convolution are the same product with the sides in other places. Built without `--features
//! avx512`, this is the AVX2 figure.

use std::{hint::black_box, time::Instant};

use gemm::{Parallelism, gemm};

/// Forward: m = output channels, k = input channels × kernel, n = images × output pixels.
const FORWARD: [(&str, [usize; 3]); 5] = [
    ("w1 conv2d", [10, 25, 100 * 576]),
    ("w1 conv2d 2", [20, 250, 100 * 64]),
    ("w4 conv2d", [32, 9, 64 * 784]),
    ("w4 conv2d 2", [64, 288, 64 * 784]),
    ("w4 conv2d 3", [64, 576, 64 * 196]),
];

/// As `kiln bench kernels` calls the passes: the input gradient of the first convolution is never
/// needed, and backward goes from the last to the first.
const BACKWARD: [(&str, &str); 8] = [
    ("w1 conv2d_dw", "w1 conv2d 2"),
    ("w1 conv2d_dw 2", "w1 conv2d"),
    ("w1 conv2d_dx", "w1 conv2d 2"),
    ("w4 conv2d_dw", "w4 conv2d 3"),
    ("w4 conv2d_dw 2", "w4 conv2d 2"),
    ("w4 conv2d_dw 3", "w4 conv2d"),
    ("w4 conv2d_dx", "w4 conv2d 3"),
    ("w4 conv2d_dx 2", "w4 conv2d 2"),
];

fn main() {
    for [m, k, n] in [[256; 3], [512; 3], [1024; 3], [2048; 3], [128, 784, 512]] {
        for (transposes, [ta, tb]) in [
            ("NN", [false, false]),
            ("NT", [false, true]),
            ("TN", [true, false]),
            ("TT", [true, true]),
        ] {
            let size = if m == k && k == n {
                m.to_string()
            } else {
                format!("{m}x{k}x{n}")
            };
            report(&format!("matmul {size} {transposes}"), [m, k, n], [ta, tb]);
        }
    }
    for (name, mkn) in FORWARD {
        report(name, mkn, [false, false]);
    }
    for (name, forward) in BACKWARD {
        let of = FORWARD.iter().find(|(name, _)| *name == forward);
        let Some(&(_, [o, taps, pixels])) = of else {
            continue;
        };
        match name.contains("dw") {
            true => report(name, [o, pixels, taps], [false, true]),
            false => report(name, [taps, o, pixels], [true, false]),
        }
    }
}

fn report(name: &str, mkn: [usize; 3], transposed: [bool; 2]) {
    let [m, k, n] = mkn;
    let flops = 2.0 * (m * k * n) as f64;
    let mut samples = measure(mkn, transposed);
    samples.sort_by(f64::total_cmp);
    let at = |p: f64| flops / samples[((samples.len() - 1) as f64 * p) as usize] / 1e9;
    println!(
        r#"{{"case":"{name}","m":{m},"k":{k},"n":{n},"avx512":{},"gflops":{:.2},"p10":{:.2},"p90":{:.2}}}"#,
        cfg!(feature = "avx512"),
        at(0.5),
        at(0.9),
        at(0.1)
    );
}

/// Seconds of a product, several times. The first is checked against a plain loop in places.
fn measure([m, k, n]: [usize; 3], [ta, tb]: [bool; 2]) -> Vec<f64> {
    let fill = |len: usize, seed: usize| -> Vec<f32> {
        let number = |i: usize| ((i * 7919 + seed * 104729) % 1009) as f32 / 1009.0 - 0.5;
        (0..len).map(number).collect()
    };
    let (a, b, mut c) = (fill(m * k, 1), fill(k * n, 2), vec![0f32; m * n]);
    let strides = |transposed, rows: usize, cols: usize| {
        if transposed {
            (1, rows as isize)
        } else {
            (cols as isize, 1)
        }
    };
    let ((ar, ac), (br, bc)) = (strides(ta, m, k), strides(tb, k, n));
    let product = |c: &mut [f32]| {
        let (c, a, b) = (c.as_mut_ptr(), a.as_ptr(), b.as_ptr());
        let all = Parallelism::Rayon(0);
        // SAFETY: the strides and sizes are those of the three vectors, which do not overlap.
        unsafe {
            gemm(
                m, n, k, c, 1, n as isize, false, a, ac, ar, b, bc, br, 0.0, 1.0, false, false,
                false, all,
            );
        }
    };
    product(&mut c);
    for (i, j) in [(0, 0), (m / 2, n / 3), (m - 1, n - 1)] {
        let at = |x: &[f32], (row, col): (isize, isize), i: usize, j: usize| {
            x[(i as isize * row + j as isize * col) as usize] as f64
        };
        let term = |p| at(&a, (ar, ac), i, p) * at(&b, (br, bc), p, j);
        let want: f64 = (0..k).map(term).sum();
        let got = c[i * n + j] as f64;
        assert!(
            (want - got).abs() < 1e-3,
            "[{i}, {j}]: {got} instead of {want}"
        );
    }
    let (start, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < 10 || (samples.len() < 200 && start.elapsed().as_secs_f64() < 0.5) {
        let now = Instant::now();
        product(black_box(&mut c));
        samples.push(now.elapsed().as_secs_f64());
    }
    samples
}
