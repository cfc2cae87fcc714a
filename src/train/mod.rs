//! Training: a plan for the whole run, the loop that replays it, the rows it writes.
//!
//! Time is an argument here: the order of data, the rate and the place in the log are pure
//! functions of (seed, step), so that a run can be entered anywhere. What has memory, the
//! controllers, is shown numbers and asked for a factor.

mod accumulate;
mod augment;
mod averages;
mod config;
mod epochs;
mod evaluate;
mod inputs;
mod metrics;
mod session;
pub mod weights;

pub use augment::{Augment, Erase, picture_key};
pub use averages::{Swa, Weights};
pub use config::{Clip, Config, Order};
pub use epochs::Epochs;
pub use metrics::{Evaluation, Metrics, Update};
pub use session::Session;

use std::mem::take;

use crate::{
    control::{Monitor, Observe, Timing},
    data::{self, Dataset, Targets},
    error::{Error, Result},
    exec::{Executor, Fetch},
    ops::{self, Hyper},
    plan::{Program, Slice},
    schedule::Rate,
};

/// What a run tells whoever watches it. Rows arrive in order, some updates late, so that nothing
/// waits for the device.
pub trait Observer {
    /// An update was applied.
    ///
    /// # Errors
    /// Ends the run.
    fn update(&mut self, row: &Update) -> Result<()>;

    /// The test split was evaluated.
    ///
    /// # Errors
    /// Ends the run.
    fn evaluation(&mut self, row: &Evaluation) -> Result<()>;

