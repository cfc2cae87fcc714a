//! What the examples share: a run of a written schedule, and curves of what it left.

#![allow(dead_code)] // each example uses a part of it
#![allow(clippy::duplicate_mod)] // and a test has several examples

use std::{env, fs};

use kiln::{
    data::Dataset,
    device::Choice,
    error::{Error, Result},
    fit::{Rows, fit, horizon, network, rate},
    report::chart::{Across, Chart, Corner, Look, Series, svg},
    train::Config,
};

/// Trains `model` under `schedule`, in which `1x` is `base_lr`, on the CPU executor, so that the
/// pictures are the same on every machine but for the last digits.
pub fn train(
    model: &str,
    data: &Dataset,
    config: &Config,
    (schedule, base_lr): (&str, f64),
    epochs: u64,
) -> Result<Rows> {
    let network = network(model, data)?;
    let rate = rate(schedule, data, &horizon(data, config, base_lr, epochs)?)?;
    let mut rows = Rows::default();
    fit(
        &network,
        data,
        config,
        rate,
        epochs,
        &Choice::Cpu,
        &mut rows,
    )?;
    Ok(rows)
}

/// The last evaluation, for people: nothing if there was none.
pub fn result(rows: &Rows) -> String {
    let Some(last) = rows.evaluations.last() else {
        return String::new();
    };
    let accuracy = last.eval_accuracy.unwrap_or(f64::NAN) * 100.0;
    format!("test loss {:.4}, accuracy {accuracy:.2}%", last.eval_loss)
}

/// A curve with a name, over updates.
pub fn curve(name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Series {
    Series {
        name: name.into(),
        points: points.into_iter().collect(),
        look: Look::Line,
    }
}

/// The rates that a run applied.
pub fn rates(name: &str, rows: &Rows) -> Series {
    curve(name, rows.updates.iter().map(|u| (u.step as f64, u.lr)))
}

/// The losses on the test split, by the updates before them.
pub fn test_losses(name: &str, rows: &Rows) -> Series {
    let point = |e: &kiln::train::Evaluation| (e.step as f64, e.eval_loss);
    curve(name, rows.evaluations.iter().map(point))
}

/// Curves over one axis of updates.
pub fn chart(title: &str, y: &str, series: Vec<Series>) -> Chart {
    Chart {
        title: title.into(),
        y: y.into(),
        series,
        log: false,
        within: None,
        marks: Vec::new(),
        legend: Corner::UpperRight,
        reach: None,
        across: Across::Updates,
    }
}

/// Writes the charts below each other, over one axis with room for the legends, as SVG to the file
/// that the command line names, if it names one.
pub fn draw(charts: &[Chart]) -> Result<()> {
    let Some(path) = env::args().nth(1) else {
        println!("(an argument such as picture.svg draws it)");
        return Ok(());
    };
    let all = charts.iter().flat_map(|chart| &chart.series);
    let last = all.flat_map(|s| &s.points).map(|p| p.0).fold(0.0, f64::max);
    let reach = Some([0.0, last * 1.3]);
    let charts: Vec<Chart> = charts
        .iter()
        .map(|c| Chart { reach, ..c.clone() })
        .collect();
    let height = 380 * charts.len() as u32;
    let failed = |e: kiln::report::chart::Error| Error::file(path.as_ref(), e.to_string());
    let picture = svg(&charts, 860, height).map_err(failed)?;
    fs::write(&path, picture).map_err(Error::io(path.as_ref()))?;
    println!("wrote {path}");
    Ok(())
}
