//! Where the steps of a run lie in its epochs.

use crate::error::{Error, Result};

/// How a split is cut into batches.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sample is visited once an epoch, the last batch with what is left.
    #[test]
    fn batches_cover_the_samples() {
        for (samples, batch, full, tail, updates) in [
            (70, 32, 2, 6, 3),
            (64, 32, 2, 0, 2),
            (5, 32, 0, 5, 1),
            (1, 1, 1, 0, 1),
        ] {
            let e = Epochs::new(samples, batch, false).unwrap();
            assert_eq!((e.full, e.tail, e.updates()), (full, tail, updates));
            assert_eq!(e.full * e.batch + e.tail, samples);
            assert_eq!(e.locate(2 * updates + 1), (2 + 1 / updates, 1 % updates));
        }
        assert_eq!(Epochs::new(70, 32, true).unwrap().updates(), 2);
        assert!(Epochs::new(5, 32, true).is_err());
    }
}
