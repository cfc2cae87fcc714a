//! What the flags say about what happens between an image and the weights that are kept.

use super::{
    ready::setting,
    setup::{LrScale, Setup},
};
use crate::{
    data::{Dataset, Features},
    error::{Error, Result},
    optim::{Optimizer, ParamGroup},
    schedule::{self, Run},
    train::{Augment, Clip, Swa},
};

impl Setup {
    /// Refuses averages of weights beside an optimiser that keeps one by itself.
    fn only_average(&self) -> Result<()> {
        let own = Optimizer::parse(&self.optimizer).is_ok_and(|o| o.evaluated().is_some());
        let flag = match (self.ema.is_some(), self.swa.is_some()) {
            _ if !own => return Ok(()),
            (true, _) => "--ema",
            (_, true) => "--swa",
            _ => return Ok(()),
        };
        Err(Error::Usage(format!(
            "{flag} would average the weights that {} takes gradients at; it averages by itself, and those weights are \
             the ones that are evaluated and saved: remove {flag}",
            self.optimizer
        )))
    }

    /// `--lr`, or the rate that is usual for the optimiser.
    pub(super) fn lr(&self) -> f64 {
        let usual = || Optimizer::parse(&self.optimizer).unwrap_or_default();
        self.lr.unwrap_or_else(|| usual().usual_lr())
    }

    /// What 1x means in the schedule: `--lr`, scaled with the samples of an update where that was asked
    /// for.
    pub(super) fn base_lr(&self) -> f64 {
        let (Some(rule), Some(base)) = (self.lr_scale, self.base_batch) else {
            return self.lr();
        };
        let update = f64::from(self.batch_size) * f64::from(self.accumulate);
        let times = update / f64::from(base);
        self.lr()
            * match rule {
                LrScale::Linear => times,
                LrScale::Sqrt => times.sqrt(),
            }
    }

    /// Batches of an update.
    pub(super) fn batches_an_update(&self, samples: u64, batch: u64) -> Result<u32> {
        if self.accumulate > 1 && samples <= batch {
            return Err(Error::Usage(format!(
                "--accumulate has no effect: {samples} samples are one batch of {batch}; use a \
                 smaller --batch-size"
            )));
        }
        Ok(self.accumulate)
    }

    /// How images are changed.
    pub(super) fn changes(&self, data: &Dataset) -> Result<Option<Augment>> {
        let Some(text) = &self.augment else {
            return Ok(None);
        };
        match (&data.shape[..], &data.train.features) {
            (&[_, h, w], Features::Bytes { .. }) => {
                let changes = Augment::parse(text, [h, w]).map_err(setting("augment"))?;
                Ok(Some(changes))
            }
            _ => Err(Error::Usage(format!(
                "--augment has no effect: {} holds no images, whose pixels it would change",
                data.name
            ))),
        }
    }

    /// Decay of the moving average.
    pub(super) fn ema_decay(&self) -> Result<Option<f64>> {
        self.only_average()?;
        match self.ema {
            // What the device multiplies by is not to be rounded to nothing.
            Some(d) if !(d > 0.0 && d < 1.0 && (1.0 - d) as f32 != 1.0) => Err(Error::Usage(
                format!("--ema must be a decay between 0 and 1, such as 0.999, not {d}"),
            )),
            ema => Ok(ema),
        }
    }

    /// Which weights are averaged.
    pub(super) fn averaged(&self, run: &Run) -> Result<Option<Swa>> {
        let Some(text) = &self.swa else {
            return Ok(None);
        };
        let call = format!("swa({text})");
        let updates = run.updates.unwrap_or(0);
        let (start, every) = schedule::start_and_every(&call, run)?;
        if every == 0 {
            return Err(Error::Usage(format!(
                "--swa {text}: `every` is 0 updates; expected at least one from one taking in to the next, such as \
                 every=100 or every=1ep"
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

    /// Parameters with numbers of their own.
    pub(super) fn groups(&self, optimizer: &Optimizer, run: &Run) -> Result<Vec<ParamGroup>> {
        let text = self.group.as_deref().unwrap_or_default();
        let groups = ParamGroup::parse(text, optimizer, run).map_err(setting("group"))?;
        match (self.group.is_some(), groups.is_empty()) {
            (true, true) => Err(Error::Usage(
                "--group names no group; expected PATTERN: CHANGES, such as \"*.bias: weight_decay=0\"".into(),
            )),
            _ => Ok(groups),
        }
    }

    /// How much less the rate of earlier layers is.
    pub(super) fn layer_decay(&self) -> Result<Option<f64>> {
        match self.layer_decay {
            Some(d) if !(d > 0.0 && d < 1.0) => Err(Error::Usage(format!(
                "--layer-decay must be between 0 and 1, such as 0.75, not {d}; without it all layers have one rate"
            ))),
            decay => Ok(decay),
        }
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