    /// Whether to stop after the updates in flight.
    fn should_stop(&self) -> bool {
        false
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
    chunks: u64,
    /// Order of the epoch that is on the device, if any.
    loaded_epoch: Option<u64>,
    in_flight: Option<Chunk>,
    /// Memory that is used again for every chunk.
    hypers: Vec<Hyper>,
    log: Vec<f32>,
    spare: Vec<Vec<Applied>>,
    /// Loss and gradient norm, summed over the updates of the epoch so far, and their count.
    epoch_sums: [f64; 3],
}

/// The rate and the momentum of an update.
type Applied = (f64, Option<f64>);

/// Updates that were given to the executor.
struct Chunk {
    first: u64,
    applied: Vec<Applied>,
    log: Fetch,
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
            chunks: 0,
            loaded_epoch: None,
            in_flight: None,
            hypers: Vec::new(),
            log: Vec::new(),
            spare: Vec::new(),
            epoch_sums: [0.0; 3],
        })
    }

    /// The next update's number, counted from 0.
    pub fn step(&self) -> u64 {
        self.step
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
        let mut evaluated = None;
        while self.step < steps && !observer.should_stop() {
            self.chunk(steps, observer)?;
            if self.step.is_multiple_of(per_epoch) {
                self.flush(observer)?;
                let evaluation = self.evaluate(observer)?;
                self.end_epoch(evaluation);
                evaluated = Some(self.step);
            }
        }
        self.flush(observer)?;
        if evaluated != Some(self.step) && self.step > 0 {
            self.evaluate(observer)?;
        }
        Ok(self.step >= steps && !observer.should_stop())
    }

    /// Some updates of one program, in one go.
    fn chunk(&mut self, steps: u64, observer: &mut dyn Observer) -> Result<()> {
        let epochs = self.session.epochs;
        let (epoch, at) = epochs.locate(self.step);
        self.load_order(epoch)?;
        let (tail, left) = epochs.alike(at);
        let program = if tail {
            &self.session.train_tail
        } else {
            &self.session.train
        };
        let program = program
            .as_ref()
            .expect("the session has a program for every batch");
        // A controller that observes every update decides about the next one: no update is
        // given to the device before the one before it is reported.
        let observed = [Monitor::Loss, Monitor::GradientNorm]
            .iter()
            .any(|&m| self.rate.wants(m, Observe::Update));
        let most = if observed {
            1
        } else {
            self.updates_per_chunk(program)
        };
        let count = left.min(steps - self.step).min(most);
        let base = self.chunks % 2 * CHUNK;
        let mut applied = self.spare.pop().unwrap_or_default();
        applied.clear();
        if observed && self.rate.answers_at_once() {
            applied.push(self.observe_first(program, base)?);
        } else {
            applied.extend((self.step..self.step + count).map(|step| self.applied(step)));
            let mut hypers = take(&mut self.hypers);
            hypers.clear();
            let steps = (self.step..).zip(base..).zip(&applied);
            hypers.extend(steps.map(|((step, slot), &applied)| self.hyper(step, slot, applied)));
            self.run_updates(program, &hypers)?;
            self.hypers = hypers;
        }
        let log = self.exec.fetch(self.session.log_slots(base, count))?;
        let chunk = Chunk {
            first: self.step,
            applied,
            log,
        };
        let before = self.in_flight.replace(chunk);
        self.step += count;
        self.chunks += 1;
        if let Some(before) = before {
            self.report(before, observer)?;
        }
        if observed {
            self.flush(observer)
        } else {
            Ok(())
        }
    }

    /// One update whose rate depends on its own loss: the loss is read between its two halves.
    fn observe_first(&mut self, program: &Program, slot: u64) -> Result<Applied> {
        let [gradients, update] = self.session.halves(program);
        let hyper = self.hyper(self.step, slot, self.applied(self.step));
        self.run_all_but_last(self.step, &hyper)?;
        self.exec.run(&gradients, &[hyper])?;
        let log = self.exec.read(self.session.log_slots(slot, 1))?;
        let seen = [log[0].into(), f64::from(log[2]).sqrt()];
        self.observe_update(Timing::SameUpdate, &seen, self.step);
        let applied = self.applied(self.step);
        let hyper = self.hyper(self.step, slot, applied);
        self.exec.run(&update, &[hyper])?;
        Ok(applied)
    }

    /// Shows the controllers of one timing an update's loss and gradient norm.
    fn observe_update(&mut self, timing: Timing, values: &[f64; 2], step: u64) {
        for (monitor, &value) in [Monitor::Loss, Monitor::GradientNorm]
            .into_iter()
            .zip(values)
        {
            self.rate
                .observe_timed(timing, monitor, Observe::Update, value, step);
        }
    }

    /// The rate of an update, and its momentum where a schedule decides it.
    fn applied(&self, step: u64) -> Applied {
        let own = self.config.momentum.as_ref().map(|s| s.at(step));
        let momentum = own.or_else(|| self.rate.momentum_at(step));
        (self.rate.at(step), momentum)
    }

    /// The one dynamic input of an update.
    fn hyper(&self, step: u64, slot: u64, (lr, momentum): Applied) -> Hyper {
        let decay = self.config.weight_decay.as_ref().map(|s| s.at(step));
        Hyper {
            slot: slot as u32,
            ..self.at_last_batch(step, self.config.optimizer.hyper(lr, momentum, decay, step))
        }
    }

    /// As many as hide the cost of a submit, as few as keep the run responsive.
    fn updates_per_chunk(&self, program: &Program) -> u64 {
        let flops = self.session.flops(program).max(1) * self.session.epochs.accumulate;
        (self.exec.flops_per_submit() / flops).clamp(1, CHUNK)
    }

    fn load_order(&mut self, epoch: u64) -> Result<()> {
        let shuffled = self.config.order == Order::Shuffled;
        let epoch = if shuffled { epoch } else { 0 };
        if self.loaded_epoch == Some(epoch) {
            return Ok(());
        }
        let samples = self.session.epochs.samples;
        let order = match self.config.order {
            Order::Shuffled => data::order(self.config.seed, epoch, samples as usize),
            Order::Sequential => (0..samples as u32).collect(),
        };
        let exec = self.exec.as_mut();
        self.session.load_order(exec, self.targets, &order)?;
        self.loaded_epoch = Some(epoch);
        Ok(())
    }

    /// Waits for the updates in flight and reports them.
    fn flush(&mut self, observer: &mut dyn Observer) -> Result<()> {
        match self.in_flight.take() {
            Some(chunk) => self.report(chunk, observer),
            None => Ok(()),
        }
    }

    fn report(&mut self, chunk: Chunk, observer: &mut dyn Observer) -> Result<()> {
        let mut log = take(&mut self.log);
        self.exec.collect(chunk.log, &mut log)?;
        let per_epoch = self.session.epochs.updates();
        let slots = log.chunks_exact(ops::LOG_WORDS as usize);
        for (step, (slot, &(lr, momentum))) in (chunk.first..).zip(slots.zip(&chunk.applied)) {
            let &[loss, _, squares, bad, factor] = slot else {
                unreachable!("a slot's words")
            };
            let row = Update {
                step,
                epoch: step as f64 / per_epoch as f64,
                lr: lr * f64::from(factor),
                momentum,
                loss: loss.into(),
                grad_norm: f64::from(squares).sqrt(),
            };
            observer.update(&row)?;
            if !loss.is_finite() || bad > 0.0 {
                return Err(diverged(&row, bad as u64));
            }
            let sums = [row.loss, row.grad_norm, 1.0];
            self.epoch_sums
                .iter_mut()
                .zip(sums)
                .for_each(|(sum, x)| *sum += x);
            self.observe_update(Timing::NextUpdate, &[row.loss, row.grad_norm], step);
        }
        self.log = log;
        self.spare.push(chunk.applied);
        Ok(())
    }

    /// Shows the controllers what the epoch gave.
    fn end_epoch(&mut self, evaluation: Option<Evaluation>) {
        let [loss, norm, count] = take(&mut self.epoch_sums);
        let last = self.step - 1;
        self.rate
            .observe(Monitor::Loss, Observe::Epoch, loss / count, last);
        self.rate
            .observe(Monitor::GradientNorm, Observe::Epoch, norm / count, last);
        let Some(e) = evaluation else { return };
        self.rate
            .observe(Monitor::EvalLoss, Observe::Epoch, e.eval_loss, last);
        if let Some(accuracy) = e.eval_accuracy {
            self.rate
                .observe(Monitor::EvalAccuracy, Observe::Epoch, accuracy, last);
        }
    }

    /// The parameters as they are, in `state_dict` order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self) -> Result<Vec<Vec<f32>>> {
        self.read_params(self.session.params_arena)
    }

    /// The last update's gradients, in `state_dict` order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn gradients(&mut self) -> Result<Vec<Vec<f32>>> {
        self.read_params(self.session.grads_arena)
    }

    fn read_params(&mut self, arena: Slice) -> Result<Vec<Vec<f32>>> {
        let words = self.exec.read(arena)?;
        let cut = |p: &Slice| words[p.offset as usize..][..p.len as usize].to_vec();
        Ok(self.session.params.iter().map(cut).collect())
    }
}

fn diverged(row: &Update, bad: u64) -> Error {
    let what = match bad {
        0 => format!("the loss became {}", row.loss),
        n => format!(
            "{n} elements of the gradient are not finite (loss {})",
            row.loss
        ),
    };
    Error::Diverged(format!(
        "update {}: {what}, with a learning rate of {:e}. No model was written; --out keeps the \
         rows up to here, so give the next run another. A smaller --lr or a warm-up usually helps; \
         inputs far from [-1, 1] want --standardize",
        row.step, row.lr
    ))
}
