//! How good a classifier is.

use serde::Serialize;

use super::{Logits, Objective};
use crate::error::{Error, Result};

/// Above this many classes no confusion matrix is made: it would be larger than anyone reads.
pub const MOST_CONFUSED: usize = 1000;

/// Measures of a classifier on some samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// How many samples.
    pub samples: usize,
    /// The mean of what was minimised, as `torch.nn` takes it over all samples at once.
    pub loss: f64,
    /// The share of samples whose largest logit (the first, if several) is the label's.
    pub accuracy: f64,
    /// The shares whose label is among the largest few.
    pub top: Vec<Top>,
    /// A row for every class.
    pub classes: Vec<ClassRow>,
    /// `confusion[label][predicted]`; none above [`MOST_CONFUSED`] classes.
    pub confusion: Option<Vec<Vec<u64>>>,
    /// The samples with the greatest losses, the greatest first.
    pub worst: Vec<Worst>,
}

/// The share of samples whose label is among the `k` largest logits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Top {
    /// How many logits count.
    pub k: usize,
    /// The share.
    pub accuracy: f64,
}

/// How one class fares. A ratio of nothing to nothing is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassRow {
    /// Its name.
    pub class: String,
    /// Samples that belong to it.
    pub support: u64,
    /// Samples that were taken for it.
    pub predicted: u64,
    /// The share of the predicted that belong to it.
    pub precision: Option<f64>,
    /// The share of its samples that were found.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
}

/// A sample that the model gets wrong, or nearly so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// Which sample, counted from 0.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The class with the largest logit.
    pub predicted: usize,
    /// The probability given to the label.
    pub probability: f64,
    /// What it adds to the loss.
    pub loss: f64,
}

/// Measures answers against labels. `objective` is what training minimised, `top` the numbers of logits that
/// may hold the label, `worst` how many of the worst samples to name.
///
/// # Errors
/// Answers that are not finite, by sample, and labels without a class.
#[allow(
    clippy::indexing_slicing,
    reason = "`check` has made sure that every label is a class, and every row has all classes"
)]
pub fn classification(
    logits: &Logits,
    labels: &[u32],
    classes: &[String],
    objective: &Objective,
    top: &[usize],
    worst: usize,
) -> Result<Classification> {
    check(logits, labels, classes)?;
    let judged: Vec<Judged> = logits
        .rows()
        .zip(labels)
        .map(|(row, &label)| Judged::of(row, label as usize, objective))
        .collect();
    let samples = judged.len() as f64;
    let total = |of: fn(&Judged) -> f64| judged.iter().map(of).sum::<f64>();
    let within = |k: usize| judged.iter().filter(|j| j.rank < k).count() as f64 / samples;
    let pairs = || labels.iter().map(|&l| l as usize).zip(&judged);
    let confusion = (classes.len() <= MOST_CONFUSED).then(|| {
        let mut confusion = vec![vec![0; classes.len()]; classes.len()];
        pairs().for_each(|(label, j)| confusion[label][j.predicted] += 1);
        confusion
    });
    Ok(Classification {
        samples: judged.len(),
        loss: total(|j| j.loss) / total(|j| j.weight),
        accuracy: within(1),
        top: top
            .iter()
            .map(|&k| Top {
                k,
                accuracy: within(k),
            })
            .collect(),
        classes: class_rows(classes, pairs().map(|(label, j)| (label, j.predicted))),
        confusion,
        worst: worst_of(&judged, labels, worst),
    })
}

fn check(logits: &Logits, labels: &[u32], classes: &[String]) -> Result<()> {
    if logits.is_empty() || logits.len() != labels.len() || logits.outputs() != classes.len() {
        return Err(Error::Model(format!(
            "{} answers of {} outputs do not match {} labels of {} classes; expected an answer for \
             every label and an output for every class",
            logits.len(),
            logits.outputs(),
            labels.len(),
            classes.len()
        )));
    }
    if let Some(at) = labels.iter().position(|&l| l as usize >= classes.len()) {
        return Err(Error::Model(format!(
            "sample {at}: its label is {}, but there are {} classes, counted from 0",
            labels.get(at).copied().unwrap_or_default(),
            classes.len()
        )));
    }
    logits.check_finite(|sample| format!("sample {sample} (counted from 0)"))
}

