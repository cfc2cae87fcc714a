//! A torch scheduler on one parameter group as segments between milestones, each in closed form.

use super::Scheduler;
use super::leaf::{Effect, Leaf, Position};
use super::machine::{Group, Machine};
use crate::expr::Settled;
use crate::schedule::frameworks::Raise;
use crate::schedule::frameworks::recurrence::Recurrence;

/// What a [`Scheduler`] does to one parameter group.
///
/// ```
/// use kiln::schedule::frameworks::torch::{Schedule, Scheduler};
///
/// let step = Scheduler::Step { step_size: 30, gamma: 0.1 };
/// let schedule = Schedule::new(&step, 0.5, None, Some(90)).unwrap();
/// assert_eq!(schedule.at(29), 0.5);
/// assert_eq!(schedule.at(30), 0.05);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    segments: Vec<Segment>,
    raises: Option<Raise>,
}

/// The updates between two milestones.
#[derive(Clone, Debug, PartialEq)]
struct Segment {
    /// The first update, with the rate and momentum it uses.
    start: u64,
    lr: f64,
    momentum: Option<f64>,
    members: Vec<(Leaf, Position)>,
    advance: Advance,
}

/// How the rate of a later update of a segment is found.
#[derive(Clone, Debug, PartialEq)]
enum Advance {
    /// From this member on: it overwrites what those before it did.
    Absolute(usize),
    /// Every member's closed form, one after the other: they multiply, so the order does not matter.
    Closed,
    /// From a table.
    Table(Recurrence),
}

impl Schedule {
    /// The schedule of a group with this rate and momentum (β1 of Adam) at construction. `updates` is the length
    /// of the run where it is known; it bounds the tables of what has no closed form.
    ///
    /// # Errors
    /// The exception that torch raises at construction.
    pub fn new(
        scheduler: &Scheduler,
        lr: f64,
        momentum: Option<f64>,
        updates: Option<u64>,
    ) -> Result<Schedule, Raise> {
        let mut group = Group::new(lr, momentum);
        let mut machine =
            Machine::new(scheduler, &mut group).map_err(|message| Raise { index: 0, message })?;
        let mut schedule = Schedule {
            segments: Vec::new(),
            raises: None,
        };
        let mut start = 0u64;
        loop {
            let event = machine.next_event();
            let segment = Segment::new(start, group, &machine, updates);
            let end = event.and_then(|steps| start.checked_add(steps));
            schedule.raises = segment.raises(end, updates);
            let Some((steps, end)) = event.zip(end).filter(|_| schedule.raises.is_none()) else {
                schedule.segments.push(segment);
                return Ok(schedule);
            };
            group.lr = segment.at(start + steps - 1);
            group.momentum = segment.momentum_at(start + steps - 1);
            schedule.segments.push(segment);
            machine.skip(steps - 1);
            if let Err(message) = machine.step(&mut group) {
                schedule.raises = Some(Raise {
                    index: end,
                    message,
                });
                return Ok(schedule);
            }
            start = end;
        }
    }

    /// The rate that update `step` uses. From where torch raises, the last one before holds.
    pub fn at(&self, step: u64) -> f64 {
        let step = self.reached(step);
        self.segment(step)
            .map_or(f64::NAN, |segment| segment.at(step))
    }

    /// The momentum that update `step` uses, where there is one.
    pub fn momentum_at(&self, step: u64) -> Option<f64> {
        let step = self.reached(step);
        self.segment(step)
            .and_then(|segment| segment.momentum_at(step))
    }

    /// Where torch raises, if it does.
    pub fn raises(&self) -> Option<&Raise> {
        self.raises.as_ref()
    }

    /// Whether some member cycles the momentum.
    pub fn cycles_momentum(&self) -> bool {
        self.segments
            .iter()
            .any(|s| s.members.iter().any(|(leaf, _)| leaf.momentum(0).is_some()))
    }

    /// The last update whose rate is known exactly; `None`: every one is. Beyond it the rate holds.
    pub fn exact_until(&self) -> Option<u64> {
        let last = self.segments.last()?;
        match &last.advance {
            Advance::Table(table) => table.exact_until().map(|steps| last.start + steps),
            _ => None,
        }
    }

