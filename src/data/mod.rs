//! Data: finds, checks, splits and scales it, so that training meets nothing but good samples.
//!
//! [`load`] takes a name or a path:
//!
//! | name or path | what it is |
//! |---|---|
//! | `digits` | 1,797 handwritten digits of 8×8, part of the program; a fixed split |
//! | `fashion-mnist` | 70,000 pictures of clothes of 28×28, from the Debian package `dataset-fashion-mnist` |
//! | `line` | 100 points of y = 2x + 1 + noise, drawn from the seed |
//! | a directory | images in IDX files named as MNIST's are, plain or gzipped |
//! | a `.csv` or `.csv.gz` file | a table of numbers, one column of which is the target |
//!
//! Nothing is believed: sizes in headers are checked against the file before memory is taken, every cell and label is
//! checked, and an option that the data cannot obey is an error. [`order()`] says in which order an epoch visits the samples.

mod bytes;
mod classes;
mod csv;
mod dataset;
mod digits;
mod error;
mod file;
mod idx;
mod images;
mod line;
mod order;
mod rows;
mod split;
mod standardize;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

pub use bytes::Bytes;
pub use dataset::{Dataset, Features, Shape, Split, Standardization, Targets, Task, TaskKind};
pub use error::Error;
pub use order::order;

/// The data sets that have a name.
pub const NAMES: [&str; 3] = ["digits", "fashion-mnist", "line"];

/// How to load a data set. An option that the data cannot obey is an error, so all but [`standardize`](Self::standardize),
/// [`limit`](Self::limit) and [`seed`](Self::seed) are for particular data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The column of a CSV file that is to be predicted; necessary there.
    pub target: Option<String>,
    /// What that column holds; necessary for a CSV file.
    pub task: Option<TaskKind>,
    /// At least this many classes, where the data shows fewer: for a model or weights made for more.
    pub classes: Option<usize>,
    /// The part of the rows of a CSV file or of `line` that is test data, at least 0 (no test split) and below 1; 0.2
    /// if not given. For classification each class gives this part of its rows, evenly spaced in file order and the
    /// same for every seed; for regression the seed chooses the rows. Either way both splits keep the order of the file.
    pub test_fraction: Option<f64>,
    /// Whether features are standardised by the statistics of the training split; see [`Standardization`].
    pub standardize: bool,
    /// Train on this many samples only, the first in file order, at least 1; the test split stays whole.
    pub limit: Option<usize>,
    /// The seed of whatever is left to chance: the points of `line`, and the test rows of a regression.
    pub seed: u64,
}

impl Options {
    /// Refuses values that are out of range for any data.
    fn check(&self) -> Result<(), Error> {
        if let Some(fraction) = self
            .test_fraction
            .filter(|fraction| !(0.0..1.0).contains(fraction))
        {
            let expected =
                "expected a fraction of the rows, at least 0 (no test split) and below 1"
                    .to_owned();
            return Err(Error::InvalidOption {
                option: "--test-fraction",
                value: fraction.to_string(),
                expected,
            });
        }
        if self.limit == Some(0) {
            let expected = "expected at least 1 training sample".to_owned();
            return Err(Error::InvalidOption {
                option: "--limit",
                value: "0".to_owned(),
                expected,
            });
        }
        Ok(())
    }
}

