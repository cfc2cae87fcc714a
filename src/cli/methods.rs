//! Flags for what happens between a gradient and the weights that are kept.

use clap::Args;

use crate::{
    data::{Dataset, Features},
    error::{Error, Result},
    schedule::{self, Run},
    train::{Augment, Clip, Swa},
};

/// See the module.
#[derive(Args, Clone, Debug)]
pub(super) struct Methods {
    /// Batches whose mean gradient makes one update
    #[arg(long, value_name = "K", default_value_t = 1, help_heading = "Training",
          value_parser = clap::value_parser!(u32).range(1..))]
    accumulate: u32,
    /// Change training images at random: "crop(padding=2) flip erase(p=0.5, scale=(0.02, 0.2))"
    #[arg(long, value_name = "CHANGES", help_heading = "Model and data")]
    augment: Option<String>,
    /// Keep an exponential moving average of the weights with this decay, e.g. 0.999
    #[arg(
        long,
        value_name = "D",
        allow_negative_numbers = true,
        help_heading = "Optimiser and schedule"
    )]
    ema: Option<f64>,
    /// Keep the mean of the weights from here on, after every epoch: 75%, "10ep", "500, every=100"
    #[arg(long, value_name = "START", help_heading = "Optimiser and schedule")]
    swa: Option<String>,
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

    /// How images are changed.
    pub(super) fn augment(&self, data: &Dataset) -> Result<Option<Augment>> {
        let Some(text) = &self.augment else {
            return Ok(None);
        };
        match (&data.shape[..], &data.train.features) {
            (&[_, h, w], Features::Bytes { .. }) => Ok(Some(Augment::parse(text, [h, w])?)),
            _ => Err(Error::Usage(format!(
                "--augment has no effect: {} holds no images, whose pixels it would change",
                data.name
            ))),
        }
    }

    /// Decay of the moving average.
    pub(super) fn ema(&self) -> Result<Option<f64>> {
        match self.ema {
            // What the device multiplies by is not to be rounded to nothing.
            Some(d) if !(d > 0.0 && d < 1.0 && (1.0 - d) as f32 != 1.0) => Err(Error::Usage(
                format!("--ema must be a decay between 0 and 1, such as 0.999, not {d}"),
            )),
            ema => Ok(ema),
        }
    }

    /// Which weights are averaged.
    pub(super) fn swa(&self, run: &Run) -> Result<Option<Swa>> {
        let Some(text) = &self.swa else {
            return Ok(None);
        };
        let call = format!("swa({text})");
        let updates = run.updates.unwrap_or(0);
        let (start, every) = schedule::start_and_every(&call, run)?;
        if every == 0 {
            return Err(Error::Usage(format!(
                "--swa {text}: `every` is less than half an update"
            )));
        }
        let swa = Swa { start, every };
        if swa.averaged(updates) == 0 {
            return Err(Error::Usage(format!(
                "--swa {text} has no effect: it starts after update {start}, every {every}, and the \
                 run ends after {updates}"
            )));
        }
        Ok(Some(swa))
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
