//! GELU and its slope, on vectors: the error function of `libm`, one element at a time, would take half of the step of
//! a model that is full of it.
//!
//! With a = |x|, both come of Φ(−a) = exp(−a²/2) · q(a), where q falls slowly from 1/2. All is in f64 as the twin is,
//! and within some 1e-14 of the exact value, so that rounded to f32 it is almost always the twin's.

use std::{
    array,
    f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LOG2_E},
};

/// `(a + SHIFT) · q(a)` as a polynomial of `(a − SHIFT) / (a + SHIFT)`, the highest power first: the Chebyshev series on
/// all a ≥ 0, cut where its terms are below 1e-14.
const SERIES: [f64; 20] = [
    -2.3711007497844674e-09,
    -3.238135389011313e-08,
    2.986825140321094e-08,
    3.6705853867713883e-07,
    -3.2357714941983063e-07,
    -2.695464785326239e-06,
    3.972127975384589e-06,
    1.6630675440997368e-05,
    -4.975895122529546e-05,
    -5.935410154013549e-05,
    0.000544897969266198,
    -0.0007978750700247005,
    -0.0029933765799683002,
    0.020795067658225065,
    -0.06911863872479145,
    0.16502036610419207,
    -0.3135331566704741,
    0.4953056159719614,
    -0.6653825028900677,
    0.7691930497500531,
];

/// What is mapped to the polynomial's middle.
const SHIFT: f64 = 5.0;

/// Added to a number below 2⁵¹ it leaves the nearest integer in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Below it the exponential counts as 0: it is a number without all its digits soon.
const LEAST: f64 = -708.0;

/// What the density is where the exponential is 1: 1 / √(2π).
const PEAK: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// Elements side by side: loops over them become vectors, which those over the terms of a series would keep from it.
const SIDE: usize = 8;

type Side = [f64; SIDE];

/// 1 / 12!, 1 / 11! and so on to 1.
const EXPONENTIAL: [f64; 13] = {
    let mut terms = [1.0; 13];
    let mut i = 12;
    while i > 0 {
        terms[i - 1] = terms[i] / (13 - i) as f64;
        i -= 1;
    }
    terms
};

/// A polynomial, the highest power first.
#[inline(always)]
fn polynomial(terms: &[f64], x: Side) -> Side {
    let mut sum = [0.0; SIDE];
    for term in terms {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum = *sum * x + term;
        }
    }
    sum
}

/// `exp(y)` of what is not positive: a power of 2, and a Taylor series of what is left, at most half of ln 2.
#[inline(always)]
fn exp(y: Side) -> Side {
    let shifted = y.map(|y| y.max(LEAST) * LOG2_E + ROUND);
    let rest = array::from_fn(|i| y[i].max(LEAST) - (shifted[i] - ROUND) * LN_2);
    let series = polynomial(&EXPONENTIAL, rest);
    array::from_fn(|i| {
        let power = f64::from_bits(shifted[i].to_bits().wrapping_add(1023) << 52);
        if y[i] < LEAST { 0.0 } else { series[i] * power }
    })
}

/// The normal distribution's Φ and its density.
#[inline(always)]
fn normal(z: Side) -> [Side; 2] {
    let e = exp(z.map(|z| -0.5 * z * z));
    let w = z.map(|z| 1.0 / (z.abs() + SHIFT));
    let series = polynomial(&SERIES, w.map(|w| 1.0 - 2.0 * SHIFT * w));
    let below = array::from_fn(|i| {
        let tail = e[i] * (series[i] * w[i]);
        if z[i] < 0.0 { tail } else { 1.0 - tail }
    });
    [below, e.map(|e| PEAK * e)]
}

#[inline(always)]
fn gelu(x: [f32; SIDE]) -> [f32; SIDE] {
    let z = x.map(f64::from);
    let [below, _] = normal(z);
    array::from_fn(|i| (z[i] * below[i]) as f32)
}

#[inline(always)]
fn gelu_grad(x: [f32; SIDE], dy: [f32; SIDE]) -> [f32; SIDE] {
    let z = x.map(f64::from);
    let [below, density] = normal(z);
    array::from_fn(|i| ((below[i] + z[i] * density[i]) * f64::from(dy[i])) as f32)
}

/// The last elements, zeros behind them.
#[inline(always)]
fn padded(rest: &[f32]) -> [f32; SIDE] {
    let mut side = [0.0; SIDE];
    side[..rest.len()].copy_from_slice(rest);
    side
}

vectorised! {
    pub(super) fn gelu_run<'a>(y: &'a mut [f32], x: &'a [f32]) {
        let (ys, y) = y.as_chunks_mut();
        let (xs, x) = x.as_chunks();
        for (y, x) in ys.iter_mut().zip(xs) {
            *y = gelu(*x);
        }
        y.copy_from_slice(&gelu(padded(x))[..y.len()]);
    }
}

vectorised! {
    pub(super) fn gelu_grad_run<'a>(dx: &'a mut [f32], x: &'a [f32], dy: &'a [f32]) {
        let (dxs, dx) = dx.as_chunks_mut();
        let (xs, x) = x.as_chunks();
        let (dys, dy) = dy.as_chunks();
        for ((dx, x), dy) in dxs.iter_mut().zip(xs).zip(dys) {
            *dx = gelu_grad(*x, *dy);
        }
        dx.copy_from_slice(&gelu_grad(padded(x), padded(dy))[..dx.len()]);
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_1_SQRT_2;

    use super::{PEAK, SIDE};

    fn normal(z: f64) -> [f64; 2] {
        super::normal([z; SIDE]).map(|side| side[0])
    }

    /// Against libm's, which is exact to the last digits in both tails.
    #[test]
    fn the_distribution_and_its_density_have_their_digits() {
        for i in -37_000..=37_000 {
            let z = f64::from(i) / 1000.0;
            let [below, density] = normal(z);
            let want = [
                0.5 * libm::erfc(-z * FRAC_1_SQRT_2),
                PEAK * (-0.5 * z * z).exp(),
            ];
            for (got, want) in [below, density].into_iter().zip(want) {
                // erfc squares z / √2, so its digits go as z² does.
                let most = 1e-13 + 5e-16 * z * z;
                assert!((got / want - 1.0).abs() < most, "{z}: {got} {want}");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none_and_ends_are_ends() {
        assert!(normal(f64::NAN)[0].is_nan());
        assert_eq!(normal(f64::INFINITY), [1.0, 0.0]);
        assert_eq!(normal(f64::NEG_INFINITY), [0.0, 0.0]);
        assert_eq!(normal(-1e20), [0.0, 0.0]);
    }
}
