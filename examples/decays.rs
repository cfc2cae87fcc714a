//! Every decay of the two articles in one picture: nine runs of an MLP on digits. See
//! docs/examples/decays.md.

mod common;

use common::{chart, draw, rates, result, test_losses, train};
use kiln::{
    data::{self, Options},
    error::Result,
    fit::Rows,
    optim::Sgd,
    report::chart::{Look, Series},
    train::Config,
};

/// The rate at the start.
const LR: f64 = 0.5;

/// As the legend calls it, and in kiln's language. The first seven are functions of time; the others
/// watch the run, and are drawn as dots.
pub const DECAYS: [(&str, &str); 10] = [
    ("fixed", "constant"),
    ("(1 - t/T)^2", "polynomial(power=2)"),
    ("(1 + t/T)^-2", "power_law(every=100%, power=2)"),
    ("x 0.9 every 50", "step(every=50, gamma=0.9)"),
    ("1 / sqrt(1 + t/50)", "inverse_sqrt(every=50)"),
    ("x 0.5 every 5 epochs", "step(every=5ep, gamma=0.5)"),
    ("x 0.96 an epoch", "exponential(gamma=0.96, every=1ep)"),
    ("mean gradient / first", "gradient_ratio(floor=0.1)"),
    ("x 0.5 when loss fell 40%", "loss_drop(by=40%, factor=0.5)"),
    (
        "x 0.3 at accuracy 95%",
        "threshold(above=0.95, factor=0.3, monitor=eval_accuracy)",
    ),
];

/// How many of them are functions of time.
const TIMED: usize = 7;

/// Trains under each.
pub fn compare(epochs: u64) -> Result<Vec<Rows>> {
    let data = data::load("digits", &Options::default())?;
    let config = Config {
        optimizer: Sgd::plain().into(),
        ..Config::default()
    };
    let run = |&(_, schedule): &(&str, &str)| train("mlp", &data, &config, (schedule, LR), epochs);
    DECAYS.iter().map(run).collect()
}

/// One curve for each; those that watch the run as dots, one of `every` points.
fn curves(runs: &[Rows], of: impl Fn(&str, &Rows) -> Series, every: usize) -> Vec<Series> {
    let draw = |(i, rows): (usize, &Rows)| {
        let mut series = of(DECAYS[i].0, rows);
        if i >= TIMED {
            series.look = Look::Points;
            series.points = series.points.into_iter().step_by(every).collect();
        }
        series
    };
    runs.iter().enumerate().map(draw).collect()
}

pub fn main() -> Result<()> {
    let runs = compare(15)?;
    for ((name, schedule), rows) in DECAYS.iter().zip(&runs) {
        println!("{name:<26} {schedule:<58} {}", result(rows));
    }
    let rates = chart(
        "the rates that were applied",
        "learning rate",
        curves(&runs, rates, 15),
    );
    let mut losses = chart(
        "what they lead to",
        "test loss",
        curves(&runs, test_losses, 1),
    );
    losses.log = true;
    draw(&[rates, losses])
}
