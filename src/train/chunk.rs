//! Updates: given to the executor some at a time, reported once it has done them.

use std::mem::take;

use super::{
    CHUNK, Observer, OnNonFinite, Order, Trainer, Update, metrics::GroupRates, nonfinite::Bad,
};
use crate::{
    control::{Monitor, Observe, Timing},
    data,
    error::Result,
    exec::Fetch,
    ops::{self, Hyper},
    optim::{self, Scheduled},
    plan::Program,
};

/// What is decided of an update.
#[derive(Clone, Copy)]
pub(super) struct Applied {
    lr: f64,
    momentum: Option<f64>,
    /// What multiplies the schedule.
    factor: f64,
}

/// Updates that were given to the executor.
pub(super) struct Chunk {
    first: u64,
    applied: Vec<Applied>,
    log: Fetch,
}

impl Trainer<'_> {
    /// Some updates of one program, in one go.
    pub(super) fn chunk(&mut self, steps: u64, observer: &mut dyn Observer) -> Result<()> {
        let epochs = self.session.epochs;
        let (epoch, at) = epochs.locate(self.step);
        self.load_order(epoch)?;
        let (_, left) = epochs.alike(at);
        let program = self.session.program_at(at);
        // A controller that observes every update decides about the next one: no update is
        // given to the device before the one before it is reported.
        let observed = [Monitor::Loss, Monitor::GradientNorm]
            .iter()
            .any(|&m| self.rate.wants(m, Observe::Update));
        let alone = observed || self.nothing_applied();
        let most = if alone {
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
        if alone { self.flush(observer) } else { Ok(()) }
    }

    /// One update whose rate depends on its own loss: the loss is read between its two halves.
    fn observe_first(&mut self, program: &Program, slot: u64) -> Result<Applied> {
        let [gradients, update] = self.session.halves(program);
        let hyper = self.hyper(self.step, slot, self.applied(self.step));
        self.run_all_but_last(self.step, &hyper)?;
        self.exec.run(&gradients, &[hyper])?;
        let log = self.exec.read(self.session.log_slots(slot, 1))?;
        if Bad::of(log[0], log[3]).is_none() {
            let seen = [log[0].into(), f64::from(log[2]).sqrt()];
            self.observe_update(Timing::SameUpdate, &seen, self.step);
        }
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

    /// Whether every update so far was left out, if any can be: the optimiser's first one is then the next
    /// one, which only the host can tell it.
    fn nothing_applied(&self) -> bool {
        self.config.on_nonfinite == OnNonFinite::Skip && self.left_out == self.step
    }

    /// The rate of an update, and its momentum where a schedule decides it.
    pub(super) fn applied(&self, step: u64) -> Applied {
        let own = self.config.momentum.as_ref().map(|s| s.at(step));
        let momentum = own.or_else(|| self.rate.momentum_at(step));
        Applied {
            lr: self.rate.at(step) * self.factor,
            momentum,
            factor: self.rate.factor() * self.factor,
        }
    }

    /// The one dynamic input of an update.
    pub(super) fn hyper(&self, step: u64, slot: u64, applied: Applied) -> Hyper {
        let scheduled = Scheduled {
            lr: applied.lr,
            momentum: applied.momentum,
            weight_decay: self.config.weight_decay.as_ref().map(|s| s.at(step)),
        };
        // Until one is applied they go one by one, so that this is known. Those that are left out later
        // count: how many there are is not known when the next ones are given to the device.
        let updates = step - self.left_out_first.min(step);
        let mut hyper = self.at_last_batch(step, Hyper::default());
        optim::fill(
            &mut hyper,
            (&self.config.optimizer, &self.config.groups),
            (&scheduled, applied.factor),
            (step, updates),
        );
        Hyper {
            slot: slot as u32,
            leave_out: match self.config.on_nonfinite {
                OnNonFinite::Skip => 1,
                OnNonFinite::Stop => 2,
            },
            ..hyper
        }
    }

    /// What every group's rate was, in memory that is used again.
    fn group_rates(&mut self, step: u64, applied: &Applied, factor: f64) -> GroupRates {
        let mut all = take(&mut self.group_rates);
        let groups = &self.config.groups;
        let rates = groups.iter().map(|g| match g.freeze {
            true => 0.0,
            false => g.lr(step, applied.lr, applied.factor) * factor,
        });
        all.set(rates);
        all
    }

    /// As many as hide the cost of a submit, as few as keep the run responsive.
    fn updates_per_chunk(&self, program: &Program) -> u64 {
        let flops = self.session.flops(program).max(1) * self.session.epochs.accumulate;
        (self.exec.flops_per_submit() / flops).clamp(1, CHUNK)
    }

    pub(super) fn load_order(&mut self, epoch: u64) -> Result<()> {
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
    pub(super) fn flush(&mut self, observer: &mut dyn Observer) -> Result<()> {
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
        for (step, (slot, applied)) in (chunk.first..).zip(slots.zip(&chunk.applied)) {
            let &[loss, _, squares, bad, factor] = slot else {
                unreachable!("a slot's words")
            };
            let bad = Bad::of(loss, bad);
            let row = Update {
                step,
                epoch: step as f64 / per_epoch as f64,
                lr: applied.lr * f64::from(factor),
                groups: self.group_rates(step, applied, factor.into()),
                momentum: applied.momentum,
                loss: loss.into(),
                grad_norm: f64::from(squares).sqrt(),
                skipped: (bad.is_some() && self.config.on_nonfinite == OnNonFinite::Skip).into(),
            };
            observer.update(&row)?;
            if let Some(bad) = bad {
                self.note_left_out(&row, &bad, observer)?;
                self.group_rates = row.groups;
                continue;
            }
            self.left_out_in_a_row = 0;
            let sums = [row.loss, row.grad_norm, 1.0];
            self.epoch_sums
                .iter_mut()
                .zip(sums)
                .for_each(|(sum, x)| *sum += x);
            self.observe_update(Timing::NextUpdate, &[row.loss, row.grad_norm], step);
            self.group_rates = row.groups;
        }
        self.log = log;
        self.spare.push(chunk.applied);
        Ok(())
    }
}
