//! Flags that mean nothing, or change nothing, are mistakes.

use super::{
    config::Settings,
    ready::{Ready, setting},
    saving::{Every, Saving},
    setup::{Setup, Watched, When},
};
use crate::{
    data::{self, Dataset},
    error::{Error, Result},
    optim::Optimizer,
    schedule,
    train::Swa,
};

impl Setup {
    pub(super) fn check_numbers(&self) -> Result<()> {
        let usage = |message: String| Err(Error::Usage(message));
        if let Some(lr) = self.lr.filter(|lr| !(lr.is_finite() && *lr >= 0.0)) {
            return usage(format!("--lr must be a number from 0, not {lr}"));
        }
        match self.label_smoothing {
            Some(e) if !(0.0..=1.0).contains(&e) => {
                return usage(format!("--label-smoothing must be from 0 to 1, not {e}"));
            }
            _ => {}
        }
        for (flag, value) in [("--epochs", self.epochs), ("--max-steps", self.max_steps)] {
            if value == Some(0) {
                return usage(format!("{flag} 0 would train nothing; expected at least 1"));
            }
        }
        Ok(())
    }

    /// A flag that would change nothing about this data is a mistake.
    pub(super) fn check_effects(&self, data: &Dataset) -> Result<()> {
        if self.label_smoothing.is_some() && matches!(data.task, data::Task::Regression { .. }) {
            return Err(Error::Usage(
                "--label-smoothing has no effect in a regression: remove it".into(),
            ));
        }
        let samples = data.train.len as u64;
        let update = u64::from(self.batch_size) * u64::from(self.accumulate);
        if self.drop_last && samples.is_multiple_of(update) {
            return Err(Error::Usage(format!(
                "--drop-last has no effect: {samples} samples are whole batches of {update}"
            )));
        }
        Ok(())
    }

    /// Settings that would change nothing in this run, whatever they change in a longer or another one. A run
    /// that begins refuses them; one that goes on was begun with them, perhaps when they had an effect.
    pub(super) fn useless(&self, saving: &Saving, ready: &Ready) -> Result<Vec<Useless>> {
        let (steps, per_epoch) = (ready.steps, ready.session.epochs.updates());
        let evaluations = ready.data.evaluated().map(|_| steps.div_ceil(per_epoch));
        let found = [
            // A file that a run with a controller left says how it is by default.
            self.unobserved(
                "monitor",
                self.monitor.is_some_and(|w| w != Watched::EvalLoss),
            )?,
            self.unobserved("observe", self.observe.is_some_and(|w| w != When::Epoch))?,
            self.unscaled(per_epoch, steps)?,
            self.unaveraged(ready.config.swa, steps),
            evaluations.and_then(|n| saving.never_out_of_patience(n)),
            saving.never_saved(steps, per_epoch),
            saving.never_reached(),
        ];
        Ok(found.into_iter().flatten().collect())
    }

    fn unobserved(&self, key: &'static str, given: bool) -> Result<Option<Useless>> {
        let plan: schedule::LearningRate = self.schedule.parse().map_err(setting("schedule"))?;
        Ok((given && plan.controls().is_empty()).then(|| Useless {
            keys: vec![key],
            why: format!(
                "`{}` has no controller that would observe anything; remove it",
                self.schedule
            ),
        }))
    }

    /// The scale of a base rate that is as it was, or that no rate depends on.
    fn unscaled(&self, per_epoch: u64, steps: u64) -> Result<Option<Useless>> {
        let (Some(_), Some(base)) = (self.lr_scale, self.base_batch) else {
            return Ok(None);
        };
        let useless = |why: String| Useless {
            keys: vec!["lr-scale", "base-batch"],
            why,
        };
        if self.base_lr() == self.lr() {
            return Ok(Some(useless(format!(
                "an update has the {base} samples that --base-batch names; remove both"
            ))));
        }
        let plan: schedule::LearningRate = self.schedule.parse().map_err(setting("schedule"))?;
        let run = self.horizon(&Optimizer::parse(&self.optimizer)?, per_epoch, steps);
        let twice = schedule::Run {
            base_lr: 2.0 * run.base_lr,
            ..run
        };
        let (rate, doubled) = (plan.spec().resolve(&run)?, plan.spec().resolve(&twice)?);
        let last = u128::from(steps.saturating_sub(1));
        let even = (0..=1000u128).map(|i| (last * i / 1000) as u64);
        let joints = rate.joints().into_iter().filter(|&joint| joint < steps);
        // Controllers have rates of their own, such as the lowest.
        let own = plan.controls().is_empty()
            && even
                .chain(joints)
                .all(|step| rate.at(step) == doubled.at(step));
        Ok(own.then(|| {
            useless(format!(
                "every rate of `{}` is one of its own, none a multiple of --lr; remove --lr-scale and --base-batch, \
                 or write multiples such as 1x",
                self.schedule
            ))
        }))
    }

    fn unaveraged(&self, swa: Option<Swa>, steps: u64) -> Option<Useless> {
        let text = self.swa.as_ref()?;
        (swa?.averaged(steps.saturating_sub(1)) == 0).then(|| Useless {
            keys: vec!["swa"],
            why: format!(
                "`{text}` takes in no weights before the last of {steps} updates, whose weights are the model \
                 anyway; start earlier, such as 75%"
            ),
        })
    }
}

impl Saving {
    fn never_out_of_patience(&self, evaluations: u64) -> Option<Useless> {
        let patience = self.patience?;
        (u64::from(patience) >= evaluations).then(|| Useless {
            keys: vec!["patience"],
            why: format!(
                "the run has {evaluations} evaluation{}, the first of which is the best so far; {}train for more \
                 epochs, or remove it",
                if evaluations == 1 { "" } else { "s" },
                match evaluations {
                    0 | 1 => String::new(),
                    n => format!("expected at most {}: ", n - 1),
                }
            ),
        })
    }

    fn never_saved(&self, steps: u64, per_epoch: u64) -> Option<Useless> {
        let every = self.save_every?;
        let updates = match every {
            Every::Updates(n) => n,
            Every::Epochs(n) => n.saturating_mul(per_epoch),
            Every::Time(_) => return None,
        };
        (updates > steps).then(|| Useless {
            keys: vec!["save-every"],
            why: format!(
                "the run ends after {steps} updates, before {every} have passed, and is saved at its end anyway; \
                 expected less, or remove it"
            ),
        })
    }

    fn never_reached(&self) -> Option<Useless> {
        let until = self.until.as_ref().filter(|u| u.is_out_of_reach())?;
        Some(Useless {
            keys: vec!["until"],
            why: format!(
                "`{until}` is never reached, as no loss is below 0; expected a level from 0"
            ),
        })
    }
}

/// A setting that changes nothing.
pub(super) struct Useless {
    keys: Vec<&'static str>,
    why: String,
}

impl Useless {
    /// Whether it is among these settings.
    pub(super) fn is_of(&self, keys: &[&str]) -> bool {
        self.keys.iter().any(|key| keys.contains(key))
    }

    /// The refusal of a run that has not begun.
    pub(super) fn refuse(&self) -> Error {
        Error::Usage(format!(
            "--{} has no effect: {}",
            self.keys.first().unwrap_or(&""),
            self.why
        ))
    }

    /// Takes it out of the settings as they are kept, so that they can be trained with again.
    pub(super) fn leave_out(&self, settings: &mut Settings) {
        // A run's saved state has the averages that its settings name.
        if !self.is_of(&["swa"]) {
            self.keys.iter().for_each(|key| settings.remove(key));
        }
    }
}
