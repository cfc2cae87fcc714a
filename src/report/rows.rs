//! The rows of a run's `metrics.jsonl`, read back.
//!
//! JSON has no word for what is not finite, and the file says `null` instead: here it is NaN. A run
//! that was stopped and went on from a checkpoint may have rows twice; the later ones count.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// What an update did.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Update {
    /// Which update, counted from 0.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The learning rate that it applied.
    pub lr: f64,
    /// The momentum that it applied, where the schedule carries one.
    pub momentum: Option<f64>,
    /// The batch's mean loss before it; NaN if it was not finite.
    pub loss: f64,
    /// The norm of its whole gradient; NaN if it was not finite.
    pub grad_norm: f64,
    /// Further numbers, by the names of their fields.
    pub more: BTreeMap<String, f64>,
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Evaluation {
    /// Updates applied before it.
    pub step: u64,
    /// Epochs completed before it, with fraction.
    pub epoch: f64,
    /// The mean loss over the test split; NaN if it was not finite.
    pub eval_loss: f64,
    /// The share of right predictions, if there are classes.
    pub eval_accuracy: Option<f64>,
    /// Further numbers, by the names of their fields.
    pub more: BTreeMap<String, f64>,
}

/// All rows of a run, each kind in the order of its steps.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rows {
    /// A row per update.
    pub updates: Vec<Update>,
    /// A row per evaluation.
    pub evaluations: Vec<Evaluation>,
}

/// A row, of either kind, in the order in which a run makes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Of an update.
    Update(&'a Update),
    /// Of an evaluation.
    Evaluation(&'a Evaluation),
}

impl Rows {
    /// Reads a `metrics.jsonl`. A last line without its end is what a killed run leaves, and is
    /// left out.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is not a row: the message has the line's number.
    pub fn read(path: &Path) -> Result<Rows> {
        let text = fs::read(path).map_err(Error::io(path))?;
        let whole = text
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let (whole, torn) = text.split_at(whole);
        let mut rows = Rows::default();
        rows.extend(whole).map_err(|e| Error::file(path, e))?;
        // A row that only lacks its line end is as good as any.
        let _ = rows.add(torn.trim_ascii());
        Ok(rows)
    }

    /// Adds the rows of whole lines.
    ///
    /// # Errors
    /// If a line is not a row: the message has its number.
    pub fn extend(&mut self, lines: &[u8]) -> Result<(), String> {
        for (number, line) in (1..).zip(lines.split_inclusive(|&b| b == b'\n')) {
            let added = self.add(line.trim_ascii());
            added.map_err(|e| format!("line {number}: {e}"))?;
        }
        Ok(())
    }

    /// Both kinds in the order in which they happened: an evaluation after `n` updates stands
    /// before update `n`.
    pub fn in_order(&self) -> impl Iterator<Item = Row<'_>> {
        let mut updates = self.updates.iter().peekable();
        let mut evaluations = self.evaluations.iter().peekable();
        std::iter::from_fn(move || match (updates.peek(), evaluations.peek()) {
            (Some(u), Some(e)) if u.step < e.step => updates.next().map(Row::Update),
            (_, Some(_)) => evaluations.next().map(Row::Evaluation),
            (_, None) => updates.next().map(Row::Update),
        })
    }

    /// The highest accuracy of an evaluation, and the updates before it; of several the one with the lowest loss.
    pub fn most_accurate(&self) -> Option<(u64, f64)> {
        let accuracies = self.evaluations.iter().filter_map(|e| e.eval_accuracy);
        let highest = accuracies
            .filter(|a| a.is_finite())
            .max_by(f64::total_cmp)?;
        let equal = self
            .evaluations
            .iter()
            .filter(|e| e.eval_accuracy == Some(highest));
        let best = equal.min_by(|a, b| a.eval_loss.total_cmp(&b.eval_loss))?;
        Some((best.step, highest))
    }

    /// The lowest loss of an evaluation, and the updates before it.
    pub fn lowest_eval_loss(&self) -> Option<(u64, f64)> {
        lowest(self.evaluations.iter().map(|e| (e.step, e.eval_loss)))
    }

    /// The lowest loss of a batch, and the update.
    pub fn lowest_loss(&self) -> Option<(u64, f64)> {
        lowest(self.updates.iter().map(|u| (u.step, u.loss)))
    }

    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let fields: Map<String, Value> = serde_json::from_slice(line)
            .map_err(|e| format!("{e}; expected a JSON object, as kiln train writes them"))?;
        let mut fields = Fields(fields);
        if fields.0.contains_key("eval_loss") {
            let row = fields.evaluation()?;
            self.evaluations
                .truncate(before(&self.evaluations, |e| e.step < row.step));
            self.evaluations.push(row);
        } else if fields.0.contains_key("loss") {
            let row = fields.update()?;
            if self
                .updates
                .last()
                .is_some_and(|last| last.step >= row.step)
            {
                self.updates
                    .truncate(before(&self.updates, |u| u.step < row.step));
                self.evaluations
                    .truncate(before(&self.evaluations, |e| e.step <= row.step));
            }
            self.updates.push(row);
        } else {
            return Err("a row has `loss` (of an update) or `eval_loss`, this one neither".into());
        }
        Ok(())
    }
}

