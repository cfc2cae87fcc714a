//! From flags to a run that is ready: data, network, schedule, plan.

use super::{
    schedule::worded,
    setup::{Order, Setup, Watched, When},
};
use crate::{
    control::{Monitor, Observe},
    data::{self, Dataset},
    error::{Error, Result},
    fit,
    model::Network,
    optim::Optimizer,
    schedule::{self, Rate, Run, Schedule, Severity, Spec},
    train::{self, Config, Epochs, OnNonFinite, Session, weights},
};

/// Everything that is known before a device is opened.
pub(super) struct Ready {
    pub(super) data: Dataset,
    pub(super) model: String,
    pub(super) network: Network,
    pub(super) config: Config,
    pub(super) rate: Rate,
    /// What lint says about the schedule, short of errors.
    pub(super) remarks: Vec<String>,
    pub(super) session: Session,
    /// Updates to apply.
    pub(super) steps: u64,
    pub(super) weights: Vec<Vec<f32>>,
}

impl Setup {
    /// Loads the data, builds the model, resolves the schedule, records the plan.
    pub(super) fn ready(&self) -> Result<Ready> {
        let optimizer = Optimizer::parse(&self.optimizer).map_err(setting("optimizer"))?;
        let plan: schedule::LearningRate = self.schedule.parse().map_err(setting("schedule"))?;
        self.check_numbers()?;
        let data = self.load()?;
        self.check_effects(&data)?;
        let model = self
            .model
            .clone()
            .unwrap_or_else(|| default_model(&data).into());
        let network = fit::network(&model, &data).map_err(setting("model"))?;
        let (samples, batch) = (data.train.len as u64, self.batch_size.into());
        let accumulate = self.batches_an_update(samples, batch)?;
        let epochs = Epochs::accumulating(samples, batch, accumulate.into(), self.drop_last)?;
        let steps = self.steps(epochs.updates())?;
        let run = self.horizon(&optimizer, epochs.updates(), steps);
        let remarks = self.lint(&plan, &run, &data)?;
        let mut rate = plan.start(&run, self.monitor(), self.observe())?;
        if self.momentum_schedule.is_some() && rate.momentum_at(0).is_some() {
            return Err(Error::Usage(format!(
                "--momentum-schedule and `{}` both decide the momentum; remove one, or write \
                 cycle_momentum=False",
                self.schedule
            )));
        }
        if rate.momentum_at(0).is_some() && optimizer.momentum().is_none() {
            return Err(Error::Usage(format!(
                "`{}` cycles the momentum, and {optimizer} has none; write cycle_momentum=False",
                self.schedule
            )));
        }
        let config = Config {
            batch_size: self.batch_size,
            accumulate,
            drop_last: self.drop_last,
            loss: self.loss()?,
            label_smoothing: self.label_smoothing()?,
            momentum: self.momentum(&optimizer, &run)?,
            weight_decay: self.weight_decay(&optimizer, &run)?,
            groups: self.groups(&optimizer, &run)?,
            layer_decay: self.layer_decay()?,
            clip: self.clip()?,
            ema: self.ema_decay()?,
            swa: self.averaged(&run)?,
            augment: self.changes(&data)?,
            gradient_rules: rate.take_gradient_rules(),
            on_nonfinite: OnNonFinite::default(),
            optimizer,
            seed: self.seed,
            order: match self.order {
                Order::Shuffled => train::Order::Shuffled,
                Order::Sequential => train::Order::Sequential,
            },
        };
        let session = Session::record(&network, &data, &config)?;
        let weights = match &self.init {
            None => network.init(self.seed),
            Some(path) => weights::load(path, &network.params().collect::<Vec<_>>())?,
        };
        Ok(Ready {
            data,
            model,
            network,
            config,
            rate,
            remarks,
            session,
            steps,
            weights,
        })
    }

    /// Loads the data.
    pub(super) fn load(&self) -> Result<Dataset> {
        let data = self.data.as_deref().unwrap_or("digits");
        Ok(data::load(data, &self.data_options())?)
    }

    /// Reads what is written in a language of its own, so that mistakes show before data is loaded.
    pub(super) fn check_words(&self) -> Result<()> {
        Optimizer::parse(&self.optimizer).map_err(setting("optimizer"))?;
        let schedule = self.schedule.parse::<schedule::LearningRate>();
        schedule.map_err(setting("schedule"))?;
        for (key, text) in [
            ("momentum-schedule", &self.momentum_schedule),
            ("weight-decay-schedule", &self.weight_decay_schedule),
        ] {
            if let Some(text) = text {
                text.parse::<Spec>().map_err(setting(key))?;
            }
        }
        self.loss()?;
        self.check_numbers()
    }

    /// What a schedule is resolved against, for `updates` of them.
    pub(super) fn horizon(&self, optimizer: &Optimizer, per_epoch: u64, updates: u64) -> Run {
        Run {
            base_lr: self.base_lr(),
            base_momentum: optimizer.momentum(),
            updates: Some(updates),
            epoch_updates: Some(per_epoch as f64),
            batch: Some(u64::from(self.batch_size) * u64::from(self.accumulate)),
        }
    }

