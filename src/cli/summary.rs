//! What a person is told once a run has ended.

use super::{
    progress::{duration, significant},
    train::Job,
    watch::{Stop, Watcher},
};
use crate::{run::RunDir, train::Trainer};

impl Job<'_> {
    /// How it ended, what it came to, and where that lies.
    pub(super) fn summary(&self, w: &Watcher, trainer: &Trainer, run: Option<&RunDir>) -> String {
        let steps = trainer.step();
        let how = match &w.stop {
            None => "trained".to_string(),
            Some(Stop::Signal) => "stopped after".into(),
            Some(Stop::Patience(n)) => {
                format!("stopped early, as {n} evaluations were not better, after")
            }
            Some(Stop::Time) => "stopped at --max-time after".into(),
            Some(Stop::Target(until)) => format!("reached {until} after"),
        };
        let mut text = format!("{how} {steps} updates in {}", duration(w.seconds()));
        if let Some(u) = &w.last {
            text += &format!(
                ", last batch's loss {:.4}, last rate {}",
                u.loss,
                significant(u.lr)
            );
        }
        if let Some(best) = &w.best {
            text += &match best.eval_accuracy {
                Some(a) => format!("\nbest accuracy {:.2}%", a * 100.0),
                None => format!("\nbest evaluation loss {:.4}", best.eval_loss),
            };
            text += &format!(" after epoch {:.2}", best.epoch);
        }
        if trainer.left_out() > 0 {
            let n = trainer.left_out();
            text += &format!(
                "\n{n} of the updates were left out: their loss or gradient was not finite"
            );
        }
        text += &match run {
            Some(run) => format!("\nwrote {}", run.path().display()),
            None => "\nnothing was written".into(),
        };
        if let (Some(run), Some(Stop::Signal)) = (run, &w.stop) {
            text += &format!("\ngo on with: kiln resume {}", run.path().display());
        }
        text
    }
}