/// The first of the lowest finite values.
fn lowest(values: impl Iterator<Item = (u64, f64)>) -> Option<(u64, f64)> {
    let finite = values.filter(|(_, x)| x.is_finite());
    finite.reduce(|best, next| if next.1 < best.1 { next } else { best })
}

/// How many rows, from the first on, are of before.
fn before<T>(rows: &[T], earlier: impl Fn(&T) -> bool) -> usize {
    rows.iter().rposition(earlier).map_or(0, |last| last + 1)
}

/// A row's fields; what is taken is gone.
struct Fields(Map<String, Value>);

impl Fields {
    fn update(&mut self) -> Result<Update, String> {
        Ok(Update {
            step: self.step()?,
            epoch: self.number("epoch")?,
            lr: self.number("lr")?,
            momentum: self.optional("momentum")?,
            loss: self.number("loss")?,
            grad_norm: self.number("grad_norm")?,
            more: self.rest(),
        })
    }

    fn evaluation(&mut self) -> Result<Evaluation, String> {
        Ok(Evaluation {
            step: self.step()?,
            epoch: self.number("epoch")?,
            eval_loss: self.number("eval_loss")?,
            eval_accuracy: self.optional("eval_accuracy")?,
            more: self.rest(),
        })
    }

    fn step(&mut self) -> Result<u64, String> {
        let step = self.0.remove("step").ok_or("`step` is missing")?;
        step.as_u64()
            .ok_or_else(|| format!("`step` is {step}; expected a whole number"))
    }

    fn number(&mut self, name: &str) -> Result<f64, String> {
        let found = self.optional(name)?;
        found.ok_or_else(|| format!("`{name}` is missing"))
    }

    fn optional(&mut self, name: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.0.remove(name) else {
            return Ok(None);
        };
        let number = as_number(&value);
        let wrong = || format!("`{name}` is {value}; expected a number or null");
        number.map(Some).ok_or_else(wrong)
    }

    /// What else is a number; other fields say nothing that a curve could show.
    fn rest(&mut self) -> BTreeMap<String, f64> {
        let rest = std::mem::take(&mut self.0).into_iter();
        rest.filter_map(|(name, value)| Some((name, as_number(&value)?)))
            .collect()
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        value => value.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rows> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        fs::write(&path, text).unwrap();
        Rows::read(&path)
    }

    const UPDATES: &str = r#"{"step":0,"epoch":0.0,"lr":0.0371,"loss":2.3456789012345678,"grad_norm":1.5}
{"step":1,"epoch":0.5,"lr":0.03,"momentum":0.9,"loss":null,"grad_norm":null,"weight_decay":0.01}
{"step":2,"epoch":1.0,"eval_loss":1.25,"eval_accuracy":0.75,"ema_eval_loss":1.125,"split":"test"}
"#;

