//! Updates of several batches: which of them run before the one that ends the update.

use super::Trainer;
use crate::{
    error::Result,
    ops::Hyper,
    plan::Program,
    rng::{Purpose, Rng},
};

/// Most batches that are handed to the executor at once.
const AT_ONCE: u64 = 8;

impl Trainer<'_> {
    /// Runs updates that end with `program`, whose uniforms are `hypers`, from the next step on.
    pub(super) fn run_updates(&mut self, program: &Program, hypers: &[Hyper]) -> Result<()> {
        if self.session.epochs.accumulate == 1 {
            return self.exec.run(program, hypers);
        }
        for (step, hyper) in (self.step..).zip(hypers) {
            self.run_all_but_last(step, hyper)?;
            self.exec.run(program, std::slice::from_ref(hyper))?;
        }
        Ok(())
    }

    /// Runs the batches of an update that come before its last one, whose uniform is `hyper`.
    pub(super) fn run_all_but_last(&mut self, step: u64, hyper: &Hyper) -> Result<()> {
        let (_, at) = self.session.epochs.locate(step);
        let batches = self.session.epochs.batches_of(at);
        let Some(program) = &self.session.micro else {
            return Ok(());
        };
        // As many in one go as updates would be, so that no submit is a long one.
        let flops = self.session.flops(program).max(1);
        let most = (self.exec.flops_per_submit() / flops).clamp(1, AT_ONCE);
        let mut next = batches.start;
        while next + 1 < batches.end {
            let mut hypers = [*hyper; AT_ONCE as usize];
            let count = (batches.end - 1 - next).min(most) as usize;
            for hyper in &mut hypers[..count] {
                *hyper = self.at_batch(step, next, *hyper);
                next += 1;
            }
            self.exec.run(program, &hypers[..count])?;
        }
        Ok(())
    }

    /// The uniform of an update's last batch.
    pub(super) fn at_last_batch(&self, step: u64, hyper: Hyper) -> Hyper {
        let (_, at) = self.session.epochs.locate(step);
        let last = self.session.epochs.batches_of(at).end - 1;
        let hyper = self.averaging(step, self.config.clipped(hyper));
        let hyper = self.augmented(step, hyper);
        self.at_batch(step, last, hyper)
    }

    /// The uniform of one of an update's batches: where it begins, and what it counts.
    fn at_batch(&self, step: u64, batch: u64, hyper: Hyper) -> Hyper {
        let epochs = &self.session.epochs;
        let (epoch, at) = epochs.locate(step);
        let batches = epochs.batches_of(at);
        let begin = batch == batches.start;
        let samples: u64 = batches.map(|batch| epochs.batch_samples(batch)).sum();
        Hyper {
            cursor: (batch * epochs.batch) as u32,
            share: (epochs.batch_samples(batch) as f64 / samples as f64) as f32,
            begin: begin as u32,
            dropout_key: match self.session.drops {
                false => [0; 2],
                true => dropout_key(self.config.seed, epoch * epochs.batches() + batch),
            },
            ..hyper
        }
    }
}

/// What, with a layer and an element, decides what is dropped from a batch, counted from the first epoch on.
pub fn dropout_key(seed: u64, batch: u64) -> [u32; 2] {
    let mut rng = Rng::new(seed, Purpose::Dropout, batch);
    [rng.below(u32::MAX), rng.below(u32::MAX)]
}