/// What is to be said about one sample.
struct Judged {
    loss: f64,
    /// What it counts in the mean.
    weight: f64,
    predicted: usize,
    /// Classes that come before the label, by logit and then by number.
    rank: usize,
    probability: f64,
}

#[allow(
    clippy::indexing_slicing,
    reason = "`check` has made sure that every label is a class, and every row has all classes"
)]
impl Judged {
    fn of(row: &[f32], label: usize, objective: &Objective) -> Judged {
        let [loss, weight] = objective.of_class(row, label);
        let before = |&(c, &v): &(usize, &f32)| v > row[label] || (v == row[label] && c < label);
        let larger = |best: usize, c: usize| if row[c] > row[best] { c } else { best };
        Judged {
            loss,
            weight,
            predicted: (1..row.len()).fold(0, larger),
            rank: row.iter().enumerate().filter(before).count(),
            probability: (f64::from(row[label]) - log_sum_exp(row)).exp(),
        }
    }
}

/// Every `exp(logit − max)`, and the largest logit: nothing overflows.
fn exponentials(row: &[f32]) -> (impl Iterator<Item = f64> + '_, f64) {
    let max = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    (row.iter().map(move |&v| (f64::from(v) - max).exp()), max)
}

/// `ln Σ exp(row)`.
pub(super) fn log_sum_exp(row: &[f32]) -> f64 {
    let (exponentials, max) = exponentials(row);
    exponentials.sum::<f64>().ln() + max
}

/// The softmax of a row of logits.
pub fn probabilities(row: &[f32]) -> Vec<f64> {
    let total: f64 = exponentials(row).0.sum();
    exponentials(row).0.map(|e| e / total).collect()
}

/// The classes of the `k` largest logits with their probabilities, the largest first and equals
/// by number.
#[allow(clippy::indexing_slicing, reason = "the classes are those of the row")]
pub fn ranked(row: &[f32], k: usize) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> = probabilities(row).into_iter().enumerate().collect();
    all.sort_by(|&(a, _), &(b, _)| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
    all.truncate(k);
    all
}

#[allow(
    clippy::indexing_slicing,
    reason = "`check` has made sure that every label is a class, and every row has all classes"
)]
fn class_rows(classes: &[String], pairs: impl Iterator<Item = (usize, usize)>) -> Vec<ClassRow> {
    // Of every class: samples that belong to it, that were taken for it, and both.
    let mut counts = vec![[0u64; 3]; classes.len()];
    for (label, predicted) in pairs {
        counts[label][0] += 1;
        counts[predicted][1] += 1;
        counts[label][2] += u64::from(label == predicted);
    }
    let ratio = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let row = |(class, &[support, predicted, both]): (&String, &[u64; 3])| ClassRow {
        class: class.clone(),
        support,
        predicted,
        precision: ratio(both, predicted),
        recall: ratio(both, support),
        f1: ratio(2 * both, support + predicted),
    };
    classes.iter().zip(&counts).map(row).collect()
}