    pub(super) fn momentum(&self, optimizer: &Optimizer, run: &Run) -> Result<Option<Schedule>> {
        let flag = "--momentum-schedule";
        let Some(base) = optimizer.momentum() else {
            return match self.momentum_schedule {
                None => Ok(None),
                Some(_) => Err(Error::Usage(format!(
                    "{flag} has no effect: {optimizer} has no momentum; remove it"
                ))),
            };
        };
        let found = other(flag, &self.momentum_schedule, base, run)?;
        let Some((schedule, highest)) = found else {
            return Ok(None);
        };
        if highest >= 1.0 {
            return Err(Error::Usage(format!(
                "{flag} reaches {highest}: a momentum of 1 or more never forgets a gradient"
            )));
        }
        // torch begins its buffer with the first update that has momentum, undampened.
        if schedule.at(0) == 0.0 && !optimizer.begins_without_momentum() {
            return Err(Error::Usage(format!(
                "{flag} starts at 0, which dampening and Nesterov momentum do not allow"
            )));
        }
        Ok(Some(schedule))
    }

    pub(super) fn weight_decay(
        &self,
        optimizer: &Optimizer,
        run: &Run,
    ) -> Result<Option<Schedule>> {
        let (flag, text) = ("--weight-decay-schedule", &self.weight_decay_schedule);
        Ok(other(flag, text, optimizer.weight_decay(), run)?.map(|(schedule, _)| schedule))
    }

    /// What controllers watch unless the expression says.
    fn monitor(&self) -> Monitor {
        match self.monitor {
            Some(Watched::Loss) => Monitor::Loss,
            Some(Watched::EvalAccuracy) => Monitor::EvalAccuracy,
            Some(Watched::EvalLoss) | None => Monitor::EvalLoss,
        }
    }

    fn observe(&self) -> Observe {
        match self.observe {
            Some(When::Update) => Observe::Update,
            Some(When::Epoch) | None => Observe::Epoch,
        }
    }

    /// Remarks about the schedule; its errors stop the run before it starts.
    fn lint(
        &self,
        plan: &schedule::LearningRate,
        run: &Run,
        data: &Dataset,
    ) -> Result<Vec<String>> {
        let mut measured = vec![Monitor::Loss, Monitor::GradientNorm];
        if data.evaluated().is_some() {
            measured.push(Monitor::EvalLoss);
            if matches!(data.task, data::Task::Classification { .. }) {
                measured.push(Monitor::EvalAccuracy);
            }
        }
        for control in plan.controls() {
            let watches = control.monitor().unwrap_or(self.monitor());
            let often = control.observe().unwrap_or(self.observe());
            if often == Observe::Update
                && matches!(watches, Monitor::EvalLoss | Monitor::EvalAccuracy)
            {
                return Err(Error::Usage(format!(
                    "`{control}` would observe the evaluation after every update, but there is \
                     one after every epoch only; use --observe epoch or --monitor loss"
                )));
            }
        }
        let findings = plan.lint(run, (self.monitor(), self.observe()), &measured);
        let (errors, rest): (Vec<_>, Vec<_>) =
            findings.iter().partition(|f| f.severity == Severity::Error);
        let words = |list: &[&schedule::Finding]| -> Vec<String> {
            list.iter().map(|f| worded(&self.schedule, f)).collect()
        };
        if !errors.is_empty() {
            let list = words(&errors).join("\n");
            return Err(Error::Usage(format!(
                "the schedule cannot be trained with:\n{list}"
            )));
        }
        Ok(words(&rest))
    }

    /// Updates to apply: the smaller of what --epochs and --max-steps say.
    pub(super) fn steps(&self, per_epoch: u64) -> Result<u64> {
        let epochs = match (self.epochs, self.max_steps) {
            (None, Some(_)) => u64::MAX,
            (epochs, _) => epochs.unwrap_or(20),
        };
        let steps = epochs.saturating_mul(per_epoch);
        let steps = self.max_steps.map_or(steps, |most| most.min(steps));
        if steps > 1 << 40 {
            return Err(Error::Usage(format!(
                "{steps} updates would not end in a lifetime"
            )));
        }
        Ok(steps)
    }
}

/// An error in the words of a setting, which the message names as files and flags do.
pub(super) fn setting<E: std::fmt::Display>(key: &str) -> impl FnOnce(E) -> Error {
    move |e| Error::Usage(format!("{key}: {e}"))
}

/// The schedule of another hyper-parameter, if there is one, and the highest of its values.
fn other(
    flag: &str,
    text: &Option<String>,
    base: f64,
    run: &Run,
) -> Result<Option<(Schedule, f64)>> {
    let Some(text) = text else { return Ok(None) };
    let spec: Spec = text.parse().map_err(setting(flag))?;
    let schedule = spec.resolve(&Run {
        base_lr: base,
        ..*run
    })?;
    let last = run.updates.unwrap_or(1).saturating_sub(1);
    let even = (0..=1000u128).map(|i| (last as u128 * i / 1000) as u64);
    let steps = even.chain(schedule.joints().into_iter().filter(|&joint| joint <= last));
    let highest = steps.map(|step| schedule.at(step)).fold(0.0, f64::max);
    if highest == 0.0 {
        return Err(Error::Usage(format!(
            "{flag} has no effect: `{text}` is 0 in every update; 1x is the optimiser's own value, \
             {base}"
        )));
    }
    Ok(Some((schedule, highest)))
}

/// What is trained on `data` if nobody says.
fn default_model(data: &Dataset) -> &'static str {
    match (&data.shape[..], data.name.as_str()) {
        ([_, 28, 28], _) => "lenet",
        ([_, h, w], _) if *h >= 8 && *w >= 8 => "small-cnn",
        (_, "line") => "linear",
        _ => "mlp",
    }
}
