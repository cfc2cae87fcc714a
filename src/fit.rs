//! A run in one call, for programs that use kiln as a library: [`fit`] records it, opens a machine
//! and trains.
//!
//! ```
//! use kiln::{
//!     data::{self, Options},
//!     device::Choice,
//!     fit::{Rows, fit, horizon, network, rate},
//!     schedule::Schedule,
//!     train::Config,
//! };
//!
//! let data = data::load("digits", &Options { limit: Some(320), ..Options::default() })?;
//! let network = network("mlp", &data)?;
//! let config = Config::default(); // batches of 32: ten updates an epoch
//!
//! // A schedule made of Rust's values, in absolute rates and updates …
//! let own = Schedule::warmup(0.1, 5).then(5, Schedule::cosine(0.1, 0.001, 15));
//! let mut rows = Rows::default();
//! let fitted = fit(&network, &data, &config, own, 2, &Choice::Cpu, &mut rows)?;
//! assert_eq!(fitted.updates, 20);
//! assert_eq!(fitted.weights[0].len(), 100 * 64); // `fc1.weight`, [100, 64]
//! assert_eq!(rows.updates[4].lr, 0.1);
//! assert!(rows.updates[19].loss < rows.updates[0].loss);
//!
//! // … or one that is written, whose units [`horizon`] explains.
//! let run = horizon(&data, &config, 0.1, 2)?;
//! let written = rate("plateau(factor=0.5, patience=1) * warmup(0.5ep)", &data, &run)?;
//! assert_eq!(written.at(4), 0.1);
//! # Ok::<(), kiln::error::Error>(())
//! ```

use crate::{
    control::{Monitor, Observe},
    data::{Dataset, Task},
    device::{self, Choice, Needs},
    error::Result,
    exec,
    model::{Model, Network},
    schedule::{LearningRate, Rate, Run},
    train::{Config, Evaluation, Observer, Session, Trainer, Update},
};

/// What a run leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The weights, in the order and the shapes of [`Network::params`], each row-major;
    /// [`train::weights::save`](crate::train::weights::save) writes them.
    pub weights: Vec<Vec<f32>>,
    /// Updates applied: fewer than asked for if the observer stopped the run.
    pub updates: u64,
    /// What computed, in one line.
    pub device: String,
}

/// An observer that keeps every row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// A row for every update, in order.
    pub updates: Vec<Update>,
    /// A row for every evaluation, in order: after each epoch, where the data has a validation or a
    /// test split.
    pub evaluations: Vec<Evaluation>,
}

impl Observer for Rows {
    fn update(&mut self, row: &Update) -> Result<()> {
        self.updates.push(row.clone());
        Ok(())
    }

    fn evaluation(&mut self, row: &Evaluation) -> Result<()> {
        self.evaluations.push(row.clone());
        Ok(())
    }
}

/// A preset's name (`lenet`, `mlp`, …) or layers in the words of `torch.nn`, fitted to the shape of
/// the data's samples, `[C, H, W]` or `[F]`, and to its classes or outputs.
///
/// # Errors
/// Where the text is wrong, or which layer does not fit.
pub fn network(model: &str, data: &Dataset) -> Result<Network> {
    network_for(model, &data.shape, &data.task)
}

/// The same, of samples of this shape.
///
/// # Errors
/// As [`network`].
pub fn network_for(model: &str, shape: &[u32], task: &Task) -> Result<Network> {
    let outputs = match task {
        Task::Classification { classes } => classes.len(),
        Task::Regression { outputs } => outputs.len(),
    } as u32;
    Model::parse(model, shape, outputs)?.fit(shape, outputs)
}

/// What the units of a written schedule mean in a run of `epochs`: `1x` is `base_lr`, `100%` all of
/// its updates, `1ep` the updates of an epoch.
///
/// # Errors
/// If no batch can be made of the data.
pub fn horizon(data: &Dataset, config: &Config, base_lr: f64, epochs: u64) -> Result<Run> {
    let per_epoch = config.epochs(data.train.len as u64)?.updates();
    Ok(Run {
        base_lr,
        base_momentum: config.optimizer.momentum(),
        updates: Some(per_epoch.saturating_mul(epochs)),
        epoch_updates: Some(per_epoch as f64),
        batch: Some(config.update_samples()),
    })
}

/// The rate of a schedule as it is written. Controllers are shown the loss of every evaluation, or
/// every epoch's mean training loss where nothing is evaluated, unless they say otherwise.
///
/// # Errors
/// Where the text is wrong, or a unit that the run does not explain.
pub fn rate(schedule: &str, data: &Dataset, run: &Run) -> Result<Rate> {
    let monitor = match data.evaluated() {
        Some(_) => Monitor::EvalLoss,
        None => Monitor::Loss,
    };
    let schedule: LearningRate = schedule.parse()?;
    Ok(schedule.start(run, monitor, Observe::Epoch)?)
}

/// Trains for `epochs` passes over the training split, from the initial weights that
/// `config.seed` gives, and evaluates after every pass. `rate` is a [`Rate`], or a
/// [`Schedule`](crate::schedule::Schedule) of absolute rates. Rows go to `observer`, which may end
/// the run; [`Rows`] keeps them.
///
/// # Errors
/// If the batch or the network is too large, what the device or the observer report, and
/// [`Error::Diverged`](crate::error::Error::Diverged) if the loss stops being a number, after the
/// rows until then.
pub fn fit(
    network: &Network,
    data: &Dataset,
    config: &Config,
    rate: impl Into<Rate>,
    epochs: u64,
    device: &Choice,
    observer: &mut dyn Observer,
) -> Result<Fitted> {
    let mut rate = rate.into();
    let mut config = config.clone();
    config.gradient_rules.extend(rate.take_gradient_rules());
    let session = Session::record(network, data, &config)?;
    let (machine, line) = device::open(device, Needs::of(&session.plan))?;
    let exec = exec::on(machine, &session.plan)?;
    let first = network.init(config.seed);
    let updates = session.epochs.updates().saturating_mul(epochs);
    let mut trainer = Trainer::new(exec, &session, &config, rate, data, &first)?;
    trainer.run(updates, observer)?;
    Ok(Fitted {
        weights: trainer.weights()?,
        updates: trainer.step(),
        device: line,
    })
}
