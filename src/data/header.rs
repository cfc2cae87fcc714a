//! The header of a table: the names of its columns, and which of them is the target.

use std::{collections::HashSet, path::Path};

use super::{
    Error,
    error::{nearest, quoted},
    rows::Rows,
};

/// The columns, and which of them is the target.
pub(super) struct Header {
    pub columns: Vec<String>,
    pub target: usize,
}

impl Header {
    /// The names of the columns.
    pub(super) fn columns(rows: &mut Rows) -> Result<Vec<String>, Error> {
        let path = rows.path.clone();
        let Some(row) = rows.next()? else {
            let problem = "the file is empty; expected a header line with the names of the columns"
                .to_owned();
            return Err(Error::Line {
                path,
                line: 1,
                problem,
            });
        };
        let columns: Vec<String> = row.cells().map(str::to_owned).collect();
        if is_data(&columns) {
            let problem =
                "there are only numbers; expected a header line with the names of the columns, \
                           so put one before the data"
                    .to_owned();
            return Err(Error::Line {
                path,
                line: row.line,
                problem,
            });
        }
        let mut seen = HashSet::new();
        for (index, column) in columns.iter().enumerate() {
            let problem = if column.is_empty() {
                format!(
                    "column {} has no name; name it, or remove it if it only numbers the rows",
                    index + 1
                )
            } else if !seen.insert(column) {
                format!(
                    "two columns are called {}; expected different names",
                    quoted(column)
                )
            } else {
                continue;
            };
            return Err(Error::Line {
                path,
                line: row.line,
                problem,
            });
        }
        Ok(columns)
    }

    pub(super) fn read(rows: &mut Rows, target: Option<&str>) -> Result<Self, Error> {
        let path = rows.path.clone();
        let columns = Self::columns(rows)?;
        let Some(target) = target else {
            let remedy = format!(
                "say which column is to be predicted, `--target COLUMN`, of {}",
                list(&columns)
            );
            return Err(Error::MissingOption {
                path,
                option: "--target",
                remedy,
            });
        };
        match columns.iter().position(|column| column == target) {
            Some(_) if columns.len() == 1 => {
                let problem = format!(
                    "`{target}` is the only column; expected others to predict it from{}",
                    hint(&columns)
                );
                Err(Error::Line {
                    path,
                    line: 1,
                    problem,
                })
            }
            Some(target) => Ok(Self { columns, target }),
            None => Err(Error::UnknownColumn {
                path,
                target: target.to_owned(),
                nearest: nearest(target, columns.iter().map(String::as_str)),
                columns: list(&columns),
            }),
        }
    }

    /// Something wrong with the target column.
    pub(super) fn error(&self, path: &Path, problem: String) -> Error {
        Error::Classes {
            path: path.to_owned(),
            column: self.target_name().to_owned(),
            problem,
        }
    }

    /// The columns but for the target.
    pub(super) fn features(&self) -> Vec<String> {
        let columns = self.columns.iter().enumerate();
        let others = columns.filter(|(index, _)| *index != self.target);
        others.map(|(_, name)| name.clone()).collect()
    }

    pub(super) fn target_name(&self) -> &str {
        self.columns
            .get(self.target)
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// The names of the columns, at most 20 of them, for a message.
pub(super) fn list(columns: &[String]) -> String {
    let names: Vec<String> = columns
        .iter()
        .take(20)
        .map(|column| quoted(column))
        .collect();
    let rest = if columns.len() > 20 {
        format!(" and {} more", columns.len() - 20)
    } else {
        String::new()
    };
    format!("{}{rest}{}", names.join(", "), hint(columns))
}

/// Whether a first line is one of data: numbers only, and not such as name years or count columns.
fn is_data(columns: &[String]) -> bool {
    let are_numbers = columns.iter().all(|column| column.parse::<f64>().is_ok());
    are_numbers && columns.iter().any(|column| column.parse::<i64>().is_err())
}

/// What to say where another separator than the comma seems to be in use.
fn hint(columns: &[String]) -> &'static str {
    match columns {
        [only] if only.contains([';', '\t']) => {
            " (one column: kiln expects commas between the cells)"
        }
        _ if columns
            .iter()
            .any(|column| column.contains('.') && column.parse::<f64>().is_ok()) =>
        {
            " (numbers: is the header line with the names of the columns missing?)"
        }
        _ => "",
    }
}

/// Where each known column is.
pub(super) fn in_order(
    path: &Path,
    columns: &[String],
    known: &[String],
) -> Result<Vec<usize>, Error> {
    let without = |some: &[String], others: &[String]| -> Vec<String> {
        let rest = some.iter().filter(|name| !others.contains(name));
        rest.cloned().collect()
    };
    let (missing, foreign) = (without(known, columns), without(columns, known));
    let problem = match (&missing[..], &foreign[..]) {
        ([], []) => {
            let at = |name| columns.iter().position(|column| column == name);
            return Ok(known.iter().filter_map(at).collect());
        }
        ([], _) => format!("the model does not know {}; remove that", list(&foreign)),
        _ => format!(
            "the columns are {}; the model was trained on {} too",
            list(columns),
            list(&missing)
        ),
    };
    Err(Error::Line {
        path: path.to_owned(),
        line: 1,
        problem,
    })
}
