//! Which rows are held back for testing. The rows of both splits keep the order of the file.

use super::{Error, Targets};
use crate::rng::{Purpose, Rng};

/// The part of a table's rows that is test data unless the user says otherwise.
pub(super) const DEFAULT_FRACTION: f64 = 0.2;

/// For each row whether it is a test row, chosen evenly within each class, without chance: row j of a class of n (in
/// file order, from 0) is one if round((j + 1)·fraction) exceeds round(j·fraction), so that the class gives
/// round(n·fraction) rows to the test (halves rounded up), but never its last training row.
#[allow(
    clippy::indexing_slicing,
    reason = "as many classes are counted as the highest label needs"
)]
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
    shuffled(n, fraction, &mut Rng::new(seed, Purpose::Split, 0))
}

/// For each training row whether it is held back for validation: round(n·fraction) of the n rows of each class (halves
/// rounded up), but never the last of them, or of all rows where there are no classes; by the seed alone.
pub(super) fn validation(targets: &Targets, rows: usize, fraction: f64, seed: u64) -> Vec<bool> {
    let mut rng = Rng::new(seed, Purpose::Validation, 0);
    let Targets::Classes(labels) = targets else {
        return shuffled(rows, fraction, &mut rng);
    };
    let mut of_class: Vec<Vec<usize>> = Vec::new();
    for (row, &label) in labels.iter().enumerate() {
        let label = label as usize;
        of_class.resize_with(of_class.len().max(label + 1), Vec::new);
        if let Some(rows) = of_class.get_mut(label) {
            rows.push(row);
        }
    }
    let mut is_val = vec![false; labels.len()];
    for rows in of_class {
        let mut chosen = shuffled(rows.len(), fraction, &mut rng);
        if chosen.iter().all(|&chosen| chosen) {
            chosen.pop();
        }
        for (row, chosen) in rows.into_iter().zip(chosen) {
            if let Some(is_val) = is_val.get_mut(row) {
                *is_val = chosen;
            }
        }
    }
    is_val
}

/// A random round(n·fraction) of `n`, halves rounded up.
fn shuffled(n: usize, fraction: f64, rng: &mut Rng) -> Vec<bool> {
    let count = ((n as f64 * fraction + 0.5).floor() as usize).min(n);
    let mut is_chosen: Vec<bool> = (0..n).map(|i| i < count).collect();
    rng.shuffle(&mut is_chosen);
    is_chosen
}

/// Makes sure that holding rows back, as `option` says, leaves some for both splits; `from` are those that it takes
/// from, `kind` is what it makes.
pub(super) fn check(
    is_held_back: &[bool],
    fraction: f64,
    (option, from, kind): (&'static str, &str, &str),
) -> Result<(), Error> {
    let held_back = is_held_back.iter().filter(|&&row| row).count();
    if held_back > 0 && held_back < is_held_back.len() {
        return Ok(());
    }
    let (none, remedy) = match (held_back, kind) {
        (0, "test") => (kind, "a greater fraction, or 0 for no test split"),
        (0, _) => (kind, "a greater fraction"),
        _ => ("training", "a smaller fraction"),
    };
    let rows = is_held_back.len();
    let expected =
        format!("of the {from} ({rows}), this leaves none for the {none} split; use {remedy}");
    Err(Error::InvalidOption {
        option,
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

    /// Protects classes from being lost to the validation: each gives its share, but keeps at least one row.
    #[test]
    fn validation_takes_its_share_of_each_class() {
        let labels: Vec<u32> = (0..100)
            .map(|row| u32::from(row % 10 == 0))
            .chain([2])
            .collect();
        let targets = Targets::Classes(labels.clone());
        let chosen = |fraction, seed| validation(&targets, 101, fraction, seed);
        for (fraction, expected) in [(0.2, [18, 2, 0]), (0.5, [45, 5, 0]), (0.999, [89, 9, 0])] {
            let is_val = chosen(fraction, 7);
            let taken = |class| {
                let rows = labels.iter().zip(&is_val);
                rows.filter(|(label, val)| **label == class && **val)
                    .count()
            };
            assert_eq!([0, 1, 2].map(taken), expected);
        }
        assert_eq!(chosen(0.2, 3), chosen(0.2, 3));
        assert_ne!(chosen(0.2, 3), chosen(0.2, 4));
        let values = Targets::Values {
            data: vec![0.0; 10],
            width: 1,
        };
        let is_val = validation(&values, 10, 0.3, 1);
        assert_eq!(is_val.iter().filter(|&&val| val).count(), 3);
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