    /// Every field arrives with all of its digits; a null is NaN; further numbers are kept.
    #[test]
    fn reads_both_kinds() {
        let rows = read(UPDATES).unwrap();
        let [first, second] = &rows.updates[..] else {
            panic!("{rows:?}")
        };
        assert_eq!((first.step, first.lr, first.momentum), (0, 0.0371, None));
        assert_eq!(
            first.loss.to_bits(),
            "2.3456789012345678".parse::<f64>().unwrap().to_bits()
        );
        assert!(second.loss.is_nan() && second.grad_norm.is_nan());
        assert_eq!(
            (second.momentum, second.more["weight_decay"]),
            (Some(0.9), 0.01)
        );
        let found = &rows.evaluations[0];
        assert_eq!((found.step, found.eval_accuracy), (2, Some(0.75)));
        assert_eq!(
            found.more,
            BTreeMap::from([("ema_eval_loss".into(), 1.125)])
        );
    }

    /// Protects the best evaluation from being that of the least trained weights among equally accurate ones.
    #[test]
    fn of_equal_accuracies_the_lower_loss_is_the_best() {
        let row = |step: u64, accuracy: f64, loss: f64| {
            format!(
                "{{\"step\":{step},\"epoch\":0,\"eval_loss\":{loss},\"eval_accuracy\":{accuracy}}}\n"
            )
        };
        let text = [
            row(1, 0.9, 0.5),
            row(2, 0.8, 0.1),
            row(3, 0.9, 0.4),
            row(4, 0.9, 0.4),
        ];
        assert_eq!(
            read(&text.concat()).unwrap().most_accurate(),
            Some((3, 0.9))
        );
    }

    /// Wherever a killed run was cut off, the rows before are read.
    #[test]
    fn a_torn_last_line_is_tolerated() {
        for end in 0..UPDATES.len() {
            let rows = read(&UPDATES[..end]).unwrap_or_else(|e| panic!("cut at {end}: {e}"));
            let whole = UPDATES[..end].lines().count();
            let found = rows.updates.len() + rows.evaluations.len();
            assert!(
                found == whole || found + 1 == whole,
                "cut at {end}: {rows:?}"
            );
        }
    }

    /// Anything else is an error that names the line.
    #[test]
    fn what_is_no_row_is_refused() {
        for (line, why) in [
            ("nonsense", "expected"),
            ("", "EOF"),
            ("[1]", "object"),
            ("{}", "eval_loss"),
            (
                r#"{"step":-1,"epoch":0,"lr":0,"loss":1,"grad_norm":1}"#,
                "whole number",
            ),
            (
                r#"{"step":1,"epoch":0,"loss":1,"grad_norm":1}"#,
                "`lr` is missing",
            ),
            (
                r#"{"step":1,"epoch":"x","lr":0,"loss":1,"grad_norm":1}"#,
                "`epoch` is \"x\"",
            ),
        ] {
            let message = read(&format!("{UPDATES}{line}\n")).unwrap_err().to_string();
            assert!(message.contains("metrics.jsonl: line 4"), "{message}");
            assert!(message.contains(why), "{message}");
        }
    }

    /// A run that goes on from a checkpoint repeats updates: the later rows count.
    #[test]
    fn repeated_steps_replace_what_came_after_them() {
        let update = |step: u64, loss: f64| {
            format!("{{\"step\":{step},\"epoch\":0,\"lr\":0.1,\"loss\":{loss},\"grad_norm\":1}}\n")
        };
        let eval = |step: u64, loss: f64| {
            format!("{{\"step\":{step},\"epoch\":0,\"eval_loss\":{loss}}}\n")
        };
        let text = [
            update(0, 1.0),
            eval(1, 1.0),
            update(1, 1.0),
            update(2, 1.0),
            eval(3, 1.0),
            update(1, 7.0),
            update(2, 7.0),
            eval(3, 7.0),
        ];
        let rows = read(&text.concat()).unwrap();
        let losses: Vec<_> = rows.updates.iter().map(|u| (u.step, u.loss)).collect();
        assert_eq!(losses, [(0, 1.0), (1, 7.0), (2, 7.0)]);
        let losses: Vec<_> = rows
            .evaluations
            .iter()
            .map(|e| (e.step, e.eval_loss))
            .collect();
        assert_eq!(losses, [(1, 1.0), (3, 7.0)]);
        let order = rows.in_order().map(|row| match row {
            Row::Update(u) => ('u', u.step),
            Row::Evaluation(e) => ('e', e.step),
        });
        let order: Vec<_> = order.collect();
        assert_eq!(order, [('u', 0), ('e', 1), ('u', 1), ('u', 2), ('e', 3)]);
    }
}
