//! A learning rate at work.

use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::control::{Control, Controller, ForeignState, Monitor, Observe, Rule, State, Timing};

/// The learning rate of a run: a schedule, and controllers at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    schedule: Schedule,
    /// Of the schedule; asked once, as the momentum is asked for at every update.
    carries_momentum: bool,
    steering: Vec<Steering>,
}

/// A controller at work, and what it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steering {
    monitor: Monitor,
    observe: Observe,
    timing: Timing,
    controller: Controller,
}

impl Steering {
    /// A controller that has seen nothing yet; `monitor` and `observe` where it leaves them open.
    pub(super) fn new(control: &Control, monitor: Monitor, observe: Observe) -> Steering {
        Steering {
            monitor: control.monitor().unwrap_or(monitor),
            observe: control.observe().unwrap_or(observe),
            timing: control.timing(),
            controller: control.start(monitor),
        }
    }
}

/// What a checkpoint keeps of one controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Its memory, at most 64 bytes.
    pub state: State,
    /// The last numbers, where it averages them.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "crate::control::number::list"
    )]
    pub window: Vec<f64>,
}

impl From<Schedule> for Rate {
    /// A schedule without controllers.
    fn from(schedule: Schedule) -> Rate {
        Rate::new(schedule, Vec::new())
    }
}

impl Rate {
    pub(super) fn new(schedule: Schedule, steering: Vec<Steering>) -> Rate {
        Rate {
            carries_momentum: schedule.carries_momentum(),
            schedule,
            steering,
        }
    }

    /// The rate that update `step` uses, with the controllers as they stand.
    pub fn at(&self, step: u64) -> f64 {
        self.steering
            .iter()
            .fold(self.schedule.at(step), |rate, steering| {
                rate * steering.controller.factor()
            })
    }

    /// What the controllers multiply the schedule by, as they stand.
    pub fn factor(&self) -> f64 {
        self.steering
            .iter()
            .map(|s| s.controller.factor())
            .product()
    }

    /// The momentum that update `step` uses, where the schedule carries one.
    pub fn momentum_at(&self, step: u64) -> Option<f64> {
        if self.carries_momentum {
            self.schedule.momentum_at(step)
        } else {
            None
        }
    }

    /// The pure part.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Whether any controller wants to be shown this number at this time.
    pub fn wants(&self, monitor: Monitor, observe: Observe) -> bool {
        self.steering
            .iter()
            .any(|s| s.monitor == monitor && s.observe == observe)
    }

    /// Whether an observation made with update `step` already concerns the rate of `step` itself (Optax).
    pub fn answers_at_once(&self) -> bool {
        self.steering.iter().any(|s| s.timing == Timing::SameUpdate)
    }

    /// Shows a number to every controller that watches it. `step` is the update it was measured with.
    pub fn observe(&mut self, monitor: Monitor, observe: Observe, value: f64, step: u64) {
        for timing in [Timing::SameUpdate, Timing::NextUpdate] {
            self.observe_timed(timing, monitor, observe, value, step);
        }
    }

    /// As [`observe`](Self::observe), to the controllers of one timing only: those whose answer concerns update
    /// `step` itself are shown the number before its rate is asked for, the others after.
    pub fn observe_timed(
        &mut self,
        timing: Timing,
        monitor: Monitor,
        observe: Observe,
        value: f64,
        step: u64,
    ) {
        let wants =
            |s: &Steering| s.timing == timing && s.monitor == monitor && s.observe == observe;
        // Every update is shown to whoever is there: without anyone, its rate is not worked out.
        if !self.steering.iter().any(wants) {
            return;
        }
        let bare = self.schedule.at(step);
        for i in 0..self.steering.len() {
            let others = |rate: f64, (j, s): (usize, &Steering)| {
                if j == i {
                    rate
                } else {
                    rate * s.controller.factor()
                }
            };
            let rate = self.steering.iter().enumerate().fold(bare, others);
            if let Some(s) = self.steering.get_mut(i).filter(|s| wants(s)) {
                s.controller.observe(value, rate);
            }
        }
    }

    /// Takes out the controllers that watch the gradient's norm by themselves, for a trainer that runs them where
    /// the norm is; those that only happen to monitor it stay.
    pub fn take_gradient_rules(&mut self) -> Vec<Rule> {
        let of_gradient = |s: &Steering| {
            matches!(
                s.controller.rule(),
                Rule::GradientRatio(_) | Rule::AdaGradNorm(_)
            )
        };
        let rules = self.steering.iter().filter(|s| of_gradient(s));
        let rules = rules.map(|s| s.controller.rule().clone()).collect();
        self.steering.retain(|s| !of_gradient(s));
        rules
    }

    /// What a checkpoint keeps: the memory of each controller, in order.
    pub fn saved(&self) -> Vec<Saved> {
        let saved = |(state, window): (State, &[f64])| Saved {
            state,
            window: window.to_vec(),
        };
        self.steering
            .iter()
            .map(|s| saved(s.controller.saved()))
            .collect()
    }

    /// Takes up what a checkpoint kept.
    ///
    /// # Errors
    /// If it was kept of other controllers; nothing is changed then.
    pub fn restore(&mut self, saved: Vec<Saved>) -> Result<(), ForeignState> {
        if saved.len() != self.steering.len() {
            return Err(ForeignState);
        }
        let mut restored = self.steering.clone();
        for (steering, saved) in restored.iter_mut().zip(saved) {
            steering.controller.restore(saved.state, saved.window)?;
        }
        self.steering = restored;
        Ok(())
    }
}
