//! torch's protocol of construction, undoing and stepping, on one parameter group.
//!
//! The counters of every scheduler are kept as torch keeps them (a nested `SequentialLR` really is one step
//! ahead), but between two milestones any number of steps is taken at once.

use super::Scheduler;
use super::leaf::{Effect, Leaf, Position};

/// What torch keeps in `optimizer.param_groups[i]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub lr: f64,
    initial_lr: Option<f64>,
    /// Momentum, or β1 of Adam.
    pub momentum: Option<f64>,
}

impl Group {
    pub fn new(lr: f64, momentum: Option<f64>) -> Group {
        Group {
            lr,
            initial_lr: None,
            momentum,
        }
    }
}

/// A constructed scheduler.
pub(super) enum Machine {
    Leaf {
        leaf: Leaf,
        at: Position,
    },
    Sequential {
        children: Vec<Machine>,
        milestones: Vec<u64>,
        last: u64,
    },
    Chained(Vec<Machine>),
    SwaAfter {
        before: Box<Machine>,
        swa: Box<Machine>,
        swa_start: u64,
        last: u64,
    },
}

/// The exception without its index.
pub(super) type Exception = String;

impl Machine {
    /// The constructor: schedulers inside others are constructed first, each changing the group.
    pub fn new(scheduler: &Scheduler, group: &mut Group) -> Result<Machine, Exception> {
        match scheduler {
            Scheduler::Sequential {
                schedulers,
                milestones,
            } => {
                let children = schedulers
                    .iter()
                    .map(|s| Machine::new(s, group))
                    .collect::<Result<_, _>>()?;
                let mut machine = Machine::Sequential {
                    children,
                    milestones: milestones.clone(),
                    last: 0,
                };
                group.lr = group.initial_lr.unwrap_or(group.lr);
                machine.undo();
                let Machine::Sequential {
                    children,
                    milestones,
                    ..
                } = &mut machine
                else {
                    return Ok(machine);
                };
                if let Some(first) = children.get_mut(passed(milestones, 0)) {
                    first.initial_step(group)?;
                }
                Ok(machine)
            }
            Scheduler::Chained(schedulers) => Ok(Machine::Chained(
                schedulers
                    .iter()
                    .map(|s| Machine::new(s, group))
                    .collect::<Result<_, _>>()?,
            )),
            Scheduler::SwaAfter {
                before,
                swa_start,
                swa,
            } => {
                let before = Box::new(Machine::new(before, group)?);
                let swa = Box::new(Machine::new(swa, group)?);
                Ok(Machine::SwaAfter {
                    before,
                    swa,
                    swa_start: *swa_start,
                    last: 0,
                })
            }
            scheduler => {
                match scheduler {
                    Scheduler::Cyclic(c) => group.lr = c.base_lr,
                    Scheduler::OneCycle(c) => group.initial_lr = Some(c.initial_lr()),
                    _ => {}
                }
                let base = *group.initial_lr.get_or_insert(group.lr);
                let mut machine = Machine::Leaf {
                    leaf: Leaf {
                        scheduler: scheduler.clone(),
                        base,
                    },
                    at: Position { last: -1, count: 0 },
                };
                machine.initial_step(group)?;
                if matches!(scheduler, Scheduler::Cyclic(_)) {
                    group.lr = base; // its constructor knows its own base_lr only after the first step
                }
                Ok(machine)
            }
        }
    }

    /// `_initial_step()`: for the composite schedulers torch inherits one that is an ordinary step.
    fn initial_step(&mut self, group: &mut Group) -> Result<(), Exception> {
        let Machine::Leaf { leaf, at } = self else {
            return self.step(group);
        };
        *at = Position {
            last: at.last + 1,
            count: 1,
        };
        if let Some((0, exception)) = leaf
            .raises(-1, 0)
            .filter(|_| leaf.effect() == Effect::Absolute)
        {
            return Err(exception);
        }
        group.lr = leaf.initial(group.lr);
        group.momentum = leaf.momentum(at.last).or(group.momentum);
        Ok(())
    }

