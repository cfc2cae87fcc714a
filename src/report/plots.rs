//! The curves of a run: loss, accuracy, rate.

use std::path::{Path, PathBuf};

use super::{
    chart::{Across, Chart, Corner, Look, Series, thinned},
    rows::{Evaluation, Rows, Update},
    schedule::{Quantity, points},
};
use crate::{
    error::{Error, Result},
    files::write_atomically,
    schedule::Schedule,
};

/// Points of one curve in a picture; see [`thinned`].
pub const POINTS: usize = 2000;

/// A loss that spans more than this factor is drawn as its logarithm.
const WIDE: f64 = 100.0;

/// A schedule as a picture needs it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Drawn {
    /// As it was written, or resolved.
    pub text: String,
    /// Updates at which it jumps or bends.
    pub joints: Vec<u64>,
    /// Some updates, in order, and its rates for them.
    pub rates: Vec<(u64, f64)>,
}

impl Drawn {
    /// The first `steps` updates of a schedule.
    pub fn of(text: impl Into<String>, schedule: &Schedule, steps: u64) -> Drawn {
        let inside = |joint: &u64| (1..steps).contains(joint);
        let rates = match steps {
            0 => Vec::new(),
            _ => points(schedule, steps, Quantity::Rate),
        };
        Drawn {
            text: text.into(),
            joints: schedule.joints().into_iter().filter(inside).collect(),
            rates: rates
                .into_iter()
                .map(|(step, rate)| (step as u64, rate))
                .collect(),
        }
    }
}

/// Averages of the weights: how the names of their numbers begin, and what a legend calls them.
pub(super) const AVERAGES: [(&str, &str); 2] = [("ema", "EMA"), ("swa", "SWA")];

/// The training loss, raw and smoothed, and the loss of the evaluations, also by averages of the weights; none
/// if there is neither.
pub fn loss(rows: &Rows) -> Option<Chart> {
    let raw = over(&rows.updates, |u| (u.step, u.loss));
    let (smooth, span) = smoothed(&raw);
    let evaluations = evaluations(rows, "eval_loss", |e| Some(e.eval_loss));
    let found = evaluations.iter().flat_map(|s| &s.points);
    let log = is_wide(raw.iter().chain(found).map(|p| p.1));
    let mut series = Vec::new();
    if span > 1 {
        series.push(curve("", &raw, Look::Backdrop));
        series.push(curve("training, smoothed", &smooth, Look::Line));
    } else {
        series.push(curve("training", &raw, Look::Line));
    }
    series.extend(evaluations);
    let chart = chart("loss", series, log, Vec::new(), Corner::UpperRight);
    spanning(chart, rows)
}

/// The accuracy of the evaluations, also by averages of the weights; none if there is none.
pub fn accuracy(rows: &Rows) -> Option<Chart> {
    let series = evaluations(rows, "eval_accuracy", |e| e.eval_accuracy);
    let chart = chart("accuracy", series, false, Vec::new(), Corner::LowerRight);
    spanning(chart, rows)
}

/// The rate of every update that was applied, over the schedule's own and its joints where a
/// schedule is given; none if there are no rates.
pub fn rate(rows: &Rows, schedule: Option<&Drawn>) -> Option<Chart> {
    let applied = over(&rows.updates, |u| (u.step, u.lr));
    let mut series = Vec::new();
    let mut marks = Vec::new();
    if let Some(schedule) = schedule {
        let rates: Vec<_> = schedule
            .rates
            .iter()
            .map(|&(step, r)| (step as f64, r))
            .collect();
        series.push(curve("schedule", &rates, Look::Band));
        marks = schedule.joints.iter().map(|&j| j as f64).collect();
    }
    series.push(curve("applied", &applied, Look::Line));
    let chart = chart("learning rate", series, false, marks, Corner::UpperRight);
    spanning(chart, rows)
}

