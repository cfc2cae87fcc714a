//! The classes that a column of text or numbers names.

use std::collections::HashMap;

use super::error::{did_you_mean, nearest, quoted};

/// More classes than this are taken for a mistake.
const MAX_CLASSES: usize = 1 << 16;

/// The classes of a target column, in the order in which they first appear.
#[derive(Default)]
pub(super) struct Classes {
    numbers: HashMap<String, u32>,
    labels: Vec<u32>,
}

impl Classes {
    pub(super) fn push(&mut self, name: &str) -> Result<(), &'static str> {
        if name.is_empty() {
            return Err("the name or number of a class; fill the cell in, or drop the row");
        }
        let label = match self.numbers.get(name) {
            Some(&label) => label,
            None if self.numbers.len() == MAX_CLASSES => {
                return Err(
                    "one of the classes so far, as kiln tells at most 65536 classes apart; for numbers, use \
                     `--task regression`",
                );
            }
            None => {
                let label = self.numbers.len() as u32;
                self.numbers.insert(name.to_owned(), label);
                label
            }
        };
        self.labels.push(label);
        Ok(())
    }

    /// For each row the number of its class among these names, which another file decided.
    pub(super) fn numbered(self, names: &[String]) -> Result<Vec<u32>, String> {
        let number: HashMap<&String, u32> = names.iter().zip(0..).collect();
        let mut numbers = vec![0; self.numbers.len()];
        for (name, first) in &self.numbers {
            let Some(number) = number.get(name) else {
                return Err(format!(
                    "no training row is of the class {}; expected the classes that there are{}",
                    quoted(name),
                    did_you_mean(&nearest(name, names.iter().map(String::as_str)))
                ));
            };
            if let Some(place) = numbers.get_mut(*first as usize) {
                *place = *number;
            }
        }
        let of_row = |label: &u32| numbers.get(*label as usize).copied().unwrap_or_default();
        Ok(self.labels.iter().map(of_row).collect())
    }

    /// The names of the classes in their final order, and for each row the number of its class in that order.
    ///
    /// Integers from 0 up are class indices, as torch takes them: a number that no row has is a class without samples,
    /// and `at_least` as many classes there are. Other integers are ordered by value, everything else by its text.
    pub(super) fn sorted(self, at_least: usize) -> Result<(Vec<String>, Vec<u32>), String> {
        let mut names: Vec<(String, u32)> = self.numbers.into_iter().collect();
        names.sort_unstable();
        if let [(only, _)] = names.as_slice() {
            return Err(format!(
                "every row is of the class {}; expected at least two classes to tell apart",
                quoted(only)
            ));
        }
        let values: Result<Vec<i64>, _> =
            names.iter().map(|(name, _)| name.parse::<i64>()).collect();
        if let Ok(values) = values {
            let mut by_value: Vec<_> = values.into_iter().zip(names).collect();
            by_value.sort_unstable();
            let twice = by_value.windows(2).find_map(|pair| match pair {
                [(a, (first, _)), (b, (second, _))] if a == b => {
                    Some(format!("{} and {}", quoted(first), quoted(second)))
                }
                _ => None,
            });
            if let Some(twice) = twice {
                return Err(format!(
                    "the number of one class is written {twice}; expected one spelling"
                ));
            }
            if let (Some((low, _)), Some((high, _))) = (by_value.first(), by_value.last()) {
                let indices = *low >= 0 && (*high as u64) < MAX_CLASSES as u64;
                if indices && (*low == 0 || *high < at_least as i64) {
                    return Ok(self::indices(&by_value, &self.labels, at_least));
                }
            }
            names = by_value.into_iter().map(|(_, name)| name).collect();
        }
        let position: HashMap<u32, u32> = names
            .iter()
            .zip(0..)
            .map(|((_, first), last)| (*first, last))
            .collect();
        let labels = self
            .labels
            .iter()
            .filter_map(|label| position.get(label).copied())
            .collect();
        Ok((names.into_iter().map(|(name, _)| name).collect(), labels))
    }
}

/// Classes 0 to the highest value, or to `at_least`, and each row's value; `by_value` says which number a value was
/// given when it first appeared.
fn indices(
    by_value: &[(i64, (String, u32))],
    labels: &[u32],
    at_least: usize,
) -> (Vec<String>, Vec<u32>) {
    let value: HashMap<u32, u32> = by_value
        .iter()
        .map(|(value, (_, first))| (*first, *value as u32))
        .collect();
    let highest = value.values().max().map_or(0, |&highest| highest as usize);
    let names = (0..=highest.max(at_least.saturating_sub(1))).map(|class| class.to_string());
    (
        names.collect(),
        labels
            .iter()
            .filter_map(|label| value.get(label).copied())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(cells: &[&str]) -> Result<(Vec<String>, Vec<u32>), String> {
        let mut classes = Classes::default();
        for cell in cells {
            classes.push(cell).unwrap();
        }
        classes.sorted(0)
    }

    /// Protects comparisons with torch: labels from 0 up are indices even where one has no row, and a head for more
    /// classes than a sample shows can be asked for.
    #[test]
    fn integers_from_zero_are_indices() {
        let (names, labels) = classes(&["3", "0", "1", "3"]).unwrap();
        assert_eq!(names, ["0", "1", "2", "3"]);
        assert_eq!(labels, [3, 0, 1, 3]);
        let mut few = Classes::default();
        for cell in ["2", "1"] {
            few.push(cell).unwrap();
        }
        let (names, labels) = few.sorted(5).unwrap();
        assert_eq!((names.len(), labels), (5, vec![2, 1]));
        let (names, labels) = classes(&["7", "5"]).unwrap();
        assert_eq!((names, labels), (vec!["5".into(), "7".into()], vec![1, 0]));
    }

    /// Protects the order of classes: integers by value (2 before 10), anything else by text.
    #[test]
    fn classes_are_ordered_by_value_or_by_text() {
        let ordered = |cells| classes(cells).unwrap();
        assert_eq!(
            ordered(&["10", "-1", "2", "10"]),
            (vec!["-1".into(), "2".into(), "10".into()], vec![2, 0, 1, 2])
        );
        assert_eq!(
            ordered(&["b", "10", "2"]),
            (vec!["10".into(), "2".into(), "b".into()], vec![2, 0, 1])
        );
    }

    /// Protects against one class counted as two because a number is written in two ways, and against a column that
    /// teaches nothing.
    #[test]
    fn doubtful_classes_are_refused() {
        let error = classes(&["1", "2", "01"]).unwrap_err();
        assert_eq!(
            error,
            "the number of one class is written `01` and `1`; expected one spelling"
        );
        let error = classes(&["a", "a"]).unwrap_err();
        assert_eq!(
            error,
            "every row is of the class `a`; expected at least two classes to tell apart"
        );
    }

    /// Protects memory and the user's time against a column of measurements taken for classes.
    #[test]
    fn too_many_classes_are_refused() {
        let mut classes = Classes::default();
        for number in 0..MAX_CLASSES {
            classes.push(&number.to_string()).unwrap();
        }
        assert!(classes.push("7").is_ok());
        assert!(
            classes
                .push("another")
                .unwrap_err()
                .contains("--task regression")
        );
    }
}
