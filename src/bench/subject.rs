//! What is trained while it is timed: a network, its data and its first weights. Under a rate it
//! becomes a run.

use crate::{
    control::{Monitor, Observe},
    data::{Dataset, Features, Names, Split, Targets},
    device::Machine,
    error::{Error, Result},
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    model::Network,
    schedule::{LearningRate, Rate, Run},
    train::{Config, Epochs, Observer, Session, Trainer, Update},
};

/// See the module.
pub struct Subject {
    /// The workload's name, or the model as it was written.
    pub name: String,
    /// The model, in the words of `--model`.
    pub model: String,
    /// Samples in the order of the file, without a test split: evaluating is no part of a step.
    pub data: Dataset,
    /// The network.
    pub network: Network,
    /// Everything else but the rate. An epoch's last, smaller batch is left out, so that all steps
    /// do the same work.
    pub config: Config,
    /// The first weights, in `state_dict` order.
    pub weights: Vec<Vec<f32>>,
    /// What `1x` means in a schedule.
    pub base_lr: f64,
}

/// A subject under a rate: the plan and what a [`Trainer`] borrows.
pub struct Recorded {
    /// The plan.
    pub session: Session,
    config: Config,
    rate: Rate,
}

impl Subject {
    /// Steps in an epoch.
    ///
    /// # Errors
    /// If the data does not fill one batch.
    pub fn steps_per_epoch(&self) -> Result<u64> {
        let (samples, batch) = (self.data.train.len as u64, self.config.update_samples());
        if samples < batch {
            return Err(Error::Usage(format!(
                "{samples} training samples do not fill a batch of {batch}, and only full batches \
                 are timed; use a smaller --batch-size"
            )));
        }
        Ok(Epochs::new(samples, batch, true)?.updates())
    }

    /// Resolves a schedule for a run of `updates` and records the run. Controllers are shown the
    /// epoch's training loss unless the expression says otherwise: there is no test split.
    ///
    /// # Errors
    /// Where the expression is wrong, or what does not fit.
    pub fn under(&self, schedule: &str, updates: u64) -> Result<Recorded> {
        let run = Run {
            base_lr: self.base_lr,
            base_momentum: self.config.optimizer.momentum(),
            updates: Some(updates),
            epoch_updates: Some(self.steps_per_epoch()? as f64),
            batch: Some(self.config.batch_size.into()),
        };
        let schedule: LearningRate = schedule.parse()?;
        self.at(schedule.start(&run, Monitor::Loss, Observe::Epoch)?)
    }

    /// Leaves out all but the first `len` samples, but keeps at least a batch.
    pub fn limit(&mut self, len: usize) {
        let least = self.config.update_samples() as usize;
        self.data.train = first(&self.data.train, len.max(least));
    }

    /// Records a run at a rate.
    ///
    /// # Errors
    /// If the batch or the network is too large.
    pub fn at(&self, mut rate: Rate) -> Result<Recorded> {
        self.steps_per_epoch()?;
        let mut config = Config {
            drop_last: true,
            ..self.config.clone()
        };
        config.gradient_rules.extend(rate.take_gradient_rules());
        Ok(Recorded {
            session: Session::record(&self.network, &self.data, &config)?,
            config,
            rate,
        })
    }
}

impl Recorded {
    /// The run at its beginning, on a machine.
    ///
    /// # Errors
    /// What the device reports.
    pub fn trainer<'a>(&'a self, subject: &'a Subject, machine: &Machine) -> Result<Trainer<'a>> {
        let plan = &self.session.plan;
        let exec: Box<dyn Executor> = match machine {
            Machine::Cpu => Box::new(Cpu::new(plan.clone())?),
            Machine::Gpu(gpu) => Box::new(GpuExecutor::new(gpu.clone(), plan)?),
        };
        let (session, config, rate) = (&self.session, &self.config, self.rate.clone());
        Trainer::new(exec, session, config, rate, &subject.data, &subject.weights)
    }

    /// Dispatches of a training step.
    pub fn dispatches(&self) -> usize {
        let program = self.session.plan.program("train");
        program.map_or(0, |p| p.range.len())
    }
}

