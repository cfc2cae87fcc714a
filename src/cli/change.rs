//! A run that goes on with other settings: its schedule, composed of the old one and what comes after.

use super::{ready::Ready, setup::Setup};
use crate::{
    error::{Error, Result},
    optim::Sgd,
    schedule::{self, OnChange, Run, Schedule, Spec},
    train::Swa,
};

impl Setup {
    /// The schedule as it was written.
    pub(super) fn schedule(&self) -> &str {
        &self.schedule
    }

    /// Whether the same updates come of both.
    pub(super) fn same_run(&self, other: &Setup) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }

    /// These settings, for a run that goes on after `step` updates under `old` ones: the schedule is the
    /// one that `how` makes of both.
    ///
    /// # Errors
    /// What either schedule reports.
    pub(super) fn changed(
        &self,
        old: &Setup,
        how: OnChange,
        step: u64,
        per_epoch: u64,
    ) -> Result<Setup> {
        let (planned, updates) = (old.steps(per_epoch)?, self.steps(per_epoch)?);
        let window = how.window(step, planned, updates);
        let resolve = |setup: &Setup, updates: u64| -> Result<(schedule::LearningRate, Schedule)> {
            let plan: schedule::LearningRate = setup.schedule.parse()?;
            let run = setup.horizon(&Sgd::parse(&setup.optimizer)?, per_epoch, updates);
            let schedule = plan.spec().resolve(&run)?;
            Ok((plan, schedule))
        };
        let (before, old) = resolve(old, planned)?;
        let (after, new) = resolve(self, window.1)?;
        let plan = if how == OnChange::Keep { before } else { after };
        let mut text = format!("({})", how.apply(old, new, step, window)?);
        for control in plan.controls() {
            text += &format!(" * {control}");
        }
        Ok(Setup {
            schedule: text,
            ..self.clone()
        })
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
        let whole = old.rate.schedule().clone().then(step, decay);
        let mut changed = vec![("schedule", format!("({whole})"))];
        let others = [
            ("momentum-schedule", &old.config.momentum),
            ("weight-decay-schedule", &old.config.weight_decay),
        ];
        for (key, schedule) in others {
            changed.extend(schedule.iter().map(|s: &Schedule| (key, s.to_string())));
        }
        // A share of the run means the run as it was planned. Averages that begin later never do.
        let begun = old.config.swa.filter(|swa| swa.averaged(step + over) > 0);
        let text = |swa: Swa| ("swa", format!("{}, every={}", swa.start, swa.every));
        changed.extend(begun.map(text));
        Ok(changed)
    }
}
