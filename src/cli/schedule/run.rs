//! The run that a schedule is looked at for: what its units and multiples refer to.

use std::{fs, path::Path};

use clap::Args;

use crate::{
    control::{Monitor, Observe},
    error::{Error, Result},
    schedule::{LearningRate, Rate, Run, Schedule, Severity},
};

/// Facts about the run, from flags.
#[derive(Args, Clone, Debug)]
pub(super) struct RunArgs {
    /// The optimiser's learning rate, what 1x means [default: 1, so that rates read as multiples]
    #[arg(long, value_name = "LR")]
    base_lr: Option<f64>,
    /// The optimiser's momentum (β1 of Adam), for schedules that cycle it
    #[arg(long, value_name = "M")]
    base_momentum: Option<f64>,
    /// Updates in an epoch: what 1ep means
    #[arg(long, value_name = "E")]
    pub(super) epoch_steps: Option<f64>,
    /// Samples in an update: what turns 1e6sp into updates
    #[arg(long, value_name = "B")]
    batch_size: Option<u64>,
}

/// A count that may be written as a float: `1e9`.
pub(super) fn count(text: &str) -> std::result::Result<u64, String> {
    if let Ok(n) = text.parse::<u64>() {
        return Ok(n);
    }
    match text.parse::<f64>() {
        Ok(n) if n >= 0.0 && n.fract() == 0.0 && n <= 9.2e18 => Ok(n as u64),
        _ => Err(format!(
            "expected a whole number from 0, such as 500 or 1e9, not `{text}`"
        )),
    }
}

impl RunArgs {
    /// The run, `updates` long.
    pub(super) fn of(&self, updates: Option<u64>) -> Result<Run> {
        let base_lr = self.base_lr.unwrap_or(1.0);
        if !(base_lr.is_finite() && base_lr >= 0.0) {
            return Err(Error::Usage(format!(
                "--base-lr must be a number from 0, not {base_lr}"
            )));
        }
        if let Some(e) = self.epoch_steps
            && !(e.is_finite() && e > 0.0)
        {
            return Err(Error::Usage(format!(
                "--epoch-steps must be a number above 0, not {e}"
            )));
        }
        Ok(Run {
            base_lr,
            base_momentum: self.base_momentum,
            updates,
            epoch_updates: self.epoch_steps,
            batch: self.batch_size,
        })
    }

    /// The pure part of an expression, resolved.
    pub(super) fn schedule(&self, text: &str, updates: Option<u64>) -> Result<Schedule> {
        let plan: LearningRate = text.parse()?;
        Ok(plan.spec().resolve(&self.of(updates)?)?)
    }

    /// Says on standard error what a spelling takes but does not use.
    pub(super) fn remark(&self, text: &str, updates: Option<u64>) -> Result<()> {
        let plan: LearningRate = text.parse()?;
        let measured = Monitor::NAMES.map(|(_, monitor)| monitor);
        let findings = plan.lint(
            &self.of(updates)?,
            (Monitor::EvalLoss, Observe::Epoch),
            &measured,
        );
        for note in findings.iter().filter(|f| f.severity == Severity::Note) {
            // A note about the base rate is for those who gave one.
            if self.base_lr.is_some() || !note.message.contains("--lr") {
                eprintln!("note: {}", note.message);
            }
        }
        Ok(())
    }

    /// The whole expression at the beginning of a run.
    pub(super) fn start(&self, text: &str, updates: Option<u64>, observe: Observe) -> Result<Rate> {
        let plan: LearningRate = text.parse()?;
        Ok(plan.start(&self.of(updates)?, Monitor::EvalLoss, observe)?)
    }
}

/// A JSON list of numbers, where what is not finite stands as `null` or as text.
pub(super) fn metrics(path: &Path) -> Result<Vec<f64>> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let values: Vec<serde_json::Value> = serde_json::from_str(&text)
        .map_err(|e| Error::file(path, format!("expected a JSON list of numbers: {e}")))?;
    let number = |(i, value): (usize, &serde_json::Value)| {
        let found = match value {
            serde_json::Value::Null => Some(f64::NAN),
            serde_json::Value::String(s) => s.parse().ok(),
            other => other.as_f64(),
        };
        found.ok_or_else(|| Error::file(path, format!("element {i} is {value}, expected a number")))
    };
    values.iter().enumerate().map(number).collect()
}
