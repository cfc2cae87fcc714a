//! Where the steps of a run lie in its epochs.

use std::ops::Range;

use crate::error::{Error, Result};

/// How a split is cut into batches, and batches are gathered into updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// Samples that an epoch visits or leaves out.
    pub samples: u64,
    /// Samples in a full batch.
    pub batch: u64,
    /// Batches of a full update: their mean gradient is applied as one.
    pub accumulate: u64,
    /// Full batches in an epoch.
    pub full: u64,
    /// Samples in the last, smaller batch; 0 if there is none.
    pub tail: u64,
}

impl Epochs {
    /// A batch an update.
    ///
    /// # Errors
    /// If no batch would ever be full and smaller ones are to be dropped.
    pub fn new(samples: u64, batch: u64, drop_last: bool) -> Result<Epochs> {
        Epochs::accumulating(samples, batch, 1, drop_last)
    }

    /// `accumulate` batches an update. What `drop_last` leaves out is an epoch's last update if it
    /// is smaller, as it would be with batches as large as that.
    ///
    /// # Errors
    /// If no update would ever be full and smaller ones are to be dropped.
    pub fn accumulating(
        samples: u64,
        batch: u64,
        accumulate: u64,
        drop_last: bool,
    ) -> Result<Epochs> {
        let update = batch * accumulate;
        let used = if drop_last {
            samples / update * update
        } else {
            samples
        };
        if used == 0 {
            let times = match accumulate {
                1 => String::new(),
                k => format!(" and --accumulate {k}"),
            };
            let plural = if samples == 1 { "" } else { "s" };
            return Err(Error::Usage(format!(
                "--drop-last with --batch-size {batch}{times} leaves nothing of {samples} training \
                 sample{plural}; use a smaller batch"
            )));
        }
        Ok(Epochs {
            samples,
            batch,
            accumulate,
            full: used / batch,
            tail: used % batch,
        })
    }

    /// Batches in an epoch.
    pub fn batches(&self) -> u64 {
        self.full + (self.tail > 0) as u64
    }

    /// Updates in an epoch.
    pub fn updates(&self) -> u64 {
        self.batches().div_ceil(self.accumulate)
    }

    /// Samples of a full update, or of all there are.
    pub fn update_samples(&self) -> u64 {
        (self.batch * self.accumulate).min(self.samples)
    }

    /// The epoch of an update, and the update's place in it.
    pub fn locate(&self, step: u64) -> (u64, u64) {
        (step / self.updates(), step % self.updates())
    }

    /// The batches of the update at a place in its epoch, counted through the epoch.
    pub fn batches_of(&self, at: u64) -> Range<u64> {
        let first = at * self.accumulate;
        first..(first + self.accumulate).min(self.batches())
    }

    /// Samples of an epoch's batch.
    pub fn batch_samples(&self, batch: u64) -> u64 {
        if batch < self.full {
            self.batch
        } else {
            self.tail
        }
    }

    /// Whether any update ends with a full batch.
    pub fn ends_full(&self) -> bool {
        self.tail == 0 || self.full >= self.accumulate
    }

    /// Whether the update at a place in its epoch ends with the smaller batch, and how many updates
    /// from there on are like it.
    pub fn alike(&self, at: u64) -> (bool, u64) {
        let whole = self.full / self.accumulate;
        if at < whole {
            (false, whole - at)
        } else {
            (self.tail > 0, 1)
        }
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

    /// Batches of an update follow each other, none twice, and together they are what one batch
    /// as large would be.
    #[test]
    fn updates_cover_the_batches() {
        for (samples, batch, accumulate) in [
            (70, 8, 4),
            (64, 8, 4),
            (67, 32, 4),
            (5, 8, 2),
            (96, 32, 1),
            (100, 7, 3),
            (33, 8, 4),
        ] {
            for drop_last in [false, true] {
                let big = Epochs::new(samples, batch * accumulate, drop_last);
                let small = Epochs::accumulating(samples, batch, accumulate, drop_last);
                let (Ok(big), Ok(small)) = (big, small) else {
                    assert!(drop_last && samples < batch * accumulate);
                    continue;
                };
                assert_eq!(small.updates(), big.updates());
                assert_eq!(small.update_samples(), (batch * accumulate).min(samples));
                let mut next = 0;
                for at in 0..small.updates() {
                    let batches = small.batches_of(at);
                    assert_eq!(batches.start, next);
                    next = batches.end;
                    let together: u64 = batches.clone().map(|b| small.batch_samples(b)).sum();
                    assert_eq!(together, big.batch_samples(at));
                    let (tail, alike) = small.alike(at);
                    assert_eq!(tail, small.batch_samples(batches.end - 1) < batch);
                    let same = (at..at + alike).all(|at| {
                        let batches = small.batches_of(at);
                        small.alike(at).0 == tail
                            && (alike == 1 || batches.end - batches.start == accumulate)
                    });
                    assert!(same && alike > 0);
                }
                assert_eq!(next, small.batches());
                let full = (0..small.updates()).any(|at| !small.alike(at).0);
                assert_eq!(small.ends_full(), full);
            }
        }
    }
}
