//! What an epoch gave: its mean losses, the evaluation by the weights that are trained and by their
//! averages, and the controllers that watch them.

use std::mem::take;

use super::{Evaluation, Observer, Trainer, Weights};
use crate::{
    control::{Monitor, Observe},
    error::Result,
    ops::{self, Hyper},
};

/// Batches between looks at whether to stop.
const AT_ONCE: u64 = 8;

/// Mean loss, and the share of right predictions in a classification.
type Found = (f64, Option<f64>);

impl Trainer<'_> {
    /// Shows the controllers what the epoch gave.
    pub(super) fn end_epoch(&mut self, evaluation: Option<Evaluation>) {
        let [loss, norm, count] = take(&mut self.epoch_sums);
        let last = self.step - 1;
        // An epoch whose updates were all left out has no mean.
        if count > 0.0 {
            for (monitor, sum) in [(Monitor::Loss, loss), (Monitor::GradientNorm, norm)] {
                self.rate
                    .observe(monitor, Observe::Epoch, sum / count, last);
            }
        }
        let Some(e) = evaluation else { return };
        self.rate
            .observe(Monitor::EvalLoss, Observe::Epoch, e.eval_loss, last);
        if let Some(accuracy) = e.eval_accuracy {
            self.rate
                .observe(Monitor::EvalAccuracy, Observe::Epoch, accuracy, last);
        }
    }

    /// Loss and accuracy on the validation split, or on the test split if there is none; those of the
    /// averages too, where the run keeps them. Nothing if there is neither split, or if the observer
    /// does not let it finish.
    ///
    /// # Errors
    /// What the device or the observer report.
    pub fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<Option<Evaluation>> {
        let Some((eval_loss, eval_accuracy)) = self.evaluate_weights(Weights::Raw, observer)?
        else {
            return Ok(None);
        };
        let mut averages = [None; 2];
        for (found, weights) in averages.iter_mut().zip([Weights::Ema, Weights::Swa]) {
            if self.arena_of(weights).is_none() {
                continue;
            }
            *found = self.evaluate_weights(weights, observer)?;
            if found.is_none() {
                return Ok(None);
            }
        }
        let [ema, swa] = averages;
        let evaluation = Evaluation {
            step: self.step,
            epoch: self.step as f64 / self.session.epochs.updates() as f64,
            eval_loss,
            eval_accuracy,
            ema_eval_loss: ema.map(|found| found.0),
            ema_eval_accuracy: ema.and_then(|found| found.1),
            swa_eval_loss: swa.map(|found| found.0),
            swa_eval_accuracy: swa.and_then(|found| found.1),
        };
        observer.evaluation(&evaluation)?;
        Ok(Some(evaluation))
    }

    fn evaluate_weights(
        &mut self,
        weights: Weights,
        observer: &dyn Observer,
    ) -> Result<Option<Found>> {
        let Some(test) = &self.session.test else {
            return Ok(None);
        };
        let batches = test.epochs.updates();
        let (mut loss, mut right) = (0.0, 0.0);
        for first in (0..batches).step_by(AT_ONCE as usize) {
            if observer.should_stop() {
                return Ok(None);
            }
            let count = (batches - first).min(AT_ONCE);
            for i in 0..count {
                let hyper = Hyper {
                    cursor: ((first + i) * test.epochs.batch) as u32,
                    slot: i as u32,
                    ..Hyper::default()
                };
                self.exec.run(test.program(weights, first + i), &[hyper])?;
            }
            let log = self.exec.read(self.session.log_slots(0, count))?;
            for (i, slot) in (first..).zip(log.chunks_exact(ops::LOG_WORDS as usize)) {
                loss += f64::from(slot[0]) * test.epochs.batch_samples(i) as f64;
                right += f64::from(slot[1]);
            }
        }
        let samples = test.epochs.samples as f64;
        let accuracy = self.session.classifies.then_some(right / samples);
        Ok(Some((loss / samples, accuracy)))
    }
}
