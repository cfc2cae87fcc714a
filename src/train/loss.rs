//! What is minimised, in the words of `torch.nn`.

use std::fmt;

use crate::{
    data::{Dataset, Split, Targets, Task},
    error::{Error, Result},
    expr::{self, Args, Expr, Node},
    ops::pointwise_loss::Pointwise,
};

/// The loss of a batch, a mean. Where the data has classes, the losses of values take one-hot rows for goals: 1
/// for a sample's own class, 0 for the others.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// Cross-entropy of classes, mean squared error of values.
    #[default]
    Usual,
    /// `torch.nn.CrossEntropyLoss`, with a weight for every class or none at all.
    CrossEntropy {
        /// By class, in order.
        weight: Vec<f32>,
    },
    /// `torch.nn.MSELoss`, `L1Loss`, `HuberLoss` or `BCEWithLogitsLoss`.
    Pointwise(Pointwise),
}

const NAMES: [&str; 5] = [
    "CrossEntropyLoss",
    "BCEWithLogitsLoss",
    "MSELoss",
    "L1Loss",
    "HuberLoss",
];

impl Loss {
    /// Reads torch's spelling: `CrossEntropyLoss(weight=[1, 2.5], label_smoothing=0.1)`, `HuberLoss(delta=0.5)`;
    /// with it comes the label smoothing, if it is given.
    ///
    /// # Errors
    /// An unknown loss or argument (with the nearest name), a value out of range, and what would not be a mean.
    pub fn parse(text: &str) -> std::result::Result<(Loss, Option<f32>), expr::Error> {
        let call = expr::parse(text)?;
        let full = match &call.node {
            Node::Name(name) => name,
            Node::Call { callee, .. } => callee,
            _ => {
                let message = format!("expected a loss, found {}", call.kind());
                return Err(expr::Error::at(text, call.span, message).expected(NAMES));
            }
        };
        let name = expr::without_modules(full, &["torch", "nn"]);
        let names: &[&str] = match name {
            "CrossEntropyLoss" => &["weight", "reduction", "label_smoothing"],
            "HuberLoss" => &["reduction", "delta"],
            "MSELoss" | "L1Loss" | "BCEWithLogitsLoss" => &["reduction"],
            _ => {
                let message = format!("unknown loss `{full}`");
                return Err(expr::Error::at(text, call.span, message).suggest(name, &NAMES));
            }
        };
        let args = Args::bind(text, &call, names)?;
        if args.opt_str("reduction")?.is_some_and(|r| r != "mean") {
            return Err(args.error("reduction", "a training step takes the mean"));
        }
        let mut smoothing = None;
        let loss = match name {
            "CrossEntropyLoss" => {
                smoothing = args.opt_f64("label_smoothing")?.map(|e| e as f32);
                if smoothing.is_some_and(|e| !(0.0..=1.0).contains(&e)) {
                    return Err(args.error("label_smoothing", "it must be from 0 to 1"));
                }
                Loss::CrossEntropy {
                    weight: weights(&args)?,
                }
            }
            "HuberLoss" => {
                // In the precision that it is used in.
                let delta = args.opt_f64("delta")?.unwrap_or(1.0) as f32;
                if !(delta.is_finite() && delta > 0.0) {
                    return Err(args.error("delta", "`delta` must be positive"));
                }
                Loss::Pointwise(Pointwise::Huber(delta))
            }
            "MSELoss" => Loss::Pointwise(Pointwise::Mse),
            "L1Loss" => Loss::Pointwise(Pointwise::L1),
            _ => Loss::Pointwise(Pointwise::BceWithLogits),
        };
        args.finish()?;
        Ok((loss, smoothing))
    }

