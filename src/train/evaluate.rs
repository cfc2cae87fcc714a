//! What an epoch gave: its mean losses, the evaluation, and the controllers that watch them.

use std::mem::take;

use super::{Evaluation, Observer, Trainer};
use crate::{
    control::{Monitor, Observe},
    error::Result,
    ops::{self, Hyper},
};

/// Evaluation batches between looks at whether to stop.
const EVALUATE: u64 = 8;

impl Trainer<'_> {
    /// Shows the controllers what the epoch gave.
    pub(super) fn end_epoch(&mut self, evaluation: Option<Evaluation>) {
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

    /// Loss and accuracy on the validation split, or on the test split if there is none; nothing if there is neither, or
    /// if the observer does not let it finish.
    ///
    /// # Errors
    /// What the device or the observer report.
    pub fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<Option<Evaluation>> {
        let Some(test) = &self.session.test else {
            return Ok(None);
        };
        let batches = test.epochs.updates();
        let (mut loss, mut right) = (0.0, 0.0);
        for first in (0..batches).step_by(EVALUATE as usize) {
            if observer.should_stop() {
                return Ok(None);
            }
            let count = (batches - first).min(EVALUATE);
            for i in 0..count {
                let hyper = Hyper {
                    cursor: ((first + i) * test.epochs.batch) as u32,
                    slot: i as u32,
                    ..Hyper::default()
                };
                self.exec.run(test.program(first + i), &[hyper])?;
            }
            let log = self.exec.read(self.session.log_slots(0, count))?;
            for (i, slot) in (first..).zip(log.chunks_exact(ops::LOG_WORDS as usize)) {
                loss += f64::from(slot[0]) * f64::from(test.program(i).batch);
                right += f64::from(slot[1]);
            }
        }
        let samples = test.epochs.samples as f64;
        let evaluation = Evaluation {
            step: self.step,
            epoch: self.step as f64 / self.session.epochs.updates() as f64,
            eval_loss: loss / samples,
            eval_accuracy: self.session.classifies.then_some(right / samples),
        };
        observer.evaluation(&evaluation)?;
        Ok(Some(evaluation))
    }
}
