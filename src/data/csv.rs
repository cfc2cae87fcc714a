//! Tables: a CSV file with a header, one column of which is the target and all others are features.

use std::{collections::HashSet, path::Path};

use super::{
    Error, Options, TaskKind,
    classes::Classes,
    dataset::{Features, Split, Targets, Task},
    error::{nearest, quoted},
    loaded::Loaded,
    rows::{Row, Rows},
};

/// More values than this do not fit one buffer of a device, whose sizes in bytes are 32-bit.
const MAX_VALUES: usize = (u32::MAX / 4) as usize;

/// Loads a table. The test rows are chosen by class for classification, by the seed for regression; both splits keep
/// the order of the file. Numbers are read as f64 and rounded once to f32.
pub(super) fn load(path: &Path, options: &Options) -> Result<Loaded, Error> {
    let mut rows = Rows::open(path)?;
    let header = Header::read(&mut rows, options.target.as_deref())?;
    let Some(task) = options.task else {
        let remedy = format!(
            "say what `{}` is: `--task classification` or `--task regression`",
            header.target_name()
        );
        return Err(Error::MissingOption {
            path: path.to_owned(),
            option: "--task",
            remedy,
        });
    };
    let table = Table::read(&mut rows, &header, task)?;
    let shape = vec![header.columns.len() as u32 - 1];
    let (task, len, targets) = match table.target {
        Target::Values(data) => {
            let outputs = vec![header.target_name().to_owned()];
            (
                Task::Regression { outputs },
                data.len(),
                Targets::Values { data, width: 1 },
            )
        }
        Target::Classes(classes) => {
            let (classes, labels) = classes
                .sorted(options.classes.unwrap_or(0))
                .map_err(|problem| header.error(path, problem))?;
            (
                Task::Classification { classes },
                labels.len(),
                Targets::Classes(labels),
            )
        }
    };
    let features = Features::Floats(table.features);
    let columns = header.features();
    let all = Split {
        features,
        targets,
        len,
    };
    Ok(Loaded {
        columns,
        ..Loaded::split(shape, task, all, options)?
    })
}

/// Loads a table that goes with another one: the same columns, and classes that the other has, too.
pub(super) fn load_split(
    path: &Path,
    train: &Path,
    task: &Task,
    options: &Options,
) -> Result<Split, Error> {
    let target = options.target.as_deref();
    let expected = Header::read(&mut Rows::open(train)?, target)?;
    let mut rows = Rows::open(path)?;
    let header = Header::read(&mut rows, target)?;
    if header.columns != expected.columns {
        let (found, wanted) = (list(&header.columns), list(&expected.columns));
        return Err(Error::Line {
            path: path.to_owned(),
            line: 1,
            problem: format!(
                "the columns are {found}; expected those of {}, in their order: {wanted}",
                train.display()
            ),
        });
    }
    let kind = match task {
        Task::Classification { .. } => TaskKind::Classification,
        Task::Regression { .. } => TaskKind::Regression,
    };
    let table = Table::read(&mut rows, &header, kind)?;
    let len = table.features.len() / (header.columns.len() - 1);
    let targets = match (table.target, task) {
        (Target::Classes(classes), Task::Classification { classes: names }) => {
            let labels = classes.numbered(names);
            Targets::Classes(labels.map_err(|problem| header.error(path, problem))?)
        }
        (Target::Values(data), _) => Targets::Values { data, width: 1 },
        (Target::Classes(_), Task::Regression { .. }) => Targets::Classes(Vec::new()),
    };
    Ok(Split {
        features: Features::Floats(table.features),
        targets,
        len,
    })
}

/// The rows of a table without a target, `width` numbers in each: their lines and their values, in the order of
/// `known`, the columns that the model was trained on, where they had names.
pub(super) fn load_features(
    path: &Path,
    width: usize,
    known: &[String],
) -> Result<(Vec<u64>, Vec<f32>), Error> {
    let mut rows = Rows::open(path)?;
    let columns = Header::columns(&mut rows)?;
    let order = match known {
        [] => (0..columns.len()).collect(),
        _ => in_order(path, &columns, known)?,
    };
    if columns.len() != width {
        let problem = format!(
            "there are {} columns, {}; expected {width}, one for each feature and none for the target",
            columns.len(),
            list(&columns)
        );
        return Err(Error::Line {
            path: path.to_owned(),
            line: 1,
            problem,
        });
    }
    // No column has this index, so none is the target.
    let header = Header {
        target: columns.len(),
        columns,
    };
    let mut table = Table::default();
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(row.line);
        table.push(&row, &header, path)?;
    }
    if lines.is_empty() {
        return Err(no_rows(path, 1));
    }
    if !order.is_sorted() {
        let mut sorted = vec![0.0; order.len()];
        for row in table.features.chunks_exact_mut(order.len()) {
            for (to, &from) in sorted.iter_mut().zip(&order) {
                *to = row[from];
            }
            row.copy_from_slice(&sorted);
        }
    }
    Ok((lines, table.features))
}

