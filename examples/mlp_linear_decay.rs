//! A small MLP under a linear decay, and what two common slips make of it. See
//! docs/examples/mlp_linear_decay.md.

mod common;

use common::{chart, draw, rates, result, test_losses, train};
use kiln::{
    data::{self, Options},
    error::Result,
    fit::Rows,
    optim::Sgd,
    train::Config,
};

/// The rate at the start; the article has 0.01, for one batch of unknown data.
const LR: f64 = 0.5;

/// The decay; the rate that stays as it is, since the line that should change it sets a field that
/// nothing reads; and the decay of what has decayed already, as reading the rate back would give.
pub fn schedules(epochs: u64) -> [(&'static str, String); 3] {
    let mut rate = 1.0;
    let mut compounded = vec!["1x".to_string()];
    for epoch in 0..epochs - 1 {
        rate *= 1.0 - epoch as f64 / epochs as f64;
        compounded.push(format!("{rate}x"));
    }
    let table = format!("table([{}], every=1ep)", compounded.join(", "));
    [
        ("linear", "linear".into()),
        ("never changed", "constant".into()),
        ("decayed from the decayed", table),
    ]
}

/// Trains under each, on digits.
pub fn compare(epochs: u64) -> Result<Vec<(&'static str, Rows)>> {
    let data = data::load("digits", &Options::default())?;
    let config = Config {
        optimizer: Sgd::plain().into(),
        ..Config::default()
    };
    let run = |(name, schedule): (&'static str, String)| -> Result<_> {
        let rows = train("mlp", &data, &config, (&schedule, LR), epochs)?;
        Ok((name, rows))
    };
    schedules(epochs).into_iter().map(run).collect()
}

pub fn main() -> Result<()> {
    let runs = compare(20)?;
    for (name, rows) in &runs {
        println!("{name:<26} {}", result(rows));
    }
    let rates = runs.iter().map(|(name, rows)| rates(name, rows)).collect();
    let losses = runs.iter().map(|(name, rows)| test_losses(name, rows));
    let mut losses = chart("MLP 64-100-10 on digits", "test loss", losses.collect());
    losses.log = true;
    draw(&[chart("", "learning rate", rates), losses])
}
