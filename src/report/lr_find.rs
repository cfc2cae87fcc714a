//! The curves of a learning-rate finder.

use super::{
    chart::{Across, Chart, Corner, Look, Series},
    plots::is_wide,
};
use crate::lrfind::{Curve, Sweep, Verdict};

/// The smoothed losses of all runs over the logarithm of the rate, and the suggestion as a line; none if no
/// run has a point.
pub fn chart(sweep: &Sweep, curves: &[Curve], verdict: &Verdict) -> Option<Chart> {
    let series = curves.iter().map(|curve| {
        let points = curve.rates.iter().zip(&curve.smoothed);
        Series {
            name: format!("seed {}", curve.seed),
            points: points.map(|(rate, loss)| (rate.log10(), *loss)).collect(),
            look: Look::Line,
        }
    });
    let mut series: Vec<Series> = series.filter(|s| !s.points.is_empty()).collect();
    let values = || series.iter().flat_map(|s| &s.points).map(|p| p.1);
    let log = is_wide(values());
    let [low, high] = values().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], y| {
        [low.min(y), high.max(y)]
    });
    if series.is_empty() {
        return None;
    }
    if let Some(rate) = verdict.suggestion {
        series.push(Series {
            name: format!("suggested: {rate:.2e}"),
            points: vec![(rate.log10(), low), (rate.log10(), high)],
            look: Look::Line,
        });
    }
    Some(Chart {
        title: "training loss, smoothed, over the learning rate".into(),
        y: "loss".into(),
        series,
        log,
        within: None,
        marks: Vec::new(),
        legend: Corner::LowerRight,
        reach: Some([sweep.from.log10(), sweep.to.log10()]),
        across: Across::Rates,
    })
}
