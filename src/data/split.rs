//! Which rows are held back for testing. The rows of both splits keep the order of the file.

use super::Error;
use crate::rng::{Purpose, Rng};

/// The part of a table's rows that is test data unless the user says otherwise.
pub(super) const DEFAULT_FRACTION: f64 = 0.2;

/// For each row whether it is a test row, chosen evenly within each class, without chance: row j of a class of n (in
/// file order, from 0) is one if round((j + 1)·fraction) exceeds round(j·fraction), so that the class gives
/// round(n·fraction) rows to the test (halves rounded up), but never its last training row.
pub(super) fn stratified(labels: &[u32], fraction: f64) -> Vec<bool> {
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut size = vec![0usize; classes];
    for &label in labels {
        size[label as usize] += 1;
    }
    let round = |rows: usize| (rows as f64 * fraction + 0.5).floor();
    let mut seen = vec![0usize; classes];
    let mut taken = vec![0usize; classes];
    let mut choose = |class: usize| {
        let row = seen[class];
        seen[class] += 1;
        let is_test = round(row + 1) > round(row) && taken[class] + 1 < size[class];
        taken[class] += usize::from(is_test);
        is_test
    };
    labels.iter().map(|&label| choose(label as usize)).collect()
}

/// For each of `n` rows whether it is a test row: round(n·fraction) of them (halves rounded up) by a shuffle that
/// depends on the seed alone.
pub(super) fn random(n: usize, fraction: f64, seed: u64) -> Vec<bool> {
    let count = ((n as f64 * fraction + 0.5).floor() as usize).min(n);
    let mut is_test = vec![false; n];
    is_test[..count].fill(true);
    Rng::new(seed, Purpose::Split, 0).shuffle(&mut is_test);
    is_test
}

/// Makes sure that a split into training and test rows leaves some of both.
pub(super) fn check(is_test: &[bool], fraction: f64) -> Result<(), Error> {
    let test = is_test.iter().filter(|&&test| test).count();
    if test > 0 && test < is_test.len() {
        return Ok(());
    }
    let (rows, kind) = (is_test.len(), if test == 0 { "test" } else { "training" });
    let remedy = if test == 0 {
        "a greater fraction, or 0 for no test split"
    } else {
        "a smaller fraction"
    };
    let expected =
        format!("of the data's rows ({rows}), this leaves none for the {kind} split; use {remedy}");
    Err(Error::InvalidOption {
        option: "--test-fraction",
        value: fraction.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Protects the documented rule: each class gives round(n·fraction) rows, but keeps at least one.
        #[test]
        fn stratified_takes_its_share_of_each_class(
            labels in prop::collection::vec(0u32..5, 1..400),
            fraction in 0.0..0.999,
        ) {
            let is_test = stratified(&labels, fraction);
            for class in 0..5 {
                let of_class = || labels.iter().zip(&is_test).filter(|(label, _)| **label == class);
                let (size, test) = (of_class().count(), of_class().filter(|(_, test)| **test).count());
                let share = (size as f64 * fraction + 0.5).floor() as usize;
                prop_assert_eq!(test, share.min(size.saturating_sub(1)));
            }
        }

        /// Protects the number of rows, and that the seed decides which.
        #[test]
        fn random_takes_its_share_and_follows_the_seed(n in 100usize..500, fraction in 0.1..0.9, seed in 0..u64::MAX) {
            let is_test = random(n, fraction, seed);
            prop_assert_eq!(is_test.iter().filter(|&&test| test).count(), (n as f64 * fraction + 0.5).floor() as usize);
            prop_assert_eq!(&is_test, &random(n, fraction, seed));
            prop_assert_ne!(&is_test, &random(n, fraction, seed + 1));
        }
    }

    /// Protects the rule that the digits' fixed split is documented by.
    #[test]
    fn a_fifth_is_the_third_of_every_five() {
        let is_test = stratified(&[0; 1000], 0.2);
        assert!(
            is_test
                .iter()
                .enumerate()
                .all(|(row, &test)| test == (row % 5 == 2))
        );
    }
}
