//! How good a regression is.

use serde::Serialize;

use super::{Logits, Objective};
use crate::error::{Error, Result};

/// Measures of a regression on some samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// How many samples.
    pub samples: usize,
    /// The mean over all outputs of what was minimised.
    pub loss: f64,
    /// A row for every output.
    pub outputs: Vec<OutputRow>,
    /// The samples with the greatest squared errors, the greatest first.
    pub worst: Vec<Missed>,
}

/// A sample whose answer is far from its goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missed {
    /// Which sample, counted from 0.
    pub index: usize,
    /// What the network answers, an output after the other.
    pub prediction: Vec<f32>,
    /// What it should have answered.
    pub goal: Vec<f32>,
    /// The mean over the outputs of their squared differences.
    pub squared_error: f64,
}

/// How one output fares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputRow {
    /// Its name.
    pub output: String,
    /// The mean squared error.
    pub mse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The share of the targets' variance that is explained; none where they never vary.
    pub r2: Option<f64>,
}

/// Measures answers against `targets`, as many numbers in a row as there are names. `objective` is what training
/// minimised, `worst` how many of the worst samples to name.
///
/// # Errors
/// Answers that are not finite, by sample.
pub fn regression(
    logits: &Logits,
    targets: &[f32],
    names: &[String],
    objective: &Objective,
    worst: usize,
) -> Result<Regression> {
    let width = names.len();
    if logits.is_empty() || logits.outputs() != width || logits.data().len() != targets.len() {
        return Err(Error::Model(format!(
            "{} answers of {} outputs do not match {} targets of {width} outputs; expected as many",
            logits.len(),
            logits.outputs(),
            targets.len()
        )));
    }
    logits.check_finite(|sample| format!("sample {sample} (counted from 0)"))?;
    let outputs: Vec<OutputRow> = names
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let of = |data: &[f32]| -> Vec<f64> {
                let column = data.iter().skip(column).step_by(width);
                column.map(|&v| f64::from(v)).collect()
            };
            output_row(name, &of(logits.data()), &of(targets))
        })
        .collect();
    let pairs = logits.rows().zip(targets.chunks_exact(width));
    let losses = pairs.map(|(row, goal)| objective.of_values(row, goal.iter().map(|&g| g.into())));
    Ok(Regression {
        samples: logits.len(),
        loss: losses.sum::<f64>() / logits.len() as f64,
        outputs,
        worst: worst_of(logits, targets, worst),
    })
}

fn worst_of(logits: &Logits, targets: &[f32], count: usize) -> Vec<Missed> {
    let pairs = logits.rows().zip(targets.chunks_exact(logits.outputs()));
    let error = |(answer, goal): (&[f32], &[f32])| -> f64 {
        let squares = answer
            .iter()
            .zip(goal)
            .map(|(&a, &g)| (f64::from(a) - f64::from(g)).powi(2));
        squares.sum::<f64>() / goal.len() as f64
    };
    let missed = |(index, (answer, goal)): (usize, (&[f32], &[f32]))| Missed {
        index,
        prediction: answer.to_vec(),
        goal: goal.to_vec(),
        squared_error: error((answer, goal)),
    };
    if count == 0 {
        return Vec::new();
    }
    let mut all: Vec<Missed> = pairs.enumerate().map(missed).collect();
    // Of equals, the first comes first: the sort is stable.
    all.sort_by(|a, b| b.squared_error.total_cmp(&a.squared_error));
    all.truncate(count);
    all
}

fn output_row(name: &str, answers: &[f64], targets: &[f64]) -> OutputRow {
    let n = targets.len() as f64;
    let errors = || answers.iter().zip(targets).map(|(a, t)| a - t);
    let squares: f64 = errors().map(|e| e * e).sum();
    let mean = targets.iter().sum::<f64>() / n;
    let spread: f64 = targets.iter().map(|t| (t - mean).powi(2)).sum();
    OutputRow {
        output: name.into(),
        mse: squares / n,
        mae: errors().map(f64::abs).sum::<f64>() / n,
        r2: (spread > 0.0).then(|| 1.0 - squares / spread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ops::pointwise_loss::Pointwise, train::Loss};

    /// By hand: one output with errors 1, 0, −2, one whose targets never vary.
    #[test]
    fn measures_are_those_of_the_definitions() {
        let logits = Logits::new(vec![2.0, 5.0, 2.0, 6.0, 1.0, 7.0], 2);
        let names = ["a".to_string(), "b".to_string()];
        let goals = [1.0, 5.0, 2.0, 5.0, 3.0, 5.0];
        let usual = Objective::default();
        let r = regression(&logits, &goals, &names, &usual, 2).unwrap();
        let [a, b] = &r.outputs[..] else {
            panic!("two rows")
        };
        assert_eq!(
            (a.mse, a.mae, a.r2),
            (5.0 / 3.0, 1.0, Some(1.0 - 5.0 / 2.0))
        );
        assert_eq!((b.mse, b.mae, b.r2), (5.0 / 3.0, 1.0, None));
        assert_eq!((r.samples, r.loss), (3, 5.0 / 3.0));
        let l1 = Objective {
            loss: Loss::Pointwise(Pointwise::L1),
            ..usual.clone()
        };
        let r1 = regression(&logits, &goals, &names, &l1, 2).unwrap();
        assert_eq!((r1.loss, &r1.outputs), (1.0, &r.outputs));
        let worst: Vec<(usize, f64)> = r.worst.iter().map(|w| (w.index, w.squared_error)).collect();
        assert_eq!(worst, [(2, 4.0), (0, 0.5)], "the mean over both outputs");
        assert_eq!(
            (&r.worst[0].prediction[..], &r.worst[0].goal[..]),
            (&[1.0, 7.0][..], &[3.0, 5.0][..])
        );
        assert!(regression(&logits, &[1.0], &names, &usual, 0).is_err());
    }
}
