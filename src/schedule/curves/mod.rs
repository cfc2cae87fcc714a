//! The table of curves. A new curve is a row beside its formula in one of these files, and a line here.
//!
//! - [`decay`]: from one rate to another over a length: linear, cosine, polynomial, …
//! - [`open`]: decays without an end: exponential, inverse time, power laws, noise
//! - [`steps`]: piecewise constant or interpolated rates: step, multistep, table
//! - [`cycle`]: cyclic and one-cycle rates, with their momentum

pub mod cycle;
pub mod decay;
pub mod open;
pub mod steps;

use super::curve::Row;

/// Every curve, in the order in which `list` shows them.
pub static CURVES: [&Row; 24] = [
    &open::CONSTANT,
    &decay::WARMUP,
    &decay::LINEAR,
    &decay::COSINE,
    &decay::POLYNOMIAL,
    &decay::GEOMETRIC,
    &decay::ONE_MINUS_SQRT,
    &decay::TANH,
    &decay::K_DECAY,
    &decay::REX,
    &open::EXPONENTIAL,
    &open::INVERSE_TIME,
    &open::POWER_LAW,
    &open::INVERSE_SQRT,
    &open::HYPERBOLIC,
    &open::NOAM,
    &open::POWER,
    &open::NOISE,
    &steps::STEP,
    &steps::MULTISTEP,
    &steps::TABLE,
    &steps::PIECEWISE,
    &cycle::ONE_CYCLE,
    &cycle::CYCLIC,
];

/// The row of a curve.
pub fn named(name: &str) -> Option<&'static Row> {
    CURVES.iter().copied().find(|row| row.name == name)
}
