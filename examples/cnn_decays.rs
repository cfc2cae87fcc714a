//! A CNN under plateau, step and exponential decay. See docs/examples/cnn_decays.md.

mod common;

use common::{chart, draw, rates, result, test_losses, train};
use kiln::{
    data::{self, Options},
    error::Result,
    fit::Rows,
    train::Config,
};

/// The rate at the start.
const LR: f64 = 0.05;

/// The article's three, of an epoch's length, and what they are compared with.
pub const DECAYS: [(&str, &str); 5] = [
    ("plateau", "plateau(factor=0.1, patience=1)"),
    ("step", "step(every=5ep, gamma=0.1)"),
    (
        "exponential, 0.1",
        "exponential(gamma=0.1, every=1ep, staircase=True)",
    ),
    (
        "exponential, 0.8",
        "exponential(gamma=0.8, every=1ep, staircase=True)",
    ),
    ("fixed", "constant"),
];

/// Trains under each.
pub fn compare(epochs: u64) -> Result<Vec<Rows>> {
    let data = data::load("digits", &Options::default())?;
    let config = Config::default();
    let run =
        |&(_, schedule): &(&str, &str)| train("small-cnn", &data, &config, (schedule, LR), epochs);
    DECAYS.iter().map(run).collect()
}

pub fn main() -> Result<()> {
    let runs = compare(20)?;
    for ((name, schedule), rows) in DECAYS.iter().zip(&runs) {
        println!("{name:<18} {schedule:<50} {}", result(rows));
    }
    let named = || DECAYS.iter().map(|decay| decay.0).zip(&runs);
    let mut rates = chart(
        "a CNN on digits",
        "learning rate",
        named().map(|(name, rows)| rates(name, rows)).collect(),
    );
    rates.log = true;
    for series in &mut rates.series {
        // Below a thousandth of the first rate nothing happens any more.
        series.points.retain(|point| point.1 > LR * 1e-4);
    }
    let losses = named().map(|(name, rows)| test_losses(name, rows));
    let mut losses = chart("", "test loss", losses.collect());
    losses.log = true;
    draw(&[rates, losses])
}
