//! Evaluation: what a trained network answers, and how good the answers are.
//!
//! [`Forward`] is the forward pass as a plan of its own, [`Evaluator`] runs it on a machine and
//! returns [`Logits`]; [`classification`] and [`regression`] are pure functions of those, in f64.

mod classification;
mod forward;
mod objective;
mod regression;

pub use classification::{
    ClassRow, Classification, MOST_CONFUSED, Top, Worst, classification, probabilities, ranked,
};
pub use forward::{BATCH, Evaluator, Forward};
pub use objective::Objective;
pub use regression::{Missed, OutputRow, Regression, regression};

use crate::error::{Error, Result};

/// What a network answers: a row of numbers for every sample, before any softmax.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    data: Vec<f32>,
    outputs: usize,
}

impl Logits {
    /// Rows of `outputs` numbers each.
    ///
    /// # Panics
    /// If they are not whole rows.
    pub fn new(data: Vec<f32>, outputs: usize) -> Logits {
        assert!(
            outputs > 0 && data.len().is_multiple_of(outputs),
            "logits: {} numbers in rows of {outputs}",
            data.len()
        );
        Logits { data, outputs }
    }

    /// Samples.
    pub fn len(&self) -> usize {
        self.data.len() / self.outputs
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Numbers in a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The rows, in the order of the samples.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.outputs)
    }

    /// All numbers, row after row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Refuses answers that are no numbers: every measure of them would be wrong in silence.
    ///
    /// # Errors
    /// Names the first sample, by the name that `name` gives it, and the output.
    pub fn check_finite(&self, name: impl Fn(usize) -> String) -> Result<()> {
        let Some(at) = self.data.iter().position(|v| !v.is_finite()) else {
            return Ok(());
        };
        let (sample, output) = (at / self.outputs, at % self.outputs);
        Err(Error::Diverged(format!(
            "{}: output {output} of the network is {}, not a number to judge; inputs as large as \
             those that it was trained on, and weights of a run that did not diverge, give finite \
             ones",
            name(sample),
            self.data.get(at).copied().unwrap_or(f32::NAN)
        )))
    }
}
