//! What a schedule is resolved against: the optimiser's rate and the length of the run.

use serde::{Deserialize, Serialize};

/// The facts about a run that a schedule's units refer to.
///
/// ```
/// use kiln::schedule::Run;
///
/// let run = Run { updates: Some(1000), ..Run::new(0.1) };
/// assert_eq!(run.base_lr, 0.1);
/// assert_eq!(run.epoch_updates, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The optimiser's learning rate: what `1x` means.
    pub base_lr: f64,
    /// The optimiser's momentum (β₁ of Adam), where it has one.
    pub base_momentum: Option<f64>,
    /// Applied updates in the whole run: what `100%` means.
    pub updates: Option<u64>,
    /// Applied updates per epoch, as a fraction where the last batch is partial: what `1ep` means.
    pub epoch_updates: Option<f64>,
    /// Samples per applied update: what turns `1e6sp` into updates.
    pub batch: Option<u64>,
}

impl Run {
    /// A run of which only the base rate is known.
    pub fn new(base_lr: f64) -> Run {
        Run {
            base_lr,
            base_momentum: None,
            updates: None,
            epoch_updates: None,
            batch: None,
        }
    }
}
