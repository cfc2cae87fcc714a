//! The order in which an epoch visits the samples.

use crate::rng::{Purpose, Rng};

/// The permutation of `0..n` in which epoch `epoch` (counted from 0) visits `n` samples.
///
/// It is a pure function of its arguments: any epoch's order is had without those before it, so a run resumes in the
/// middle of an epoch with nothing but its seed and its step. The same on every platform.
///
/// ```
/// let order = kiln::data::order(7, 3, 5);
/// assert_eq!(order, kiln::data::order(7, 3, 5));
/// assert_ne!(order, kiln::data::order(7, 4, 5));
/// ```
///
/// # Panics
/// If `n` exceeds 2³², the number of samples that a `u32` can name.
pub fn order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    assert!(
        n as u64 <= 1 << 32,
        "order: {n} samples; a u32 names at most 2^32"
    );
    let mut order: Vec<u32> = (0..n as u64).map(|sample| sample as u32).collect();
    Rng::new(seed, Purpose::Order, epoch).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Protects training from skipping or repeating samples.
        #[test]
        fn visits_every_sample_once(seed: u64, epoch: u64, n in 0usize..3000) {
            let mut order = order(seed, epoch, n);
            order.sort_unstable();
            prop_assert!(order.into_iter().eq(0..n as u32));
        }

        /// Protects runs from repeating one order: neighbouring seeds and epochs must not share it.
        #[test]
        fn depends_on_seed_and_on_epoch(seed in 0..u64::MAX, epoch in 0..u64::MAX) {
            let here = order(seed, epoch, 100);
            prop_assert_ne!(&here, &order(seed + 1, epoch, 100));
            prop_assert_ne!(&here, &order(seed, epoch + 1, 100));
            prop_assert_eq!(&here, &order(seed, epoch, 100));
        }
    }

    /// Protects checkpoints: a new version of the generator or of the shuffle that changed orders would make a resumed
    /// epoch repeat some samples and miss others.
    #[test]
    fn is_what_it_was() {
        assert_eq!(order(0, 0, 10), GOLDEN_0);
        assert_eq!(order(41, u64::MAX, 10), GOLDEN_1);
    }
    const GOLDEN_0: [u32; 10] = [2, 0, 8, 5, 7, 9, 4, 6, 3, 1];
    const GOLDEN_1: [u32; 10] = [6, 9, 4, 3, 0, 2, 5, 8, 1, 7];

    /// Protects against a biased shuffle: over many epochs each sample comes first about equally often
    /// (10,000 draws of 1 in 10: 1000 with a standard deviation of 30).
    #[test]
    fn every_sample_comes_first_equally_often() {
        let mut first = [0; 10];
        for epoch in 0..10_000 {
            first[order(5, epoch, 10)[0] as usize] += 1;
        }
        assert!(
            first.iter().all(|count| (850..1150).contains(count)),
            "{first:?}"
        );
    }
}