/// Where each known column is.
fn in_order(path: &Path, columns: &[String], known: &[String]) -> Result<Vec<usize>, Error> {
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

fn no_rows(path: &Path, line: u64) -> Error {
    Error::Line {
        path: path.to_owned(),
        line,
        problem: "the file ends; expected rows of data after the header".to_owned(),
    }
}

/// The columns, and which of them is the target.
struct Header {
    columns: Vec<String>,
    target: usize,
}

impl Header {
    /// The names of the columns.
    fn columns(rows: &mut Rows) -> Result<Vec<String>, Error> {
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

    fn read(rows: &mut Rows, target: Option<&str>) -> Result<Self, Error> {
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
    fn error(&self, path: &Path, problem: String) -> Error {
        Error::Classes {
            path: path.to_owned(),
            column: self.target_name().to_owned(),
            problem,
        }
    }

    /// The columns but for the target.
    fn features(&self) -> Vec<String> {
        let columns = self.columns.iter().enumerate();
        let others = columns.filter(|(index, _)| *index != self.target);
        others.map(|(_, name)| name.clone()).collect()
    }

    fn target_name(&self) -> &str {
        self.columns
            .get(self.target)
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// The names of the columns, at most 20 of them, for a message.
fn list(columns: &[String]) -> String {
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

/// The rows of a table.
#[derive(Default)]
struct Table {
    features: Vec<f32>,
    target: Target,
}

enum Target {
    Classes(Classes),
    Values(Vec<f32>),
}

impl Default for Target {
    fn default() -> Self {
        Target::Values(Vec::new())
    }
}

impl Table {
    fn read(rows: &mut Rows, header: &Header, task: TaskKind) -> Result<Self, Error> {
        let path = rows.path.clone();
        let mut table = Table {
            features: Vec::new(),
            target: match task {
                TaskKind::Classification => Target::Classes(Classes::default()),
                TaskKind::Regression => Target::Values(Vec::new()),
            },
        };
        let mut line = 1;
        while let Some(row) = rows.next()? {
            line = row.line;
            table.push(&row, header, &path)?;
        }
        if table.features.is_empty() {
            return Err(no_rows(&path, line));
        }
        Ok(table)
    }

    fn push(&mut self, row: &Row<'_>, header: &Header, path: &Path) -> Result<(), Error> {
        let error = |problem| Error::Line {
            path: path.to_owned(),
            line: row.line,
            problem,
        };
        if row.len() != header.columns.len() {
            let (found, expected) = (row.len(), header.columns.len());
            return Err(error(format!(
                "a row of length {found}; expected length {expected}, which the header has"
            )));
        }
        if self.features.len() + row.len() > MAX_VALUES {
            return Err(error(format!(
                "the table has more than {MAX_VALUES} features by now, which is what one buffer of a device can hold"
            )));
        }
        for (index, (cell, column)) in row.cells().zip(&header.columns).enumerate() {
            let error = |expected| Error::Cell {
                path: path.to_owned(),
                line: row.line,
                column: column.clone(),
                found: if cell.is_empty() {
                    "nothing".to_owned()
                } else {
                    quoted(cell)
                },
                expected,
            };
            match &mut self.target {
                Target::Classes(classes) if index == header.target => {
                    classes.push(cell).map_err(error)?
                }
                Target::Values(values) if index == header.target => {
                    values.push(number(cell).map_err(error)?)
                }
                _ => self.features.push(number(cell).map_err(error)?),
            }
        }
        Ok(())
    }
}

/// A cell as a number, or what was expected in its place.
fn number(cell: &str) -> Result<f32, &'static str> {
    let Ok(value) = cell.parse::<f64>() else {
        return Err(match cell {
            "" => "a number; fill the cell in, or drop the row or the column",
            _ => "a number such as 1.5 or -2e3; drop or encode columns of text",
        });
    };
    let value = value as f32;
    if value.is_finite() {
        Ok(value)
    } else {
        Err("a finite number within the range of f32, ±3.4e38")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects equality with PyTorch on data read by pandas or NumPy: through f64, rounded once more to f32, which for
    /// this number differs from reading an f32 at once.
    #[test]
    fn numbers_are_rounded_through_f64() {
        let halfway = "1.000000059604644775390625000000000001";
        assert_eq!(number(halfway), Ok(1.0));
        assert_eq!(halfway.parse::<f32>(), Ok(1.0f32.next_up()));
        assert!(
            ["inf", "NaN", "1e39", "-1e400"]
                .iter()
                .all(|cell| number(cell).unwrap_err().contains("finite"))
        );
        assert_eq!(number("-2.5e-3"), Ok(-2.5e-3));
    }
}
