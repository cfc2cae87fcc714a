//! Pictures of schedules.

use super::chart::{Across, Chart, Corner, Look, Series};
use crate::schedule::Schedule;

/// What of a schedule is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The learning rate.
    Rate,
    /// The momentum, where the schedule carries one; else nothing.
    Momentum,
}

/// Evenly spaced points of a curve.
const POINTS: u64 = 1500;

/// A chart of the first `steps` updates of some schedules, each with the name that the legend
/// shows. A single one has its joints marked.
///
/// # Panics
/// If `steps` is 0.
pub fn chart(schedules: &[(String, Schedule)], steps: u64, quantity: Quantity, log: bool) -> Chart {
    let series = schedules.iter().map(|(name, schedule)| Series {
        name: name.clone(),
        points: points(schedule, steps, quantity),
        look: Look::Line,
    });
    let what = match quantity {
        Quantity::Rate => "learning rate",
        Quantity::Momentum => "momentum",
    };
    let (title, marks) = match schedules {
        [(name, schedule)] => {
            let inside = schedule
                .joints()
                .into_iter()
                .filter(|&j| j > 0 && j < steps);
            (name.clone(), inside.map(|j| j as f64).collect())
        }
        many => (format!("{what} of {} schedules", many.len()), Vec::new()),
    };
    Chart {
        title,
        y: what.into(),
        series: series.collect(),
        log,
        within: None,
        marks,
        legend: Corner::UpperRight,
        reach: None,
        across: Across::Updates,
    }
}

/// Evenly spaced updates, and both sides of every joint.
pub(super) fn points(schedule: &Schedule, steps: u64, quantity: Quantity) -> Vec<(f64, f64)> {
    let last = steps.saturating_sub(1);
    let even = (0..=POINTS).map(|i| (last as u128 * i as u128 / POINTS as u128) as u64);
    let joints = schedule.joints();
    let sides = joints.iter().flat_map(|&j| [j.saturating_sub(1), j]);
    let mut at: Vec<u64> = even.chain(sides).filter(|&s| s <= last).collect();
    at.sort_unstable();
    at.dedup();
    let value = |step: u64| match quantity {
        Quantity::Rate => Some(schedule.at(step)),
        Quantity::Momentum => schedule.momentum_at(step),
    };
    at.into_iter()
        .filter_map(|step| Some((step as f64, value(step)?)))
        .collect()
}