/// Loads the data set of a name, or from a path: see the [module](self) for both.
///
/// ```
/// use kiln::data::{self, Options, Task};
///
/// let digits = data::load("digits", &Options { limit: Some(1000), ..Options::default() })?;
/// assert_eq!(digits.shape, [1, 8, 8]);
/// assert_eq!(digits.train.len, 1000);
/// assert!(matches!(&digits.task, Task::Classification { classes } if classes.len() == 10));
///
/// let error = data::load("digts", &Options::default()).unwrap_err();
/// assert!(error.to_string().ends_with("did you mean `digits`?"));
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// Data that does not exist, cannot be read or is malformed, and options that are out of range or have no effect on
/// this data. Every message says where, what was expected, and what to do.
pub fn load(name_or_path: &str, options: &Options) -> Result<Dataset, Error> {
    let source = Source::find(name_or_path)?;
    source.check_options(name_or_path, options)?;
    options.check()?;
    let loaded = match &source {
        Source::Digits => digits::load(),
        Source::FashionMnist => {
            images::load_fashion_mnist(&fashion_mnist_dir(std::env::var_os("KILN_FASHION_MNIST")))?
        }
        Source::Line => line::load(options)?,
        Source::Directory(path) => images::load(path)?,
        Source::Csv(path) => csv::load(path, options)?,
    };
    loaded.finish(name_or_path, options)
}

/// Where Fashion-MNIST is looked for: what the environment says, or where Debian puts it.
fn fashion_mnist_dir(environment: Option<OsString>) -> PathBuf {
    environment
        .unwrap_or_else(|| "/usr/share/datasets/fashion-mnist".into())
        .into()
}

/// Where data comes from.
enum Source {
    Digits,
    FashionMnist,
    Line,
    Directory(PathBuf),
    Csv(PathBuf),
}