/// What the evaluations found, by the weights that are trained and by their averages: dots on a pale line.
fn evaluations(rows: &Rows, field: &str, own: impl Fn(&Evaluation) -> Option<f64>) -> Vec<Series> {
    let dotted = |name: String, value: &dyn Fn(&Evaluation) -> Option<f64>| {
        let point = |e: &Evaluation| Some((e.step as f64, value(e)?));
        let points: Vec<_> = rows.evaluations.iter().filter_map(point).collect();
        [
            curve("", &points, Look::Backdrop),
            curve(name, &points, Look::Points),
        ]
    };
    let averaged = AVERAGES.iter().flat_map(|(prefix, name)| {
        let field = format!("{prefix}_{field}");
        let value = |e: &Evaluation| e.more.get(&field).copied();
        dotted(format!("evaluation, {name}"), &value)
    });
    let own = dotted("evaluation".into(), &own);
    own.into_iter().chain(averaged).collect()
}

/// The chart over the whole run.
fn spanning(chart: Option<Chart>, rows: &Rows) -> Option<Chart> {
    let reach = reach(rows);
    Some(Chart { reach, ..chart? })
}

/// From the first update to the last row; none if there is no row.
pub(super) fn reach(rows: &Rows) -> Option<[f64; 2]> {
    let update = rows.updates.last().map(|u| u.step);
    let evaluation = rows.evaluations.last().map(|e| e.step);
    Some([0.0, update.max(evaluation)? as f64])
}

