//! Tables: a CSV file with a header, one column of which is the target and all others are features.

use std::{collections::HashSet, path::Path};

use super::{
    Error, Names, Options, TaskKind,
    classes::Classes,
    dataset::{Features, Split, Targets, Task},
    error::quoted,
    header::{Header, in_order, list},
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
    if !options.columns.is_empty() {
        in_order(path, &header.features(), &options.columns)?;
    }
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
    let numbers = measured(&task, &targets);
    let all = Split {
        features,
        targets,
        len,
        names: Names::Lines(path.to_owned(), table.lines),
    };
    let loaded = Loaded::split(shape, task, all, options);
    let loaded = loaded.map_err(|error| match numbers {
        Some(classes) => header.error(
            path,
            format!(
                "{len} rows of {classes} classes, all of them numbers, are too few of each to hold some back for \
                 testing; if numbers are to be predicted, use `--task regression`"
            ),
        ),
        None => error,
    })?;
    Ok(Loaded { columns, ..loaded })
}

/// How many classes the rows are of, if all are named by numbers: a column of measurements taken for classes looks so.
fn measured(task: &Task, targets: &Targets) -> Option<usize> {
    let (Task::Classification { classes }, Targets::Classes(labels)) = (task, targets) else {
        return None;
    };
    let numbers = classes.iter().all(|class| class.parse::<f64>().is_ok());
    let present: HashSet<&u32> = labels.iter().collect();
    numbers.then_some(present.len())
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
        names: Names::Lines(path.to_owned(), table.lines),
    })
}

/// The rows of a table, `width` numbers in each: their lines and their values, in the order of `known`, the columns that
/// the model was trained on, where they had names. The column called `target` is passed over, if it is there.
pub(super) fn load_features(
    path: &Path,
    width: usize,
    (known, target): (&[String], Option<&str>),
) -> Result<(Vec<u64>, Vec<f32>), Error> {
    let mut rows = Rows::open(path)?;
    let columns = Header::columns(&mut rows)?;
    let is_target = |column: &String| Some(column.as_str()) == target && !known.contains(column);
    let passed_over = columns.iter().position(is_target);
    let header = Header {
        // No column has the index after the last, so none is the target then.
        target: passed_over.unwrap_or(columns.len()),
        columns,
    };
    let features = header.features();
    let order = match known {
        [] => (0..features.len()).collect(),
        _ => in_order(path, &features, known)?,
    };
    if features.len() != width {
        let problem = format!(
            "there are {} columns, {}; expected {width}, one for each feature",
            features.len(),
            list(&features)
        );
        return Err(Error::Line {
            path: path.to_owned(),
            line: 1,
            problem,
        });
    }
    let mut table = Table {
        passed_over,
        ..Table::default()
    };
    while let Some(row) = rows.next()? {
        table.push(&row, &header, path)?;
    }
    if table.lines.is_empty() {
        return Err(no_rows(path, 1));
    }
    if !order.is_sorted() {
        let mut sorted = vec![0.0; order.len()];
        for row in table.features.chunks_exact_mut(order.len()) {
            for (to, &from) in sorted.iter_mut().zip(&order) {
                *to = row.get(from).copied().unwrap_or_default();
            }
            row.copy_from_slice(&sorted);
        }
    }
    Ok((table.lines, table.features))
}

fn no_rows(path: &Path, line: u64) -> Error {
    Error::Line {
        path: path.to_owned(),
        line,
        problem: "the file ends; expected rows of data after the header".to_owned(),
    }
}

/// The rows of a table.
#[derive(Default)]
struct Table {
    /// Where each row stands.
    lines: Vec<u64>,
    features: Vec<f32>,
    target: Target,
    /// A column that nobody asks for.
    passed_over: Option<usize>,
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
            target: match task {
                TaskKind::Classification => Target::Classes(Classes::default()),
                TaskKind::Regression => Target::Values(Vec::new()),
            },
            ..Table::default()
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
        self.lines.push(row.line);
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
                _ if Some(index) == self.passed_over => {}
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
