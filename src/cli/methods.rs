//! Flags for what happens between a gradient and the weights that are kept.

use clap::Args;

use crate::{
    error::{Error, Result},
    train::Clip,
};

/// See the module.
#[derive(Args, Clone, Debug)]
pub(super) struct Methods {
    /// Batches whose mean gradient makes one update
    #[arg(long, value_name = "K", default_value_t = 1, help_heading = "Training",
          value_parser = clap::value_parser!(u32).range(1..))]
    accumulate: u32,
    /// Scale the gradient down to this Euclidean norm where it is larger
    #[arg(
        long,
        value_name = "X",
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    clip_norm: Option<f64>,
    /// Clamp every element of the gradient to [-V, V]
    #[arg(
        long,
        value_name = "V",
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    clip_value: Option<f64>,
}

impl Methods {
    /// Samples of a full update.
    pub(super) fn update_samples(&self, batch: u64) -> u64 {
        batch * u64::from(self.accumulate)
    }

    /// Batches of an update.
    pub(super) fn accumulate(&self, samples: u64, batch: u64) -> Result<u32> {
        if self.accumulate > 1 && samples <= batch {
            return Err(Error::Usage(format!(
                "--accumulate has no effect: {samples} samples are one batch of {batch}; use a \
                 smaller --batch-size"
            )));
        }
        Ok(self.accumulate)
    }

    /// How the gradient is clipped.
    pub(super) fn clip(&self) -> Result<Option<Clip>> {
        let limit = |flag: &str, value: f64| {
            let usable = value as f32;
            if usable.is_finite() && usable > 0.0 {
                return Ok(value);
            }
            Err(Error::Usage(format!(
                "{flag} must be a number above 0, not {value}; without the flag nothing is clipped"
            )))
        };
        match (self.clip_norm, self.clip_value) {
            (None, None) => Ok(None),
            (Some(x), None) => Ok(Some(Clip::Norm(limit("--clip-norm", x)?))),
            (None, Some(v)) => Ok(Some(Clip::Value(limit("--clip-value", v)?))),
            (Some(_), Some(_)) => Err(Error::Usage(
                "--clip-norm and --clip-value both limit the gradient; remove one".into(),
            )),
        }
    }
}