    /// `step()`.
    pub fn step(&mut self, group: &mut Group) -> Result<(), Exception> {
        match self {
            Machine::Leaf { leaf, at } => {
                let next = at.plus(1);
                if let Some((_, exception)) = leaf
                    .raises(at.last, next.last)
                    .filter(|(when, _)| *when == next.last)
                {
                    return Err(exception);
                }
                group.lr = leaf.after(group.lr, *at, 1);
                group.momentum = leaf.momentum(next.last).or(group.momentum);
                *at = next;
                Ok(())
            }
            Machine::Chained(children) => {
                children.iter_mut().try_for_each(|child| child.step(group))
            }
            Machine::SwaAfter {
                before,
                swa,
                swa_start,
                last,
            } => {
                *last += 1;
                if *last > *swa_start {
                    swa.step(group)
                } else {
                    before.step(group)
                }
            }
            Machine::Sequential {
                children,
                milestones,
                last,
            } => {
                *last += 1;
                let index = passed(milestones, *last);
                let Some(child) = children.get_mut(index) else {
                    return Ok(());
                };
                if index > 0 && milestones.get(index - 1) == Some(last) {
                    child.restart(group)
                } else {
                    child.step(group)
                }
            }
        }
    }

    /// `_update_lr(0)`, which composite schedulers do not implement.
    fn restart(&mut self, group: &mut Group) -> Result<(), Exception> {
        let Machine::Leaf { leaf, at } = self else {
            return Err("NotImplementedError: SequentialLR cannot start a SequentialLR or ChainedScheduler at a milestone".to_owned());
        };
        at.last = 0;
        group.lr = leaf.restart(group.lr, at.count)?;
        group.momentum = leaf.momentum(0).or(group.momentum);
        Ok(())
    }

    /// `SequentialLR.recursive_undo`.
    fn undo(&mut self) {
        match self {
            Machine::Leaf { at, .. } => at.last -= 1,
            Machine::Chained(children) | Machine::Sequential { children, .. } => {
                children.iter_mut().for_each(Machine::undo)
            }
            Machine::SwaAfter { before, swa, .. } => {
                [before, swa].into_iter().for_each(|child| child.undo())
            }
        }
    }

    /// The leaves that every step until the next event moves, in order.
    pub fn active(&self) -> Vec<(&Leaf, Position)> {
        match self {
            Machine::Leaf { leaf, at } => vec![(leaf, *at)],
            Machine::Chained(children) => children.iter().flat_map(Machine::active).collect(),
            Machine::SwaAfter {
                before,
                swa,
                swa_start,
                last,
            } => {
                if last < swa_start {
                    before.active()
                } else {
                    swa.active()
                }
            }
            Machine::Sequential {
                children,
                milestones,
                last,
            } => children
                .get(passed(milestones, *last))
                .map(Machine::active)
                .unwrap_or_default(),
        }
    }

    /// How many steps until the next one at which another scheduler takes over.
    pub fn next_event(&self) -> Option<u64> {
        match self {
            Machine::Leaf { .. } => None,
            Machine::Chained(children) => children.iter().filter_map(Machine::next_event).min(),
            Machine::SwaAfter {
                before,
                swa,
                swa_start,
                last,
            } => {
                let switch = (last <= swa_start).then(|| swa_start - last + 1);
                let inner = if last < swa_start {
                    before.next_event()
                } else {
                    swa.next_event()
                };
                switch.into_iter().chain(inner).min()
            }
            Machine::Sequential {
                children,
                milestones,
                last,
            } => {
                let own = milestones
                    .iter()
                    .filter(|&m| m > last)
                    .map(|m| m - last)
                    .min();
                let inner = children
                    .get(passed(milestones, *last))
                    .and_then(Machine::next_event);
                own.into_iter().chain(inner).min()
            }
        }
    }

    /// Advances the counters by steps among which there is no event; the rate is the caller's business.
    pub fn skip(&mut self, steps: u64) {
        match self {
            Machine::Leaf { at, .. } => *at = at.plus(i64::try_from(steps).unwrap_or(i64::MAX)),
            Machine::Chained(children) => children.iter_mut().for_each(|child| child.skip(steps)),
            Machine::SwaAfter {
                before,
                swa,
                swa_start,
                last,
            } => {
                if last < swa_start {
                    before.skip(steps)
                } else {
                    swa.skip(steps)
                }
                *last += steps;
            }
            Machine::Sequential {
                children,
                milestones,
                last,
            } => {
                if let Some(child) = children.get_mut(passed(milestones, *last)) {
                    child.skip(steps);
                }
                *last += steps;
            }
        }
    }
}

/// `bisect_right(milestones, at)`.
fn passed(milestones: &[u64], at: u64) -> usize {
    milestones.partition_point(|&milestone| milestone <= at)
}
