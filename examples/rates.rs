//! A rate that is too small, one that is right, one that is too large. See docs/examples/rates.md.

#[path = "linear_regression.rs"]
#[allow(dead_code)]
mod linear_regression;

use kiln::{
    data::{Dataset, Features},
    error::{Error, Result},
};
use linear_regression::{
    common::{chart, curve, draw, train},
    points, whole_batch,
};

/// Updates that each gets.
const UPDATES: u64 = 100;

/// The largest rate that does not diverge: 2 / λ with λ the largest eigenvalue of the loss's second
/// derivative, 2/n · [Σx², Σx; Σx, n].
pub fn limit(data: &Dataset) -> f64 {
    let Features::Floats(x) = &data.train.features else {
        unreachable!("a table of numbers")
    };
    let mean =
        |power: i32| x.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / x.len() as f64;
    let (a, b) = (2.0 * mean(2), 2.0 * mean(1));
    let largest = (a + 2.0 + ((a - 2.0).powi(2) + 4.0 * b * b).sqrt()) / 2.0;
    2.0 / largest
}

/// The losses of `updates` at a constant rate; fewer if they leave the numbers.
pub fn losses(data: &Dataset, rate: f64, updates: u64) -> Result<Vec<f64>> {
    match train("linear", data, &whole_batch(), ("constant", rate), updates) {
        Ok(rows) => Ok(rows.updates.iter().map(|u| u.loss).collect()),
        Err(Error::Diverged(_)) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

pub fn main() -> Result<()> {
    let data = points()?;
    let limit = limit(&data);
    println!("rates up to {limit:.4} converge");
    let mut series = Vec::new();
    for (what, share) in [
        ("too small", 0.01),
        ("right", 0.7),
        ("at its limit", 0.98),
        ("too large", 1.02),
    ] {
        let rate = share * limit;
        let losses = losses(&data, rate, UPDATES)?;
        let last = losses.last().copied().unwrap_or(f64::INFINITY);
        let name = format!("{what}: {rate:.3}");
        println!("{name:<22} loss {last:.6} after {UPDATES} updates");
        series.push(curve(&name, (0..).map(f64::from).zip(losses)));
    }
    let mut picture = chart("one problem, four rates", "loss", series);
    picture.log = true;
    draw(&[picture])
}
