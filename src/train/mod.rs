//! Training: a plan for the whole run, the loop that replays it, the rows it writes.
//!
//! Time is an argument here: the order of data, the rate and the place in the log are pure
//! functions of (seed, step), so that a run can be entered anywhere.

mod metrics;
mod session;
pub mod weights;

pub use metrics::{Evaluation, Metrics, Update};
pub use session::Session;

use crate::{
    data::{self, Dataset},
    error::{Error, Result},
    exec::{Executor, Fetch},
    ops::{self, Hyper},
    optim::Sgd,
    plan::Program,
    schedule::Schedule,
};

/// In which order an epoch visits the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// A new permutation every epoch, from the seed.
    #[default]
    Shuffled,
    /// As they stand in the file.
    Sequential,
}

/// What is to be trained, apart from the model and the data.
#[derive(Clone, Debug)]
pub struct Config {
    /// Samples in a batch.
    pub batch_size: u32,
    /// Leaves out an epoch's last batch if it is smaller.
    pub drop_last: bool,
    /// Label smoothing of the cross-entropy, from 0 to 1.
    pub label_smoothing: f32,
    /// The optimiser.
    pub optimizer: Sgd,
    /// Seed of the order and of the initial weights.
    pub seed: u64,
    /// How an epoch visits the samples.
    pub order: Order,
}

/// Where the steps of a run lie in its epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// Samples that an epoch visits or leaves out.
    pub samples: u64,
    /// Samples in a full batch.
    pub batch: u64,
    /// Full batches in an epoch.
    pub full: u64,
    /// Samples in the last, smaller batch; 0 if there is none.
    pub tail: u64,
}

impl Epochs {
    /// # Errors
    /// If no batch would ever be full and smaller ones are to be dropped.
    pub fn new(samples: u64, batch: u64, drop_last: bool) -> Result<Epochs> {
        let (full, tail) = (samples / batch, if drop_last { 0 } else { samples % batch });
        if full + tail == 0 {
            return Err(Error::Usage(format!(
                "--drop-last with --batch-size {batch} leaves nothing of {samples} training \
                 samples; use a smaller batch"
            )));
        }
        Ok(Epochs {
            samples,
            batch,
            full,
            tail,
        })
    }

    /// Updates in an epoch.
    pub fn updates(&self) -> u64 {
        self.full + (self.tail > 0) as u64
    }

    /// The epoch of an update, and the update's place in it.
    pub fn locate(&self, step: u64) -> (u64, u64) {
        (step / self.updates(), step % self.updates())
    }
}

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