#[allow(
    clippy::indexing_slicing,
    reason = "`check` has made sure that every label is a class, and every row has all classes"
)]
fn worst_of(judged: &[Judged], labels: &[u32], count: usize) -> Vec<Worst> {
    let mut order: Vec<usize> = (0..judged.len()).collect();
    order.sort_by(|&a, &b| judged[b].loss.total_cmp(&judged[a].loss).then(a.cmp(&b)));
    let one = |&index: &usize| Worst {
        index,
        label: labels[index] as usize,
        predicted: judged[index].predicted,
        probability: judged[index].probability,
        loss: judged[index].loss,
    };
    order.iter().take(count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("class {i}")).collect()
    }

    /// Every number by hand: three samples, two right, with a tie that the first class wins.
    #[test]
    fn measures_are_those_of_the_definitions() {
        let ln = |x: f64| x.ln() as f32;
        // Softmax (0.5, 0.25, 0.25), (0.4, 0.4, 0.2), (0.1, 0.2, 0.7).
        let data = [0.5, 0.25, 0.25, 0.4, 0.4, 0.2, 0.1, 0.2, 0.7].map(ln);
        let logits = Logits::new(data.to_vec(), 3);
        let c = classification(
            &logits,
            &[0, 1, 2],
            &names(3),
            &Objective::default(),
            &[1, 2, 3],
            2,
        )
        .unwrap();
        assert_eq!(c.samples, 3);
        assert_eq!(c.accuracy, 2.0 / 3.0, "the tie is class 0's");
        let loss = -(0.5f64.ln() + 0.4f64.ln() + 0.7f64.ln()) / 3.0;
        assert!((c.loss - loss).abs() < 1e-7, "{} {loss}", c.loss);
        let top: Vec<f64> = c.top.iter().map(|t| t.accuracy).collect();
        assert_eq!(top, [2.0 / 3.0, 1.0, 1.0]);
        assert_eq!(
            c.confusion.unwrap(),
            [vec![1, 0, 0], vec![1, 0, 0], vec![0, 0, 1]]
        );
        let [zero, one, _] = &c.classes[..] else {
            panic!("three rows")
        };
        assert_eq!((zero.support, zero.predicted), (1, 2));
        assert_eq!((zero.precision, zero.recall), (Some(0.5), Some(1.0)));
        assert_eq!(zero.f1, Some(2.0 / 3.0));
        assert_eq!(
            (one.precision, one.recall, one.f1),
            (None, Some(0.0), Some(0.0))
        );
        assert_eq!(c.worst.iter().map(|w| w.index).collect::<Vec<_>>(), [1, 0]);
        assert_eq!((c.worst[0].label, c.worst[0].predicted), (1, 0));
        assert!((c.worst[0].probability - 0.4).abs() < 1e-7);
        // Smoothing 0.3 of torch.nn.functional.cross_entropy([[1., 2., 4.]], [1]).
        let logits = Logits::new(vec![1.0, 2.0, 4.0], 3);
        let smoothed = Objective {
            label_smoothing: 0.3,
            ..Objective::default()
        };
        let c = classification(&logits, &[1], &names(3), &smoothed, &[], 0).unwrap();
        let total = (1f64.exp() + 2f64.exp() + 4f64.exp()).ln();
        let loss = 0.7 * (total - 2.0) + 0.1 * (3.0 * total - 7.0);
        assert!((c.loss - loss).abs() < 1e-12);
    }

    /// `torch.nn.functional.cross_entropy(x, y, weight)` divides by the weights of the labels.
    #[test]
    fn weighted_means_are_torchs() {
        let objective = Objective {
            loss: crate::train::Loss::CrossEntropy {
                weight: vec![1.0, 3.0],
            },
            ..Objective::default()
        };
        let logits = Logits::new(vec![0.0, 0.0, 1.0, 0.0], 2);
        let c = classification(&logits, &[1, 0], &names(2), &objective, &[], 1).unwrap();
        let loss = (3.0 * 2f64.ln() + (1f64.exp() + 1.0).ln() - 1.0) / 4.0;
        assert!((c.loss - loss).abs() < 1e-12, "{} {loss}", c.loss);
        assert_eq!(c.worst[0].index, 0, "it counts three times");
    }

    /// A class that nobody has and nobody predicts has no ratios; logits that overflow exp do.
    #[test]
    fn nothing_over_nothing_is_none() {
        let logits = Logits::new(vec![1000.0, -1000.0, -1e30], 3);
        let c = classification(&logits, &[0], &names(3), &Objective::default(), &[], 5).unwrap();
        assert_eq!(c.loss, 0.0);
        assert_eq!(c.worst.len(), 1);
        let empty = &c.classes[2];
        assert_eq!(
            (empty.precision, empty.recall, empty.f1),
            (None, None, None)
        );
        assert_eq!(ranked(&[1.0, 3.0, 3.0], 2)[0].0, 1);
        assert_eq!(probabilities(&[1000.0, 1000.0]), [0.5, 0.5]);
    }

    /// What cannot be judged is refused, by sample.
    #[test]
    fn refusals_name_the_sample() {
        let refused = |data: Vec<f32>, labels: &[u32]| {
            let logits = Logits::new(data, 2);
            let judged = classification(&logits, labels, &names(2), &Objective::default(), &[], 0);
            judged.expect_err("refused").to_string()
        };
        let nan = refused(vec![0.0, 1.0, 0.0, f32::NAN], &[0, 1]);
        assert!(
            nan.starts_with("sample 1 (counted from 0): output 1"),
            "{nan}"
        );
        assert!(refused(vec![f32::INFINITY, 0.0], &[0]).contains("is inf"));
        assert!(refused(vec![0.0, 0.0], &[2]).contains("its label is 2"));
        assert!(refused(vec![0.0, 0.0], &[0, 1]).contains("1 answers"));
    }
}
