//! A line through 100 points by gradient descent, checked against the closed form. See
//! docs/examples/linear_regression.md.

#![allow(clippy::duplicate_mod)] // another example and its test use this one

pub mod common;

use std::error::Error;

use common::{chart, curve, draw};
use kiln::{
    data::{self, Dataset, Features, Options, Targets, TaskKind},
    device::Choice,
    error::Result,
    fit::{Rows, fit, network},
    optim::Sgd,
    schedule::Schedule,
    train::Config,
};

/// What NumPy's least squares give for these points, in f64.
pub const NUMPY: Line = Line {
    slope: 1.93693502,
    intercept: 1.22215108,
};

/// How far kiln may be from it. An update of less than half a unit in a weight's last place, 6e-8,
/// is lost in f32, which leaves up to 6e-8 / (rate · smallest eigenvalue) = 6e-8 / (0.5 · 0.134) =
/// 9e-7; as much again for the rounding of the gradient and of the points.
pub const TOLERANCE: f64 = 2e-6;

/// y = slope · x + intercept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub slope: f64,
    pub intercept: f64,
}

impl Line {
    /// The larger of the two differences.
    pub fn distance(self, other: Line) -> f64 {
        let slope = (self.slope - other.slope).abs();
        slope.max((self.intercept - other.intercept).abs())
    }
}

/// The points of the article: `np.random.seed(0)`, 100 of y = 2x + 1 + noise, all for training.
pub fn points() -> Result<Dataset> {
    let csv = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/data/linear_regression.csv"
    );
    let options = Options {
        target: Some("y".into()),
        task: Some(TaskKind::Regression),
        test_fraction: Some(0.0),
        ..Options::default()
    };
    Ok(data::load(csv, &options)?)
}

/// All points in every update, without momentum: the article's gradient descent.
pub fn whole_batch() -> Config {
    Config {
        batch_size: 100,
        optimizer: Sgd::plain().into(),
        ..Config::default()
    }
}

/// The line of least squares, in f64: slope = cov(x, y) / var(x).
pub fn closed_form(data: &Dataset) -> Line {
    let (Features::Floats(x), Targets::Values { data: y, .. }) =
        (&data.train.features, &data.train.targets)
    else {
        unreachable!("a table of numbers")
    };
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / 100.0;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        let (x, y) = (f64::from(x) - mean_x, f64::from(y) - mean_y);
        covariance += x * y;
        variance += x * x;
    }
    let slope = covariance / variance;
    Line {
        slope,
        intercept: mean_y - slope * mean_x,
    }
}

/// Trains for `updates` at a rate of 0.5, and gives the line and the losses.
pub fn descend(data: &Dataset, updates: u64) -> Result<(Line, Rows)> {
    let (network, config) = (network("linear", data)?, whole_batch());
    let rate = Schedule::constant(0.5);
    let mut rows = Rows::default();
    // All points are one batch, so that an epoch is an update.
    let fitted = fit(
        &network,
        data,
        &config,
        rate,
        updates,
        &Choice::Cpu,
        &mut rows,
    )?;
    let line = Line {
        slope: fitted.weights[0][0].into(),
        intercept: fitted.weights[1][0].into(),
    };
    Ok((line, rows))
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let data = points()?;
    let exact = closed_form(&data);
    let (line, rows) = descend(&data, 300)?;
    let show = |name: &str, l: Line| {
        println!(
            "{name:<18} slope {:.8}  intercept {:.8}",
            l.slope, l.intercept
        );
    };
    show("NumPy, f64", NUMPY);
    show("closed form", exact);
    show("kiln, f32", line);
    let off = line.distance(NUMPY).max(line.distance(exact));
    println!("off by {off:.1e}, of {TOLERANCE:.0e} allowed");

    let least = rows.updates.iter().map(|u| u.loss).fold(f64::MAX, f64::min);
    let above = |u: &kiln::train::Update| (u.step as f64, u.loss - least);
    let excess = rows.updates.iter().take(120).map(above);
    let title = "gradient descent on 100 points, rate 0.5";
    let mut picture = chart(
        title,
        "loss above its least",
        vec![curve("all points", excess)],
    );
    picture.log = true;
    draw(&[picture])?;
    if off > TOLERANCE {
        return Err(format!("the line is off by {off:e}").into());
    }
    Ok(())
}
