//! `metrics.csv`: the rows of a run as one table, for spreadsheets and data frames.

use std::{collections::BTreeSet, path::Path};

use super::rows::{Row, Rows};
use crate::{error::Result, files::write_atomically};

/// The columns that every table has, in order; further ones follow by name.
const COLUMNS: [&str; 8] = [
    "step",
    "epoch",
    "lr",
    "momentum",
    "loss",
    "grad_norm",
    "eval_loss",
    "eval_accuracy",
];

/// Writes [`table`] to a file, which is there whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, rows: &Rows) -> Result<()> {
    write_atomically(path, table(rows).as_bytes())
}

/// The table: a line per update and per evaluation, in the order in which they happened. A cell is
/// blank where the row has no such number, and `nan` where it had one that was not finite; numbers
/// have the digits that give the same number back.
pub fn table(rows: &Rows) -> String {
    let names = |row| match row {
        Row::Update(u) => u.more.keys(),
        Row::Evaluation(e) => e.more.keys(),
    };
    let more: BTreeSet<&String> = rows.in_order().flat_map(names).collect();
    let mut lines: Vec<String> = COLUMNS.map(String::from).into();
    lines.extend(more.iter().map(|name| quoted(name)));
    let mut text = lines.join(",") + "\n";
    for row in rows.in_order() {
        let (step, numbers, further) = match row {
            Row::Update(u) => (
                u.step,
                [
                    Some(u.epoch),
                    Some(u.lr),
                    u.momentum,
                    Some(u.loss),
                    Some(u.grad_norm),
                    None,
                    None,
                ],
                &u.more,
            ),
            Row::Evaluation(e) => (
                e.step,
                [
                    Some(e.epoch),
                    None,
                    None,
                    None,
                    None,
                    Some(e.eval_loss),
                    e.eval_accuracy,
                ],
                &e.more,
            ),
        };
        let further = more.iter().map(|name| further.get(*name).copied());
        let numbers = numbers.into_iter().chain(further).map(cell);
        let cells: Vec<String> = std::iter::once(step.to_string()).chain(numbers).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn cell(number: Option<f64>) -> String {
    match number {
        None => String::new(),
        Some(x) if x.is_nan() => "nan".into(),
        // `{:?}` has the shortest digits that give the same number back, with an exponent where
        // the number is very large or small.
        Some(x) => format!("{x:?}"),
    }
}

/// A name as a CSV cell.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Evaluation, Update};
    use super::*;

    /// Blank, `nan` and every digit; a strange name keeps its columns apart.
    #[test]
    fn a_table_of_both_kinds() {
        let update = Update {
            epoch: 1.0 / 3.0,
            lr: 1e-9,
            loss: f64::NAN,
            grad_norm: 0.1 + 0.2,
            more: [("a \"b\", c".to_string(), 2.0)].into(),
            ..Update::default()
        };
        let evaluation = Evaluation {
            step: 1,
            epoch: 1.0,
            eval_loss: 0.5,
            eval_accuracy: Some(0.875),
            more: [("ema_eval_loss".to_string(), 0.25)].into(),
        };
        let rows = Rows {
            updates: vec![update],
            evaluations: vec![evaluation],
        };
        let want = "step,epoch,lr,momentum,loss,grad_norm,eval_loss,eval_accuracy,\"a \"\"b\"\", c\",ema_eval_loss\n\
            0,0.3333333333333333,1e-9,,nan,0.30000000000000004,,,2.0,\n\
            1,1.0,,,,,0.5,0.875,,0.25\n";
        assert_eq!(table(&rows), want);
        assert_eq!(table(&Rows::default()).lines().count(), 1);
    }
}
