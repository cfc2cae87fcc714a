//! A run that goes on with other settings: its schedule, composed of the old one and what comes after.

use std::collections::BTreeMap;

use super::{ready::Ready, setup::Setup};
use crate::{
    error::{Error, Result},
    optim::Optimizer,
    schedule::{self, OnChange, Run, Schedule, Spec},
    train::Swa,
};

/// The schedules of some settings, laid out over a number of updates.
struct Laid {
    plan: schedule::LearningRate,
    rate: Schedule,
    momentum: Other,
    weight_decay: Other,
}

/// The schedule of another hyper-parameter, and what it is without one.
struct Other {
    schedule: Option<Schedule>,
    base: f64,
}

impl Laid {
    fn out(setup: &Setup, per_epoch: u64, updates: u64) -> Result<Laid> {
        let optimizer = Optimizer::parse(&setup.optimizer)?;
        let run = setup.horizon(&optimizer, per_epoch, updates);
        let plan: schedule::LearningRate = setup.schedule.parse()?;
        Ok(Laid {
            rate: plan.spec().resolve(&run)?,
            plan,
            momentum: Other {
                schedule: setup.momentum(&optimizer, &run)?,
                base: optimizer.momentum().unwrap_or(0.0),
            },
            weight_decay: Other {
                schedule: setup.weight_decay(&optimizer, &run)?,
                base: optimizer.weight_decay(),
            },
        })
    }
}

impl Other {
    /// What `how` makes of this and of what comes after it; nothing warms up but the rate.
    fn then(self, after: Other, how: OnChange, from: u64) -> Option<Schedule> {
        match how {
            OnChange::Keep => self.schedule,
            OnChange::Replace => after.schedule,
            _ if self.schedule.is_none() && after.schedule.is_none() => None,
            _ => {
                let whole = |other: Other| {
                    let base = Schedule::constant(other.base);
                    other.schedule.unwrap_or(base)
                };
                Some(whole(self).then(from, whole(after)))
            }
        }
    }
}

impl Setup {
    /// Whether the same updates come of both.
    pub(super) fn same_run(&self, other: &Setup) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }

    /// What a run under these settings does that goes on after `step` updates under `old` ones, by flag:
    /// the schedules that `how` makes of both.
    ///
    /// # Errors
    /// What a schedule reports, and a way that would leave the new settings without effect.
    pub(super) fn changed(
        &self,
        old: &Setup,
        how: OnChange,
        step: u64,
        per_epoch: u64,
    ) -> Result<BTreeMap<String, String>> {
        let (planned, updates) = (old.steps(per_epoch)?, self.steps(per_epoch)?);
        if how == OnChange::Extend && updates <= planned {
            return Err(Error::Usage(format!(
                "--on-change extend has no effect: the run was planned for {planned} updates and is to have \
                 {updates}; give more --epochs or --max-steps, or say replace or rewarm"
            )));
        }
        let window = how.window(step, planned, updates);
        let before = Laid::out(old, per_epoch, planned)?;
        let after = Laid::out(self, per_epoch, window.1)?;
        let momentum = before.momentum.then(after.momentum, how, window.0);
        let weight_decay = before.weight_decay.then(after.weight_decay, how, window.0);
        let plan = match how {
            OnChange::Keep => &before.plan,
            _ => &after.plan,
        };
        let controls = plan.controls().iter().map(|c| format!(" * {c}"));
        let controls: String = controls.collect();
        let rate = how.apply(before.rate, after.rate, step, window);
        let schedules = [
            ("schedule", Some(format!("({rate}){controls}"))),
            ("momentum-schedule", momentum.map(|s| s.to_string())),
            ("weight-decay-schedule", weight_decay.map(|s| s.to_string())),
        ];
        let schedules = schedules
            .into_iter()
            .filter_map(|(key, text)| Some((key.into(), text?)));
        Ok(schedules.collect())
    }

    /// The settings with these schedules instead of their own.
    pub(super) fn with(&self, schedules: &BTreeMap<String, String>) -> Setup {
        let text = |key: &str| schedules.get(key).cloned();
        Setup {
            schedule: text("schedule").unwrap_or_else(|| self.schedule.clone()),
            momentum_schedule: text("momentum-schedule"),
            weight_decay_schedule: text("weight-decay-schedule"),
            ..self.clone()
        }
    }

    /// The settings with the data that others name, which may have moved.
    pub(super) fn on_data_of(&self, other: &Setup) -> Setup {
        Setup {
            data: other.data.clone(),
            val: other.val.clone(),
            targets: other.targets.clone(),
            ..self.clone()
        }
    }

    /// Whether the same controllers steer a run under both.
    pub(super) fn same_controllers(&self, other: &Setup) -> Result<bool> {
        let plan = |setup: &Setup| setup.schedule.parse::<schedule::LearningRate>();
        Ok(plan(self)?.controls() == plan(other)?.controls())
    }

    /// The settings of a branch that decays after `step` updates, over `over` more: the schedule as it was,
    /// then `shape` from `rate`; schedules of momentum and weight decay as they were laid out.
    ///
    /// # Errors
    /// What a schedule reports, a shape that does not start at `rate`, and controllers on the device, whose
    /// memory a branch without them cannot take up.
    pub(super) fn cooled(
        &self,
        old: &Ready,
        (shape, rate): (&str, f64),
        (step, over): (u64, u64),
    ) -> Result<Vec<(&'static str, String)>> {
        if !old.config.gradient_rules.is_empty() {
            return Err(Error::Usage(format!(
                "the run's schedule, `{}`, has a controller of the gradient's norm, whose rate lives on the \
                 device: no cooldown can branch off it",
                self.schedule
            )));
        }
        let per_epoch = old.session.epochs.updates();
        let spec: Spec = shape.parse()?;
        let decay = spec.resolve(&Run {
            base_lr: rate,
            ..self.horizon(&old.config.optimizer, per_epoch, over)
        })?;
        let first = decay.at(0);
        if (first - rate).abs() > 1e-6 * rate {
            return Err(Error::Usage(format!(
                "--schedule {shape} starts at {first:e}, but the run applied {rate:e} last; give a decay \
                 without a start, such as one_minus_sqrt or linear"
            )));
        }
        let last = decay.at(over.saturating_sub(1));
        if last >= rate {
            return Err(Error::Usage(format!(
                "--schedule {shape} applies {last:e} in its last update, and the run applied {rate:e} last: nothing \
                 would cool down; give a decay, such as one_minus_sqrt or linear"
            )));
        }
        let whole = old.rate.schedule().clone().then(step, decay);
        let mut changed = vec![("schedule", format!("({whole})"))];
        let others = [
            ("momentum-schedule", &old.config.momentum),
            ("weight-decay-schedule", &old.config.weight_decay),
        ];
        for (key, schedule) in others {
            changed.extend(schedule.iter().map(|s: &Schedule| (key, s.to_string())));
        }
        // A share of the run means the run as it was planned. Averages that begin with the
        // last update, or later, never do.
        let last = step + over - 1;
        let begun = old.config.swa.filter(|swa| swa.averaged(last) > 0);
        let text = |swa: Swa| ("swa", format!("{}, every={}", swa.start, swa.every));
        changed.extend(begun.map(text));
        Ok(changed)
    }
}