/// Keeps every loss. A loss or gradient that is not finite ends the run by itself.
#[derive(Default)]
pub(super) struct Losses(pub(super) Vec<f64>);

impl Observer for Losses {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.0.push(row.loss);
        Ok(())
    }

    fn evaluation(&mut self, _: &crate::train::Evaluation) -> Result<()> {
        Ok(())
    }
}

/// Keeps the last loss alone, for runs of any length.
#[derive(Default)]
pub(super) struct Last {
    pub(super) loss: f64,
}

impl Observer for Last {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.loss = row.loss;
        Ok(())
    }

    fn evaluation(&mut self, _: &crate::train::Evaluation) -> Result<()> {
        Ok(())
    }
}

/// Samples over which a run's loss is compared before and after it, at most.
const CHECKED: usize = 2048;

/// Judges whether a run has learned: with the weights that it ended with, the mean loss of the
/// first samples that it saw must be below what it was at first. Single batches would not do,
/// since their losses differ by more than a short run learns. The CPU executor evaluates, whatever
/// the run's machine was.
pub(super) struct Learned<'a> {
    subject: &'a Subject,
    data: Dataset,
    session: Session,
    updates: u64,
    /// The loss of the first weights.
    before: f64,
}

impl Learned<'_> {
    /// For runs of `updates`.
    pub(super) fn new(subject: &Subject, updates: u64) -> Result<Learned<'_>> {
        let batch = subject.config.batch_size as usize;
        let seen = batch.saturating_mul(usize::try_from(updates).unwrap_or(usize::MAX));
        let data = Dataset {
            columns: Vec::new(),
            name: subject.data.name.clone(),
            shape: subject.data.shape.clone(),
            task: subject.data.task.clone(),
            train: first(&subject.data.train, batch),
            val: None,
            test: Some(first(&subject.data.train, seen.min(CHECKED.max(batch)))),
            test_fraction: None,
            standardization: None,
            summary: String::new(),
        };
        let mut learned = Learned {
            session: Session::record(&subject.network, &data, &subject.config)?,
            subject,
            data,
            updates,
            before: f64::NAN,
        };
        learned.before = learned.loss_of(&subject.weights)?;
        Ok(learned)
    }

    fn loss_of(&self, weights: &[Vec<f32>]) -> Result<f64> {
        let exec = Box::new(Cpu::new(self.session.plan.clone())?);
        let constant: LearningRate = "constant".parse()?;
        let any = Run::new(self.subject.base_lr);
        let rate = constant.start(&any, Monitor::Loss, Observe::Epoch)?;
        let (config, data) = (&self.subject.config, &self.data);
        let mut trainer = Trainer::new(exec, &self.session, config, rate, data, weights)?;
        let evaluation = trainer.evaluate(&mut Losses::default())?;
        Ok(evaluation.map_or(f64::NAN, |e| e.eval_loss))
    }

    /// # Errors
    /// If the loss did not fall.
    pub(super) fn check(&self, weights: &[Vec<f32>], name: &str) -> Result<()> {
        let (before, after) = (self.before, self.loss_of(weights)?);
        if after < before {
            return Ok(());
        }
        Err(Error::Diverged(format!(
            "{name}: over the samples that the run saw, the loss went from {before} to {after} in \
             {} updates. This does not train, so no time is shown; run more steps, or at another \
             rate",
            self.updates
        )))
    }
}

/// The first `len` samples, or all if there are fewer.
fn first(split: &Split, len: usize) -> Split {
    let len = len.min(split.len);
    let part = |n: usize| n / split.len * len;
    let features = match &split.features {
        Features::Bytes { data, table } => Features::Bytes {
            data: data[..part(data.len())].to_vec().into(),
            table: table.clone(),
        },
        Features::Floats(data) => Features::Floats(data[..part(data.len())].to_vec()),
    };
    let targets = match &split.targets {
        Targets::Classes(labels) => Targets::Classes(labels[..len].to_vec()),
        Targets::Values { data, width } => Targets::Values {
            data: data[..part(data.len())].to_vec(),
            width: *width,
        },
    };
    Split {
        features,
        targets,
        len,
        names: Names::None,
    }
}
