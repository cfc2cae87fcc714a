//! What is written of a run: event files, tables, pictures, the page. Where the judge is a program
//! that is not here (TensorBoard, a browser), the test says that it was skipped, and how to have it.

mod compare;
pub mod ended;
mod page;
mod tensorboard;

use std::io::Write;

use kiln::report::rows::{Evaluation, Rows, Update};

/// Says that a test was skipped, where everybody sees it: libtest hides what tests that pass print.
pub fn skipped(test: &str, why: &str) {
    writeln!(std::io::stderr(), "SKIPPED {test}: {why}").expect("standard error is open");
}

/// A run of some updates: a falling, noisy loss, and an evaluation every tenth of it.
pub fn rows(updates: u64) -> Rows {
    let noise = |step: u64| (step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / 2f64.powi(24);
    let update = |step: u64| {
        let z = step as f64 / updates as f64;
        Update {
            step,
            epoch: 5.0 * z,
            lr: 0.0371 * (std::f64::consts::FRAC_PI_2 * z).cos().powi(2),
            loss: 2.3 * (-5.0 * z).exp() * (0.7 + 0.6 * noise(step)) + 0.004,
            grad_norm: 1.0 + noise(step + 1),
            ..Update::default()
        }
    };
    let evaluation = |i: u64| Evaluation {
        step: i * updates / 10,
        epoch: i as f64 / 2.0,
        eval_loss: 2.4 * (-0.4 * i as f64).exp() + 0.08,
        eval_accuracy: Some(1.0 - 0.9 * (-0.5 * i as f64).exp()),
        more: [
            ("ema_eval_loss", 2.0 * (-0.45 * i as f64).exp() + 0.06),
            ("ema_eval_accuracy", 1.0 - 0.8 * (-0.6 * i as f64).exp()),
        ]
        .map(|(name, x)| (name.to_string(), x))
        .into(),
    };
    Rows {
        updates: (0..updates).map(update).collect(),
        evaluations: (1..=10).map(evaluation).collect(),
    }
}
