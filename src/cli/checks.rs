//! Flags that mean nothing, or change nothing, are mistakes.

use super::setup::Setup;
use crate::{
    data::{self, Dataset},
    error::{Error, Result},
    schedule,
};

impl Setup {
    pub(super) fn check_numbers(&self) -> Result<()> {
        let usage = |message: String| Err(Error::Usage(message));
        if !(self.lr.is_finite() && self.lr >= 0.0) {
            return usage(format!("--lr must be a number from 0, not {}", self.lr));
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

    /// A flag that would change nothing is a mistake.
    pub(super) fn check_effects(
        &self,
        data: &Dataset,
        plan: &schedule::LearningRate,
    ) -> Result<()> {
        if self.label_smoothing.is_some() && matches!(data.task, data::Task::Regression { .. }) {
            return Err(Error::Usage(
                "--label-smoothing has no effect in a regression: remove it".into(),
            ));
        }
        if self.lr_scale.is_some() && self.base_lr() == self.lr {
            return Err(Error::Usage(format!(
                "--lr-scale has no effect: an update has the {} samples that --base-batch names",
                self.base_batch.unwrap_or_default()
            )));
        }
        let samples = data.train.len as u64;
        let update = u64::from(self.batch_size) * u64::from(self.accumulate);
        if self.drop_last && samples.is_multiple_of(update) {
            return Err(Error::Usage(format!(
                "--drop-last has no effect: {samples} samples are whole batches of {update}"
            )));
        }
        for (flag, given) in [
            ("--monitor", self.monitor.is_some()),
            ("--observe", self.observe.is_some()),
        ] {
            if given && plan.controls().is_empty() {
                return Err(Error::Usage(format!(
                    "{flag} has no effect: `{}` has no controller that would observe anything",
                    self.schedule
                )));
            }
        }
        Ok(())
    }
}
