//! Training: a plan for the whole run, the loop that replays it, the rows it writes.
//!
//! Time is an argument here: the order of data, the rate and the place in the log are pure
//! functions of (seed, step), so that a run can be entered anywhere. What has memory, the
//! controllers, is shown numbers and asked for a factor.

mod accumulate;
mod augment;
mod averages;
mod chunk;
mod config;
mod epochs;
mod evaluate;
mod inputs;
mod layout;
mod loss;
mod metrics;
mod nonfinite;
mod session;
mod snapshot;
pub mod weights;

pub use accumulate::dropout_key;
pub use augment::{Augment, Erase, picture_key};
pub use averages::{Swa, Weights};
pub use config::{Clip, Config, OnNonFinite, Order};
pub use epochs::Epochs;
pub use loss::Loss;
pub use metrics::{Evaluation, GroupRates, Metrics, Update};
pub use nonfinite::MOST_LEFT_OUT;
pub use session::Session;
pub use snapshot::{Slot, Snapshot, State};

use crate::{
    data::{Dataset, Targets},
    error::Result,
    exec::Executor,
    ops::Hyper,
    schedule::Rate,
};
use chunk::{Applied, Chunk};

/// What a run tells whoever watches it. Rows arrive in order, some updates late, so that nothing
/// waits for the device.
pub trait Observer {
    /// An update was applied.
    ///
    /// # Errors
    /// Ends the run.
    fn update(&mut self, row: &Update) -> Result<()>;

    /// The validation split, or the test split if there is none, was evaluated.
    ///
    /// # Errors
    /// Ends the run.
    fn evaluation(&mut self, row: &Evaluation) -> Result<()>;

    /// Something that the person should know.
    fn note(&mut self, _text: &str) {}

    /// Whether to stop after the updates in flight.
    fn should_stop(&self) -> bool {
        false
    }

    /// What multiplies the rate from update `step` on, besides schedule and controllers; asked
    /// before updates are given to the executor.
    ///
    /// # Errors
    /// Ends the run.
    fn factor(&mut self, _step: u64) -> Result<f64> {
        Ok(1.0)
    }

    /// The update before which it wants to be asked again at the latest, later than `step`.
    fn pause_at(&self, _step: u64) -> u64 {
        u64::MAX
    }

    /// Whether it wants all that the run is before update `step`.
    fn wants_snapshot(&mut self, _step: u64) -> bool {
        false
    }

    /// What it wanted. Every row before it has been passed on.
    ///
    /// # Errors
    /// Ends the run.
    fn snapshot(&mut self, _snapshot: Snapshot) -> Result<()> {
        Ok(())
    }
}

/// Most updates in one chunk; the log has room for two chunks.
const CHUNK: u64 = 64;

/// A run in progress: the plan, its executor, the rate, and the step.
pub struct Trainer<'a> {
    exec: Box<dyn Executor>,
    session: &'a Session,
    config: &'a Config,
    rate: Rate,
    /// The training split's, in its own order.
    targets: &'a Targets,
    /// The next update.
    step: u64,
    /// Updates applied before the last evaluation of an epoch or of a run.
    evaluated: Option<u64>,
    /// The observer's, on every rate.
    factor: f64,
    chunks: u64,
    /// Order of the epoch that is on the device, if any.
    loaded_epoch: Option<u64>,
    in_flight: Option<Chunk>,
    /// Memory that is used again for every chunk.
    hypers: Vec<Hyper>,
    log: Vec<f32>,
    spare: Vec<Vec<Applied>>,
    /// The rates of parameter groups in a row.
    group_rates: GroupRates,
    /// Loss and gradient norm, summed over the updates of the epoch so far, and their count.
    epoch_sums: [f64; 3],
    /// Updates that were left out, in all and since the last that was applied.
    left_out: u64,
    left_out_in_a_row: u64,
    /// Of these, the ones before the first that was applied: the optimiser counts none of them.
    left_out_first: u64,
}

impl<'a> Trainer<'a> {
    /// A run at its beginning: data and weights are written to the device.
    ///
    /// # Errors
    /// What the device reports.
    pub fn new(
        mut exec: Box<dyn Executor>,
        session: &'a Session,
        config: &'a Config,
        rate: Rate,
        data: &'a Dataset,
        weights: &[Vec<f32>],
    ) -> Result<Trainer<'a>> {
        session.load(exec.as_mut(), data, weights)?;
        Ok(Trainer {
            exec,
            session,
            config,
            rate,
            targets: &data.train.targets,
            step: 0,
            evaluated: None,
            factor: 1.0,
            chunks: 0,
            loaded_epoch: None,
            in_flight: None,
            hypers: Vec::new(),
            log: Vec::new(),
            spare: Vec::new(),
            group_rates: GroupRates::of(config.groups.iter().map(|g| g.pattern.as_str())),
            epoch_sums: [0.0; 3],
            left_out: 0,
            left_out_in_a_row: 0,
            left_out_first: 0,
        })
    }

    /// The next update's number, counted from 0.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Updates that were left out, as their loss or gradient was not finite.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What runs the plan.
    pub fn executor(&self) -> &dyn Executor {
        self.exec.as_ref()
    }

    /// The same, to start and stop its clock.
    pub fn executor_mut(&mut self) -> &mut dyn Executor {
        self.exec.as_mut()
    }

    /// Trains until `steps` updates are applied in all, evaluating after every epoch and at the
    /// end. Returns whether it got there: the observer may stop it, which leaves evaluations out.
    ///
    /// # Errors
    /// What the device, the observer or the loss report.
    pub fn run(&mut self, steps: u64, observer: &mut dyn Observer) -> Result<bool> {
        let per_epoch = self.session.epochs.updates();
        loop {
            let boundary = self.step > 0 && self.step.is_multiple_of(per_epoch);
            if boundary && self.evaluated != Some(self.step) && !self.finish_epoch(observer)? {
                break;
            }
            if observer.wants_snapshot(self.step) {
                self.flush(observer)?;
                observer.snapshot(self.snapshot()?)?;
            }
            if self.step >= steps || observer.should_stop() {
                break;
            }
            self.factor = observer.factor(self.step)?;
            self.chunk(steps.min(observer.pause_at(self.step)), observer)?;
        }
        self.flush(observer)?;
        if self.step > 0 && self.evaluated != Some(self.step) && self.evaluate(observer)?.is_some()
        {
            self.evaluated = Some(self.step);
        }
        Ok(self.step >= steps && !observer.should_stop())
    }

    /// The epoch's evaluation, and what the controllers make of it. Returns whether the observer let
    /// it finish.
    fn finish_epoch(&mut self, observer: &mut dyn Observer) -> Result<bool> {
        self.flush(observer)?;
        let evaluation = self.evaluate(observer)?;
        if evaluation.is_none() && self.session.test.is_some() {
            return Ok(false);
        }
        self.end_epoch(evaluation);
        self.evaluated = Some(self.step);
        Ok(true)
    }
}