    /// The updates at which another scheduler takes over, 0 first.
    pub fn joints(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.start).collect()
    }

    fn reached(&self, step: u64) -> u64 {
        self.raises
            .as_ref()
            .map_or(step, |raise| step.min(raise.index.saturating_sub(1)))
    }

    fn segment(&self, step: u64) -> Option<&Segment> {
        let after = self
            .segments
            .partition_point(|segment| segment.start <= step);
        self.segments.get(after.checked_sub(1)?)
    }
}

impl Segment {
    fn new(start: u64, group: Group, machine: &Machine, updates: Option<u64>) -> Segment {
        let members: Vec<(Leaf, Position)> = machine
            .active()
            .into_iter()
            .map(|(leaf, at)| (leaf.clone(), at))
            .collect();
        let effects: Vec<Effect> = members.iter().map(|(leaf, _)| leaf.effect()).collect();
        let advance = match effects
            .iter()
            .rposition(|&effect| effect == Effect::Absolute)
        {
            Some(index) => Advance::Absolute(index),
            None if effects.iter().all(|&effect| effect == Effect::Factor)
                || effects == [Effect::Affine] =>
            {
                Advance::Closed
            }
            None => {
                let left = updates.map(|updates| updates.saturating_sub(start).max(1));
                let settled = members
                    .iter()
                    .try_fold(Settled::CONSTANT, |all, (leaf, at)| {
                        all.and(leaf.settled(*at)?)
                    });
                Advance::Table(Recurrence::new(group.lr, settled, left, |k, lr| {
                    one_step(&members, lr, signed(k))
                }))
            }
        };
        Segment {
            start,
            lr: group.lr,
            momentum: group.momentum,
            members,
            advance,
        }
    }

    fn at(&self, step: u64) -> f64 {
        let steps = signed(step - self.start);
        match &self.advance {
            _ if steps == 0 => self.lr,
            Advance::Absolute(index) => one_step(
                self.members.get(*index..).unwrap_or_default(),
                self.lr,
                steps,
            ),
            Advance::Closed => self
                .members
                .iter()
                .fold(self.lr, |lr, (leaf, at)| leaf.after(lr, *at, steps)),
            Advance::Table(table) => table.value(step - self.start),
        }
    }

    fn momentum_at(&self, step: u64) -> Option<f64> {
        let steps = signed(step - self.start);
        let cycled = self
            .members
            .iter()
            .rev()
            .find_map(|(leaf, at)| leaf.momentum(at.plus(steps).last));
        if steps == 0 {
            self.momentum
        } else {
            cycled.or(self.momentum)
        }
    }

    /// The first exception before `end`. Lambdas are tried over the run, or over the first updates.
    fn raises(&self, end: Option<u64>, updates: Option<u64>) -> Option<Raise> {
        const TRIED: u64 = 4096;
        let tried = updates
            .unwrap_or(self.start.saturating_add(TRIED))
            .min(end.unwrap_or(u64::MAX))
            .saturating_sub(self.start);
        let tried = signed(tried.min(crate::schedule::frameworks::recurrence::LONGEST));
        let first = self.members.iter().filter_map(|(leaf, at)| {
            let (when, message) = leaf.raises(at.last, at.plus(tried - 1).last)?;
            Some(Raise {
                index: self.start.saturating_add((when - at.last).unsigned_abs()),
                message,
            })
        });
        first
            .min_by_key(|raise| raise.index)
            .filter(|raise| end.is_none_or(|end| raise.index < end))
    }
}

/// The rate after the `step`-th step of a segment, given the one before.
fn one_step(members: &[(Leaf, Position)], lr: f64, step: i64) -> f64 {
    members
        .iter()
        .fold(lr, |lr, (leaf, at)| leaf.after(lr, at.plus(step - 1), 1))
}

fn signed(steps: u64) -> i64 {
    i64::try_from(steps).unwrap_or(i64::MAX)
}
