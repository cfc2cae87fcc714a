//! What can be wrong with data, said to the person who has to put it right.

use std::{io, path::PathBuf};

use super::NAMES;

/// Why a data set could not be loaded. Options are called by their flags: `--target` is
/// [`Options::target`](super::Options::target), and so on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither the name of a data set nor something on the disk.
    #[error("no data set `{name}`: it is no file or directory, and the names are {}{}", NAMES.join(", "), did_you_mean(.nearest))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The closest known name, if one is close.
        nearest: Option<String>,
    },
    /// A file was written to while it was read.
    #[error(
        "{path}: changed while it was read: {how}; start again once whatever writes to it has finished"
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What differs.
        how: String,
    },
    /// A file of no kind that is read.
    #[error(
        "{path}: kiln does not read this kind of file; expected FILE.csv or FILE.csv.gz with a header line, \
         FILE.npz or FILE.npy as NumPy writes them, \
         a directory of IDX files named as MNIST's are, or one that has a folder of PNG or JPEG pictures for each class"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// An option was given that this data cannot obey.
    #[error("{option} has no effect on {data}: {reason}; leave it out")]
    NoEffect {
        /// The flag.
        option: &'static str,
        /// The data as the user named it.
        data: String,
        /// What the option is for.
        reason: &'static str,
    },
    /// An option has a value that cannot be used.
    #[error("{option} {value}: {expected}")]
    InvalidOption {
        /// The flag.
        option: &'static str,
        /// The value given.
        value: String,
        /// What would be accepted.
        expected: String,
    },
    /// A file needs this option.
    #[error("{path}: {option} is missing: {remedy}")]
    MissingOption {
        /// The file.
        path: PathBuf,
        /// The flag.
        option: &'static str,
        /// What to write.
        remedy: String,
    },
    /// The directory of Fashion-MNIST does not exist.
    #[error(
        "fashion-mnist is not installed: there is no directory `{dir}`; on Debian or Ubuntu run `apt install \
         dataset-fashion-mnist`, elsewhere download its four files and pass `--data DIR` or set KILN_FASHION_MNIST to DIR"
    )]
    FashionMnistMissing {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A file that a directory of images needs is not there.
    #[error(
        "{dir}: there is no file {expected}; expected it under this name, or with `.idx` for `-idx`, or with `.gz` at its end; \
         pictures belong into one folder for each class"
    )]
    MissingFile {
        /// The directory.
        dir: PathBuf,
        /// The name looked for.
        expected: String,
    },
    /// A picture cannot be used.
    #[error("{path}: {problem}")]
    Picture {
        /// The file.
        path: PathBuf,
        /// What is wrong, what was expected, and what to do.
        problem: String,
    },
    /// A folder or file does not belong where it is in a directory of pictures.
    #[error("{path}: {problem}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong, what was expected, and what to do.
        problem: String,
    },
    /// Nothing was given to predict.
    #[error("no samples were given; expected at least one file")]
    NoSamples,
    /// A file holds no samples that can be read for a prediction.
    #[error(
        "{path}: kiln reads no samples from this kind of file; expected .png, .jpg or .jpeg, .npy, .csv or .csv.gz \
         without the target column, or images in the IDX format"
    )]
    NotSamples {
        /// The file.
        path: PathBuf,
    },
    /// Given statistics do not belong to this data.
    #[error("the means and standard deviations given do not fit: {problem}")]
    Standardization {
        /// What is wrong, what was expected, and what to do.
        problem: String,
    },
    /// An array of NumPy's cannot be used.
    #[error("{path}: {array}{problem}")]
    Array {
        /// The file.
        path: PathBuf,
        /// Which array of an archive, as ``array `x`: ``; empty for a file of one.
        array: String,
        /// What is wrong, what was expected, and what to do.
        problem: String,
    },
    /// Samples of this kind cannot have the shape that a model takes.
    #[error("{what} cannot become samples of shape {shape:?}; expected {expected}")]
    Shape {
        /// The kind of samples.
        what: &'static str,
        /// The shape asked for.
        shape: Vec<u32>,
        /// The shapes that they can have.
        expected: &'static str,
    },
    /// The system could not open or read a file, or its compression is damaged.
    #[error("{path}: cannot be read{place}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// How far reading came, as ` after …`; empty at the beginning.
        place: String,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// An IDX file does not say or hold what it should.
    #[error("{path}: {unit} {offset}: found {found}; expected {expected}")]
    Idx {
        /// The file.
        path: PathBuf,
        /// `byte`, or `decompressed byte` for a gzipped file.
        unit: &'static str,
        /// Where, counted from 0.
        offset: u64,
        /// What is there.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// A line of a CSV file, or the whole of it, is malformed.
    #[error("{path}: line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1, blank lines included; the header is usually line 1.
        line: u64,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A cell of a CSV file cannot be used.
    #[error("{path}: line {line}, column `{column}`: found {found}; expected {expected}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// Counted from 1, blank lines included.
        line: u64,
        /// The column's name.
        column: String,
        /// The cell in backticks, or `nothing`.
        found: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// The target column does not exist.
    #[error("{path}: there is no column `{target}` among {columns}{}", did_you_mean(.nearest))]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        target: String,
        /// The closest column, if one is close.
        nearest: Option<String>,
        /// The columns that there are.
        columns: String,
    },
    /// The target column cannot be read as classes.
    #[error("{path}: column `{column}`: {problem}")]
    Classes {
        /// The file.
        path: PathBuf,
        /// The target column.
        column: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A network that looks rows of a table up meets something that is no row of it.
    #[error(
        "Embedding({rows}, …): {split} sample {sample} (counted from 0), feature {feature}: {value} is no index; expected \
         whole numbers from 0 to {last}, so correct the data, take a larger table, or leave --standardize out",
        last = rows - 1
    )]
    Index {
        /// `training`, `validation`, `test`, or `given`.
        split: &'static str,
        /// The sample, counted from 0.
        sample: usize,
        /// The feature, counted from 0.
        feature: usize,
        /// The value.
        value: f32,
        /// Rows of the table, at least 1.
        rows: u32,
    },
    /// A test value lies so far from the training data that standardising overflows f32.
    #[error(
        "--standardize: {split} sample {sample} (counted from 0), feature {feature}: {value} is beyond the range of f32 once \
         the training mean {mean} is taken off and the training standard deviation {std} divided out; \
         rescale the feature or correct the value"
    )]
    Overflow {
        /// `training`, `validation`, `test`, or `given`.
        split: &'static str,
        /// The sample, counted from 0.
        sample: usize,
        /// The feature, counted from 0.
        feature: usize,
        /// The value before.
        value: f32,
        /// The training mean of the feature.
        mean: f64,
        /// The training standard deviation of the feature.
        std: f64,
    },
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The candidate that `word` most probably was meant to be, ignoring case: at most a third of its letters wrong (one in
/// short words, but never all).
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let word = word.to_lowercase();
    let letters = word.chars().count();
    let tolerated = (letters / 3).max(1).min(letters.saturating_sub(1));
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// At most the first 40 characters of a text from a file, in backticks and with control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    let start: String = text
        .chars()
        .take(40)
        .flat_map(|c| c.escape_debug())
        .collect();
    let dots = if text.chars().nth(40).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{start}{dots}`")
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> crate::error::Error {
        crate::error::Error::Data(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects suggestions from being absent where a letter is wrong, and from being absurd.
    #[test]
    fn nearest_suggests_what_is_close_and_nothing_else() {
        assert_eq!(nearest("digts", NAMES), Some("digits".into()));
        assert_eq!(
            nearest("Fashion_MNIST", NAMES),
            Some("fashion-mnist".into())
        );
        assert_eq!(nearest("cifar10", NAMES), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("X", ["y", "x"]), Some("x".into()));
        assert_eq!(nearest("", ["y"]), None);
    }

    /// Protects the terminal from long cells and control characters out of a file.
    #[test]
    fn quoted_shortens_and_escapes() {
        assert_eq!(quoted("a\u{1b}[31m"), "`a\\u{1b}[31m`");
        assert_eq!(quoted(&"x".repeat(1000)), format!("`{}…`", "x".repeat(40)));
    }
}
