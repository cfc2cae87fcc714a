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
/// let schedule = Schedule::new(&step, 0.5, None, (Some(90), 1000)).unwrap();
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
    /// of the run where it is known; it bounds the tables of what has no closed form, as `longest` does.
    ///
    /// # Errors
    /// The exception that torch raises at construction.
    pub fn new(
        scheduler: &Scheduler,
        lr: f64,
        momentum: Option<f64>,
        (updates, longest): (Option<u64>, u64),
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
            let segment = Segment::new(start, group, &machine, (updates, longest));
            let end = event.and_then(|steps| start.checked_add(steps));
            schedule.raises = segment.raises(end, (updates, longest));
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
    fn new(
        start: u64,
        group: Group,
        machine: &Machine,
        (updates, longest): (Option<u64>, u64),
    ) -> Segment {
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
                Advance::Table(Recurrence::new(
                    group.lr,
                    settled,
                    (left, longest),
                    |k, lr| one_step(&members, lr, signed(k)),
                ))
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
    fn raises(&self, end: Option<u64>, (updates, longest): (Option<u64>, u64)) -> Option<Raise> {
        const TRIED: u64 = 4096;
        let tried = updates
            .unwrap_or(self.start.saturating_add(TRIED))
            .min(end.unwrap_or(u64::MAX))
            .saturating_sub(self.start);
        let tried = signed(tried.min(longest));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::frameworks::torch::{Anneal, Cyclic, OneCycle, Scale};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn leaf() -> impl Strategy<Value = Scheduler> {
        let gamma = 0.5..1.02f64;
        let eta_min = prop_oneof![Just(0.0), Just(0.003)];
        prop_oneof![
            (1..30u64, gamma.clone())
                .prop_map(|(step_size, gamma)| Scheduler::Step { step_size, gamma }),
            (vec(0..90u64, 1..4), gamma.clone())
                .prop_map(|(milestones, gamma)| Scheduler::MultiStep { milestones, gamma }),
            (0.1..1.0f64, 0..60u64).prop_map(|(factor, total_iters)| Scheduler::Constant {
                factor,
                total_iters
            }),
            (0.1..1.0f64, prop_oneof![Just(0.0), Just(1.0)], 1..80u64).prop_map(
                |(start_factor, end_factor, total_iters)| Scheduler::Linear {
                    start_factor,
                    end_factor,
                    total_iters
                }
            ),
            gamma.prop_map(|gamma| Scheduler::Exponential { gamma }),
            (1..90u64, 0.5..3.0f64)
                .prop_map(|(total_iters, power)| Scheduler::Polynomial { total_iters, power }),
            (1..60u64, eta_min.clone()).prop_map(|(t, eta_min)| Scheduler::CosineAnnealing {
                t_max: t as f64,
                eta_min
            }),
            (1..20u64, 1..4u64, eta_min).prop_map(|(t_0, t_mult, eta_min)| {
                Scheduler::WarmRestarts {
                    t_0,
                    t_mult,
                    eta_min,
                }
            }),
            (0.001..0.3f64, 0..30u64).prop_map(|(swa_lr, anneal_epochs)| Scheduler::Swa {
                swa_lr,
                anneal_epochs,
                anneal: Anneal::Cos
            }),
            (1..9u64, 1..9u64).prop_map(|(up, down)| Scheduler::Cyclic(Cyclic {
                base_lr: 0.01,
                max_lr: 0.2,
                step_size_up: up as f64,
                step_size_down: down as f64,
                scale: Scale::Triangular2,
                cycle_momentum: true,
                base_momentum: 0.8,
                max_momentum: 0.9,
            })),
            (150..400u64).prop_map(|total_steps| Scheduler::OneCycle(OneCycle {
                max_lr: 0.3,
                total_steps,
                pct_start: 0.3,
                anneal: Anneal::Cos,
                cycle_momentum: true,
                base_momentum: 0.85,
                max_momentum: 0.95,
                div_factor: 25.0,
                final_div_factor: 1e4,
                three_phase: false,
            })),
        ]
    }

    fn any_scheduler() -> impl Strategy<Value = Scheduler> {
        leaf().prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 1..4).prop_map(Scheduler::Chained),
                (vec(inner, 1..4), vec(0..150u64, 2)).prop_map(|(schedulers, mut milestones)| {
                    milestones.sort_unstable();
                    milestones.truncate(schedulers.len() - 1);
                    Scheduler::Sequential {
                        schedulers,
                        milestones,
                    }
                }),
            ]
        })
    }

    proptest! {
        /// Protects the heart of it: jumping to any update gives what stepping there one by one gives, nested
        /// however, and an exception is foretold at the very step that raises it.
        #[test]
        fn jumping_equals_stepping(scheduler in any_scheduler()) {
            let mut group = Group::new(0.1, Some(0.9));
            let mut machine = Machine::new(&scheduler, &mut group).expect("none of these raises at once");
            let schedule = Schedule::new(&scheduler, 0.1, Some(0.9), (None, 1000)).expect("so does not this");
            let mut largest = group.lr;
            for step in 0..300 {
                if step > 0 && let Err(message) = machine.step(&mut group) {
                    prop_assert_eq!(schedule.raises(), Some(&Raise { index: step, message }));
                    return Ok(());
                }
                largest = group.lr.max(largest);
                let (jumped, momentum) = (schedule.at(step), schedule.momentum_at(step));
                prop_assert!((jumped - group.lr).abs() <= 1e-11 * largest, "{step}: {jumped} {}", group.lr);
                prop_assert!(momentum.zip(group.momentum).is_some_and(|(a, b)| (a - b).abs() < 1e-12));
            }
            prop_assert!(schedule.raises().is_none_or(|raise| raise.index >= 300));
        }
    }
}