impl Source {
    /// A name stands for itself even where a file is called so; `./digits` is the file.
    fn find(name_or_path: &str) -> Result<Self, Error> {
        let path = Path::new(name_or_path);
        let lower = name_or_path.to_ascii_lowercase();
        match name_or_path {
            "digits" => Ok(Source::Digits),
            "fashion-mnist" => Ok(Source::FashionMnist),
            "line" => Ok(Source::Line),
            _ if path.is_dir() => Ok(Source::Directory(path.to_owned())),
            _ if !path.exists() => Err(Error::UnknownName {
                name: name_or_path.to_owned(),
                nearest: error::nearest(name_or_path, NAMES),
            }),
            _ if lower.ends_with(".csv") || lower.ends_with(".csv.gz") => {
                Ok(Source::Csv(path.to_owned()))
            }
            _ => Err(Error::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }

    /// Refuses options that would be ignored.
    fn check_options(&self, data: &str, options: &Options) -> Result<(), Error> {
        let is_csv = matches!(self, Source::Csv(_));
        let is_split_here = is_csv || matches!(self, Source::Line);
        for (option, given, applies, reason) in [
            (
                "--target",
                options.target.is_some(),
                is_csv,
                "it names a column of a CSV file",
            ),
            (
                "--task",
                options.task.is_some(),
                is_csv,
                "it says what the target column of a CSV file holds",
            ),
            (
                "--test-fraction",
                options.test_fraction.is_some(),
                is_split_here,
                "its test split comes with the data",
            ),
        ] {
            if given && !applies {
                return Err(Error::NoEffect {
                    option,
                    data: data.to_owned(),
                    reason,
                });
            }
        }
        Ok(())
    }
}

/// Data as its source gives it: checked and split, with nothing done yet that is done to any data alike.
#[derive(Debug)]
struct Loaded {
    shape: Shape,
    task: Task,
    train: Split,
    test: Option<Split>,
    /// How it came to be split, for the summary.
    origin: String,
}

impl Loaded {
    /// All rows of a table, split by the fraction asked for: by class for classification, by the seed for regression.
    fn split(shape: Shape, task: Task, all: Split, options: &Options) -> Result<Self, Error> {
        let fraction = options.test_fraction.unwrap_or(split::DEFAULT_FRACTION);
        if fraction == 0.0 {
            let origin = "no test split, as asked".to_owned();
            return Ok(Self {
                shape,
                task,
                train: all,
                test: None,
                origin,
            });
        }
        let (is_test, chosen) = match &all.targets {
            Targets::Classes(labels) => (
                split::stratified(labels, fraction),
                "of each class, evenly spaced".to_owned(),
            ),
            Targets::Values { .. } => (
                split::random(all.len, fraction, options.seed),
                format!("of the rows, chosen by seed {}", options.seed),
            ),
        };
        split::check(&is_test, fraction)?;
        let width = dataset::width(&shape);
        let test = all.select(width, |row| is_test[row]);
        let train = all.select(width, |row| !is_test[row]);
        Ok(Self {
            shape,
            task,
            train,
            test: Some(test),
            origin: format!("{fraction} {chosen}, is test data"),
        })
    }

    /// Standardises, then limits, then sums up.
    fn finish(self, name: &str, options: &Options) -> Result<Dataset, Error> {
        let Self {
            shape,
            mut task,
            mut train,
            mut test,
            origin,
        } = self;
        let mut notes = vec![origin];
        if let Some(wanted) = options.classes {
            task = with_classes(task, wanted, name)?;
        }
        let standardization = if options.standardize {
            let (statistics, constant) = standardize::fit(&train, &shape);
            standardize::apply(&statistics, &mut train, &shape, "training")?;
            if let Some(test) = &mut test {
                standardize::apply(&statistics, test, &shape, "test")?;
            }
            notes.push(match constant {
                0 => "standardised".to_owned(),
                _ => format!("standardised ({constant} constant, divided by 1)"),
            });
            Some(statistics)
        } else {
            None
        };
        let available = train.len;
        if let Some(limit) = options.limit {
            if limit > available {
                let expected =
                    format!("{name} has {available} training samples; expected no more than that");
                return Err(Error::InvalidOption {
                    option: "--limit",
                    value: limit.to_string(),
                    expected,
                });
            }
            train = train.select(dataset::width(&shape), |row| row < limit);
            notes.push(format!(
                "limited to the first {limit} of {available} training samples"
            ));
        }
        let summary = summary(name, &shape, &task, &train, test.as_ref(), &notes);
        Ok(Dataset {
            name: name.to_owned(),
            shape,
            task,
            train,
            test,
            standardization,
            summary,
        })
    }
}

/// The task with class names up to `wanted`.
fn with_classes(task: Task, wanted: usize, data: &str) -> Result<Task, Error> {
    let Task::Classification { mut classes } = task else {
        return Err(Error::NoEffect {
            option: "--classes",
            data: data.to_owned(),
            reason: "a regression has none",
        });
    };
    if wanted == classes.len() {
        return Err(Error::NoEffect {
            option: "--classes",
            data: data.to_owned(),
            reason: "it has as many",
        });
    }
    if wanted < classes.len() || wanted > 1 << 16 {
        return Err(Error::InvalidOption {
            option: "--classes",
            value: wanted.to_string(),
            expected: format!(
                "{data} has {} classes; expected at least those, and at most 65536",
                classes.len()
            ),
        });
    }
    classes.extend((classes.len()..wanted).map(|class| class.to_string()));
    Ok(Task::Classification { classes })
}

/// One line about a data set.
fn summary(
    name: &str,
    shape: &[u32],
    task: &Task,
    train: &Split,
    test: Option<&Split>,
    notes: &[String],
) -> String {
    let test = test.map_or("no".to_owned(), |test| test.len.to_string());
    let shape = match shape {
        [1] => "1 feature".to_owned(),
        [features] => format!("{features} features"),
        _ => shape
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join("×"),
    };
    let task = match task {
        Task::Classification { classes } => format!("{} classes", classes.len()),
        Task::Regression { outputs } => format!("regression of {}", outputs.join(", ")),
    };
    format!(
        "{name}: {} training and {test} test samples of {shape}, {task}; {}",
        train.len,
        notes.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the override by which Fashion-MNIST is found where it was downloaded.
    #[test]
    fn the_environment_says_where_fashion_mnist_is() {
        assert_eq!(
            fashion_mnist_dir(None),
            Path::new("/usr/share/datasets/fashion-mnist")
        );
        assert_eq!(
            fashion_mnist_dir(Some("/elsewhere".into())),
            Path::new("/elsewhere")
        );
    }
}