    /// Refuses data that cannot have it.
    ///
    /// # Errors
    /// Classes wanted of values, weights of other classes, goals that are no probabilities.
    pub(super) fn check(&self, data: &Dataset) -> Result<()> {
        let wrong = |why: String| Err(Error::Usage(format!("--loss {self}: {why}")));
        match (self, &data.task) {
            (Loss::CrossEntropy { .. }, Task::Regression { .. }) => wrong(
                "the data has values, not classes; use MSELoss(), L1Loss() or HuberLoss()".into(),
            ),
            (Loss::CrossEntropy { weight }, Task::Classification { classes })
                if !weight.is_empty() && weight.len() != classes.len() =>
            {
                let (weights, classes) = (weight.len(), classes.len());
                wrong(format!(
                    "it has {weights} weights, but the data {classes} classes"
                ))
            }
            (Loss::Pointwise(Pointwise::BceWithLogits), Task::Regression { .. }) => {
                let evaluated = data.evaluated().map(|split| ("evaluated", split));
                match [("training", &data.train)]
                    .into_iter()
                    .chain(evaluated)
                    .find_map(no_share)
                {
                    Some((split, sample, goal)) => wrong(format!(
                        "goals are probabilities, from 0 to 1, but of {split} sample {sample} (counted from 0) one is \
                         {goal}; use MSELoss(), L1Loss() or HuberLoss()"
                    )),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The classes' weights, if they have any.
    pub(super) fn class_weights(&self) -> &[f32] {
        match self {
            Loss::CrossEntropy { weight } => weight,
            _ => &[],
        }
    }
}

/// The first goal that is no number from 0 to 1: in which split, of which sample, and what it is.
fn no_share<'n>((name, split): (&'n str, &Split)) -> Option<(&'n str, usize, f32)> {
    let Targets::Values { data, width } = &split.targets else {
        return None;
    };
    let wrong = |(_, goal): &(usize, &f32)| !(0.0..=1.0).contains(*goal);
    let (at, goal) = data.iter().enumerate().find(wrong)?;
    Some((name, at / *width as usize, *goal))
}

/// `weight=[…]`: positive, as a batch of weight 0 has no mean.
fn weights(args: &Args) -> std::result::Result<Vec<f32>, expr::Error> {
    let items = match args.opt_expr("weight").map(|e| &e.node) {
        None | Some(Node::None) => return Ok(Vec::new()),
        Some(Node::List(items) | Node::Tuple(items)) => items,
        Some(_) => return Err(args.error("weight", "`weight` is a list, a number for every class")),
    };
    let positive = |item: &Expr| match item.as_f64() {
        Some(w) if w > 0.0 && w <= 1e6 => Ok(w as f32),
        _ => Err(args.error(
            "weight",
            "weights of classes are positive numbers, up to 1e6",
        )),
    };
    items.iter().map(positive).collect()
}

/// As it is parsed, without label smoothing.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Loss::Usual => f.write_str("usual"),
            Loss::CrossEntropy { weight } if weight.is_empty() => f.write_str("CrossEntropyLoss()"),
            Loss::CrossEntropy { weight } => write!(f, "CrossEntropyLoss(weight={weight:?})"),
            Loss::Pointwise(Pointwise::Mse) => f.write_str("MSELoss()"),
            Loss::Pointwise(Pointwise::L1) => f.write_str("L1Loss()"),
            Loss::Pointwise(Pointwise::Huber(delta)) => write!(f, "HuberLoss(delta={delta})"),
            Loss::Pointwise(Pointwise::BceWithLogits) => f.write_str("BCEWithLogitsLoss()"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed is read back, and torch's modules may stand in front.
    #[test]
    fn losses_print_as_they_parse() {
        for text in [
            "CrossEntropyLoss()",
            "CrossEntropyLoss(weight=[1.0, 2.5])",
            "MSELoss()",
            "L1Loss()",
            "HuberLoss(delta=0.5)",
            "BCEWithLogitsLoss()",
        ] {
            let (loss, smoothing) = Loss::parse(&format!("nn.{text}")).unwrap();
            assert_eq!((loss.to_string().as_str(), smoothing), (text, None));
        }
        let (loss, smoothing) = Loss::parse("CrossEntropyLoss(label_smoothing=0.1)").unwrap();
        assert_eq!(loss, Loss::CrossEntropy { weight: vec![] });
        assert_eq!(smoothing, Some(0.1));
    }

    /// Mistakes are named.
    #[test]
    fn refusals_say_what_was_expected() {
        for (text, part) in [
            ("MSLoss()", "did you mean `MSELoss`?"),
            ("MSELoss(reduction='sum')", "mean"),
            ("HuberLoss(delta=0)", "positive"),
            ("HuberLoss(delta=1e-300)", "positive"),
            ("HuberLoss(beta=1)", "`beta`"),
            ("CrossEntropyLoss(weight=[1, 0])", "positive"),
            ("CrossEntropyLoss(weight=2)", "a list"),
            ("CrossEntropyLoss(label_smoothing=2)", "from 0 to 1"),
            ("3", "expected a loss"),
        ] {
            let e = Loss::parse(text).unwrap_err().to_string();
            assert!(e.contains(part), "{text}: {e}");
        }
    }
}
