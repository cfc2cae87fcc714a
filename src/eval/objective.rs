//! What was minimised, of single samples and in f64.

use crate::{ops::pointwise_loss, train::Loss};

/// A run's loss with its label smoothing.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Objective {
    /// Which loss.
    pub loss: Loss,
    /// Label smoothing of a cross-entropy, from 0 to 1.
    pub label_smoothing: f64,
}

impl Objective {
    /// What a sample of a class adds to the loss, and what it counts in the mean: `loss / weight` over all
    /// samples is what was minimised, as in `torch.nn`.
    pub(super) fn of_class(&self, row: &[f32], label: usize) -> [f64; 2] {
        match &self.loss {
            Loss::Pointwise(_) => {
                let goals = (0..row.len()).map(|c| f64::from(u8::from(c == label)));
                [self.of_values(row, goals), 1.0]
            }
            Loss::Usual => [self.cross_entropy(row, label, |_| 1.0), 1.0],
            Loss::CrossEntropy { weight } => {
                let weight = |class: usize| weight.get(class).map_or(1.0, |&w| w.into());
                [self.cross_entropy(row, label, weight), weight(label)]
            }
        }
    }

    /// The mean over a sample's outputs.
    pub(super) fn of_values(&self, row: &[f32], goals: impl Iterator<Item = f64>) -> f64 {
        let element = match self.loss {
            Loss::Pointwise(loss) => pointwise_loss::Dims::new([1, 1], loss, false),
            _ => pointwise_loss::Dims::new([1, 1], pointwise_loss::Pointwise::Mse, false),
        };
        let losses = row.iter().zip(goals);
        let losses = losses.map(|(&x, goal)| element.loss(x.into(), goal)[0]);
        losses.sum::<f64>() / row.len() as f64
    }

    /// `Σ weight(c) · target(c) · −ln p(c)`, where the target is 1 for the label before it is smoothed.
    fn cross_entropy(&self, row: &[f32], label: usize, weight: impl Fn(usize) -> f64) -> f64 {
        let log_total = super::classification::log_sum_exp(row);
        let smoothed = self.label_smoothing / row.len() as f64;
        let classes = row.iter().enumerate().map(|(c, &x)| {
            let hit = if c == label {
                1.0 - self.label_smoothing
            } else {
                0.0
            };
            weight(c) * (hit + smoothed) * (log_total - f64::from(x))
        });
        classes.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Objective {
        let (loss, smoothing) = Loss::parse(text).expect("a loss");
        Objective {
            loss,
            label_smoothing: smoothing.unwrap_or(0.0).into(),
        }
    }

    /// By hand, from the formulas of `torch.nn`.
    #[test]
    fn losses_are_those_of_their_formulas() {
        let row = [1.0, 2.0, 4.0];
        let total = (1f64.exp() + 2f64.exp() + 4f64.exp()).ln();
        let near = |got: [f64; 2], want: [f64; 2]| {
            let off = (got[0] - want[0]).abs();
            assert!(off < 1e-7 && got[1] == want[1], "{got:?} {want:?}");
        };
        near(Objective::default().of_class(&row, 1), [total - 2.0, 1.0]);
        let weighted = of("CrossEntropyLoss(weight=[1, 3, 0.5], label_smoothing=0.3)");
        let loss = 3.0 * 0.7 * (total - 2.0)
            + 0.1 * ((total - 1.0) + 3.0 * (total - 2.0) + 0.5 * (total - 4.0));
        near(weighted.of_class(&row, 1), [loss, 3.0]);
        // One-hot goals 0, 1, 0.
        near(
            of("MSELoss").of_class(&row, 1),
            [(1.0 + 1.0 + 16.0) / 3.0, 1.0],
        );
        near(of("L1Loss").of_class(&row, 1), [6.0 / 3.0, 1.0]);
        near(
            of("HuberLoss(delta=2)").of_class(&row, 1),
            [(0.5 + 0.5 + 2.0 * 3.0) / 3.0, 1.0],
        );
        let softplus = |x: f64| x.exp().ln_1p();
        let loss = (softplus(1.0) + softplus(2.0) - 2.0 + softplus(4.0)) / 3.0;
        near(of("BCEWithLogitsLoss").of_class(&row, 1), [loss, 1.0]);
    }
}
