//! The resolved plan: which part of a schedule is in charge when.

use super::Schedule;
use super::curve::MAX_JOINTS;
use super::frameworks::Spelling;

/// A stretch of updates that one part of a schedule is in charge of.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its first update.
    pub start: u64,
    /// The update after its last; `None` for ever.
    pub end: Option<u64>,
    /// What is in charge, in kiln's language, absolute and in its own time.
    pub text: String,
    /// The rate of its first update.
    pub first: f64,
    /// The rate of its last update; at the end of an endless one, the rate it holds, if it does.
    pub last: Option<f64>,
}

impl Schedule {
    /// The parts in order: the pieces of a sequence, and what holds after the end of the last.
    pub fn segments(&self) -> Vec<Segment> {
        let mut bounds: Vec<(u64, String)> = match self {
            Schedule::Then(then) => then
                .pieces()
                .iter()
                .map(|p| (p.start, p.schedule.to_string()))
                .collect(),
            whole => vec![(0, whole.to_string())],
        };
        if let Some(end) = self
            .length()
            .filter(|&end| bounds.last().is_some_and(|(start, _)| end > *start))
        {
            bounds.push((end, "hold".to_owned()));
        }
        let ends = bounds
            .iter()
            .skip(1)
            .map(|(start, _)| Some(*start))
            .chain([None])
            .collect::<Vec<_>>();
        let held = self.length().map(|end| self.at(end));
        bounds
            .into_iter()
            .zip(ends)
            .map(|((start, text), end)| Segment {
                start,
                end,
                text,
                first: self.at(start),
                last: end.map_or(held, |end| Some(self.at(end - 1))),
            })
            .collect()
    }

    /// Steps where it jumps or bends, sorted, the first [`MAX_JOINTS`] of each part.
    pub fn joints(&self) -> Vec<u64> {
        let mut joints = self.unsorted_joints();
        joints.sort_unstable();
        joints.dedup();
        joints
    }

    /// The frameworks' spellings in it.
    pub(super) fn spellings(&self) -> Vec<&Spelling> {
        match self {
            Schedule::Framework(spelling) => vec![spelling],
            Schedule::Curve(_) | Schedule::Formula(_) => Vec::new(),
            Schedule::Then(then) => then
                .pieces()
                .iter()
                .flat_map(|piece| piece.schedule.spellings())
                .collect(),
            Schedule::Sum(parts) | Schedule::Min(parts) | Schedule::Max(parts) => {
                spellings_of(parts)
            }
            Schedule::Difference(parts) => spellings_of(parts.as_slice()),
            Schedule::Product { rate, factors } => {
                [rate.spellings(), spellings_of(factors)].concat()
            }
            Schedule::Restart(restart) => restart.inner.spellings(),
            Schedule::Scale { inner, .. }
            | Schedule::Clamp { inner, .. }
            | Schedule::Delay { inner, .. }
            | Schedule::Stretch { inner, .. }
            | Schedule::Warp { inner, .. }
            | Schedule::Mirror { inner, .. }
            | Schedule::Until { inner, .. }
            | Schedule::Override { inner, .. } => inner.spellings(),
        }
    }

    fn unsorted_joints(&self) -> Vec<u64> {
        let all = |parts: &[Schedule]| parts.iter().flat_map(Schedule::unsorted_joints).collect();
        match self {
            Schedule::Curve(curve) => curve.joints(),
            Schedule::Formula(formula) => formula.over.into_iter().collect(),
            Schedule::Framework(spelling) => spelling.joints(),
            Schedule::Then(then) => then
                .pieces()
                .iter()
                .flat_map(|piece| {
                    let inner = piece.schedule.unsorted_joints();
                    let moved = inner
                        .into_iter()
                        .map(|joint| joint.saturating_add(piece.start));
                    moved.chain([piece.start]).collect::<Vec<_>>()
                })
                .collect(),
            Schedule::Sum(parts) | Schedule::Min(parts) | Schedule::Max(parts) => all(parts),
            Schedule::Difference(parts) => all(parts.as_slice()),
            Schedule::Product { rate, factors } => [rate.unsorted_joints(), all(factors)].concat(),
            Schedule::Scale { inner, .. } | Schedule::Clamp { inner, .. } => {
                inner.unsorted_joints()
            }
            Schedule::Delay { inner, by } => mapped(inner, |joint| joint.saturating_add(*by)),
            Schedule::Stretch { inner, by } => {
                mapped(inner, |joint| (joint as f64 * by).ceil() as u64)
            }
            Schedule::Warp { over, .. } | Schedule::Until { over, .. } => vec![*over],
            Schedule::Mirror { over, .. } => (1..100).map_while(|k| over.checked_mul(k)).collect(),
            Schedule::Restart(restart) => restart.starts(MAX_JOINTS),
            Schedule::Override {
                inner, from, until, ..
            } => [inner.unsorted_joints(), vec![*from, *until]].concat(),
        }
    }
}

fn mapped(inner: &Schedule, map: impl Fn(u64) -> u64) -> Vec<u64> {
    inner.unsorted_joints().into_iter().map(map).collect()
}

fn spellings_of(parts: &[Schedule]) -> Vec<&Spelling> {
    parts.iter().flat_map(Schedule::spellings).collect()
}