/// A run in progress: the plan, its executor, and the step.
pub struct Trainer<'a> {
    exec: Box<dyn Executor>,
    session: &'a Session,
    config: &'a Config,
    schedule: Schedule,
    /// The next update.
    step: u64,
    chunks: u64,
    /// Order of the epoch that is on the device, if any.
    loaded_epoch: Option<u64>,
    in_flight: Option<(u64, Vec<Hyper>, Fetch)>,
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
        schedule: Schedule,
        data: &Dataset,
        weights: &[Vec<f32>],
    ) -> Result<Trainer<'a>> {
        session.load(exec.as_mut(), data, weights)?;
        Ok(Trainer {
            exec,
            session,
            config,
            schedule,
            step: 0,
            chunks: 0,
            loaded_epoch: None,
            in_flight: None,
        })
    }

    /// The next update's number, counted from 0.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Trains until `steps` updates are applied in all, evaluating after every epoch and at the
    /// end. Returns whether it got there: the observer may stop it.
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
                self.evaluate(observer)?;
                evaluated = Some(self.step);
            }
        }
        self.flush(observer)?;
        if evaluated != Some(self.step) && self.step > 0 {
            self.evaluate(observer)?;
        }
        Ok(self.step >= steps)
    }

    /// Some updates of one program, in one go.
    fn chunk(&mut self, steps: u64, observer: &mut dyn Observer) -> Result<()> {
        let epochs = self.session.epochs;
        let (epoch, at) = epochs.locate(self.step);
        self.load_order(epoch)?;
        let (program, left) = if at < epochs.full {
            (&self.session.train, epochs.full - at)
        } else {
            (&self.session.train_tail, 1)
        };
        let program = program
            .as_ref()
            .expect("the session has a program for every batch");
        let count = left
            .min(steps - self.step)
            .min(self.updates_per_chunk(program));
        let base = self.chunks % 2 * CHUNK;
        let hypers: Vec<Hyper> = (0..count)
            .map(|i| self.hyper(self.step + i, base + i))
            .collect();
        self.exec.run(program, &hypers)?;
        let fetch = self.exec.fetch(self.session.log_slots(base, count))?;
        let before = self.in_flight.replace((self.step, hypers, fetch));
        self.step += count;
        self.chunks += 1;
        match before {
            Some(before) => self.report(before, observer),
            None => Ok(()),
        }
    }

    /// The one dynamic input of an update.
    fn hyper(&self, step: u64, slot: u64) -> Hyper {
        let (lr, momentum) = (self.schedule.at(step), self.schedule.momentum_at(step));
        let (_, at) = self.session.epochs.locate(step);
        Hyper {
            cursor: (at * self.session.epochs.batch) as u32,
            slot: slot as u32,
            ..self.config.optimizer.hyper(lr, momentum, step)
        }
    }

    /// As many as hide the cost of a submit, as few as keep the run responsive.
    fn updates_per_chunk(&self, program: &Program) -> u64 {
        let flops = self.session.flops(program).max(1);
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
        self.exec.write(self.session.order, ops::as_words(&order))?;
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

    fn report(
        &mut self,
        (first, hypers, fetch): (u64, Vec<Hyper>, Fetch),
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let log = self.exec.collect(fetch)?;
        let epochs = self.session.epochs;
        let slots = log.chunks_exact(ops::LOG_WORDS as usize);
        for (step, (slot, hyper)) in (first..).zip(slots.zip(&hypers)) {
            let row = Update {
                step,
                epoch: step as f64 / epochs.updates() as f64,
                lr: self.schedule.at(step),
                momentum: self.schedule.momentum_at(step),
                loss: slot[0].into(),
                grad_norm: f64::from(slot[2]).sqrt(),
            };
            observer.update(&row)?;
            if !slot[0].is_finite() || slot[3] > 0.0 {
                return Err(diverged(&row, slot[3] as u64, hyper.lr));
            }
        }
        Ok(())
    }

    /// Loss and accuracy on the test split, if there is one.
    ///
    /// # Errors
    /// What the device or the observer report.
    pub fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let Some(test) = &self.session.test else {
            return Ok(());
        };
        let batches = test.epochs.updates();
        let (mut loss, mut right) = (0.0, 0.0);
        for first in (0..batches).step_by(CHUNK as usize) {
            let count = (batches - first).min(CHUNK);
            for i in 0..count {
                let full = first + i < test.epochs.full;
                let program = if full { &test.eval } else { &test.eval_tail };
                let hyper = Hyper {
                    cursor: ((first + i) * test.epochs.batch) as u32,
                    slot: i as u32,
                    ..Hyper::default()
                };
                let program = program
                    .as_ref()
                    .expect("the session has a program for every batch");
                self.exec.run(program, &[hyper])?;
            }
            let log = self.exec.read(self.session.log_slots(0, count))?;
            for (i, slot) in log.chunks_exact(ops::LOG_WORDS as usize).enumerate() {
                let full = first + (i as u64) < test.epochs.full;
                let rows = if full {
                    test.epochs.batch
                } else {
                    test.epochs.tail
                };
                loss += f64::from(slot[0]) * rows as f64;
                right += f64::from(slot[1]);
            }
        }
        let samples = test.epochs.samples as f64;
        observer.evaluation(&Evaluation {
            step: self.step,
            epoch: self.step as f64 / self.session.epochs.updates() as f64,
            eval_loss: loss / samples,
            eval_accuracy: self.session.classifies.then_some(right / samples),
        })
    }

    /// The parameters as they are, in `state_dict` order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self) -> Result<Vec<Vec<f32>>> {
        let arena = self.exec.read(self.session.params_arena)?;
        let cut = |s: &crate::plan::Slice| arena[s.offset as usize..][..s.len as usize].to_vec();
        Ok(self.session.params.iter().map(cut).collect())
    }
}

fn diverged(row: &Update, bad: u64, lr: f32) -> Error {
    let what = match bad {
        0 => format!("the loss became {}", row.loss),
        n => format!(
            "{n} elements of the gradient are not finite (loss {})",
            row.loss
        ),
    };
    Error::Diverged(format!(
        "update {}: {what}, with a learning rate of {lr:e}. No model was written. A smaller --lr or \
         a warm-up usually helps; inputs far from [-1, 1] want --standardize",
        row.step
    ))
}