/// Writes `loss.svg`, `accuracy.svg` and `lr.svg` into a folder, those of which there is something
/// to draw, and gives their paths.
///
/// # Errors
/// If one cannot be written.
pub fn write(dir: &Path, rows: &Rows, schedule: Option<&Drawn>) -> Result<Vec<PathBuf>> {
    let charts = [
        ("loss.svg", loss(rows)),
        ("accuracy.svg", accuracy(rows)),
        ("lr.svg", rate(rows, schedule)),
    ];
    let mut written = Vec::new();
    for (name, chart) in charts {
        let Some(mut chart) = chart else { continue };
        chart.title.clone_from(&chart.y);
        let path = dir.join(name);
        let svg = chart
            .svg(960, 480)
            .map_err(|e| Error::file(&path, e.to_string()))?;
        write_atomically(&path, svg.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// A moving average that forgets as fast as one over `span` updates, and that span: a fortieth of
/// the run. What is not finite is left out.
pub(crate) fn smoothed(points: &[(f64, f64)]) -> (Vec<(f64, f64)>, usize) {
    let span = (points.len() / 40).clamp(1, 1000);
    let keep = 1.0 - 2.0 / (span as f64 + 1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    let finite = points.iter().filter(|p| p.1.is_finite());
    let mean = finite.map(|&(step, x)| {
        (sum, weight) = (keep * sum + x, keep * weight + 1.0);
        (step, sum / weight)
    });
    (mean.collect(), span)
}

/// Whether values span so much that only their logarithm shows them.
pub(crate) fn is_wide(values: impl Iterator<Item = f64>) -> bool {
    let positive = values.filter(|x| x.is_finite() && *x > 0.0);
    let [low, high] = positive.fold([f64::INFINITY, 0.0f64], |[low, high], x| {
        [low.min(x), high.max(x)]
    });
    high > WIDE * low
}

/// The loss of every update.
pub(super) fn losses(updates: &[Update]) -> Vec<(f64, f64)> {
    over(updates, |u| (u.step, u.loss))
}

fn over<T>(rows: &[T], point: impl Fn(&T) -> (u64, f64)) -> Vec<(f64, f64)> {
    let point = |row| {
        let (step, value) = point(row);
        (step as f64, value)
    };
    rows.iter().map(point).collect()
}

pub(super) fn curve(name: impl Into<String>, points: &[(f64, f64)], look: Look) -> Series {
    Series {
        name: name.into(),
        points: thinned(points, POINTS),
        look,
    }
}

/// A chart of those series that have something to show; none if none has.
pub(crate) fn chart(
    y: &str,
    mut series: Vec<Series>,
    log: bool,
    marks: Vec<f64>,
    legend: Corner,
) -> Option<Chart> {
    series.retain(|s| !s.points.is_empty());
    let mut values = series.iter().flat_map(|s| &s.points);
    values.any(|p| !log || p.1 > 0.0).then(|| Chart {
        title: String::new(),
        y: y.into(),
        series,
        log,
        within: y.contains("accuracy").then_some([0.0, 1.0]),
        marks,
        legend,
        reach: None,
        across: Across::Updates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(losses: &[f64]) -> Rows {
        let update = |(step, &loss): (u64, &f64)| Update {
            step,
            lr: 0.1,
            loss,
            ..Update::default()
        };
        Rows {
            updates: (0..).zip(losses).map(update).collect(),
            ..Rows::default()
        }
    }

    /// A run without rows has no pictures; one with a single row, or that diverged at once, still
    /// has what can be drawn.
    #[test]
    fn draws_what_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let names = |rows: &Rows| -> Vec<String> {
            let paths = write(dir.path(), rows, None).unwrap();
            let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_string();
            paths.iter().map(name).collect()
        };
        assert_eq!(names(&rows(&[])), [""; 0]);
        assert_eq!(names(&rows(&[0.5])), ["loss.svg", "lr.svg"]);
        assert_eq!(names(&rows(&[f64::NAN])), ["lr.svg"]);
        let mut with = rows(&[0.5, 0.4]);
        with.evaluations.push(Evaluation {
            eval_accuracy: Some(0.5),
            ..Evaluation::default()
        });
        assert_eq!(names(&with), ["loss.svg", "accuracy.svg", "lr.svg"]);
    }

    /// More than two decades are drawn as logarithms, and a loss of zero does not decide.
    #[test]
    fn wide_losses_are_logarithmic() {
        assert!(!loss(&rows(&[2.3, 0.03, 0.0])).unwrap().log);
        assert!(loss(&rows(&[2.3, 0.02, 0.0])).unwrap().log);
    }

    /// Averages of the weights have curves of their own, in colours of their own, where there are any.
    #[test]
    fn averages_are_drawn_beside_the_weights() {
        let mut rows = rows(&[0.5, 0.4]);
        let evaluation = |step, more: &[(&str, f64)]| Evaluation {
            step,
            eval_loss: 0.3,
            eval_accuracy: Some(0.5),
            more: more.iter().map(|(n, x)| (n.to_string(), *x)).collect(),
            ..Evaluation::default()
        };
        let ema = [("ema_eval_loss", 0.2), ("ema_eval_accuracy", 0.75)];
        rows.evaluations = vec![evaluation(1, &[]), evaluation(2, &ema)];
        for (chart, value) in [(loss(&rows), 0.2), (accuracy(&rows), 0.75)] {
            let chart = chart.unwrap();
            let names = chart.series.iter().map(|s| s.name.as_str());
            let names: Vec<_> = names.filter(|name| name.starts_with("eval")).collect();
            assert_eq!(names, ["evaluation", "evaluation, EMA"]);
            assert_eq!(chart.series.last().unwrap().points, [(2.0, value)]);
        }
    }

    /// A loss of exactly zero is not left out of a logarithmic chart, be it the only one of its curve.
    #[test]
    fn losses_of_zero_are_drawn() {
        let mut rows = rows(&[2.0, 0.001, 0.0]);
        rows.evaluations = vec![Evaluation::default()];
        let chart = loss(&rows).unwrap();
        assert!(chart.log && chart.series[0].points.contains(&(2.0, 0.0)));
        assert_eq!(chart.series.last().unwrap().name, "evaluation");
    }

    /// The mean of a constant is that constant from the first update on; a NaN does not spread.
    #[test]
    fn smoothing_has_no_bias() {
        let mut values = vec![0.7; 400];
        values[17] = f64::NAN;
        let (smooth, span) = smoothed(&losses(&rows(&values).updates));
        assert_eq!((smooth.len(), span), (399, 10));
        assert!(smooth.iter().all(|p| (p.1 - 0.7).abs() < 1e-12));
    }

    /// The schedule under the applied rates, with the joints inside the run.
    #[test]
    fn a_schedule_is_drawn_over_the_run() {
        let schedule = Schedule::warmup(0.1, 10).then(10, Schedule::cosine(0.1, 0.0, 90));
        let drawn = Drawn::of("warmup", &schedule, 100);
        assert!(drawn.joints.contains(&10) && !drawn.joints.contains(&100));
        assert_eq!(
            (drawn.rates[0], drawn.rates.len()),
            ((0, schedule.at(0)), 100)
        );
        let chart = rate(&rows(&[1.0, 2.0]), Some(&drawn)).unwrap();
        assert_eq!(chart.series[0].look, Look::Band);
        assert_eq!(
            chart.marks,
            drawn.joints.iter().map(|&j| j as f64).collect::<Vec<_>>()
        );
    }
}
