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
//! | a directory with folders | PNG and JPEG pictures, `CLASS/*.png`, or `train/CLASS/*.png` beside `val` and `test` |
//! | a `.npz` file | NumPy's arrays `x` and `y`, or `x_train`, `y_train` and perhaps the same with `_val` and `_test` |
//! | a `.npy` file | NumPy's array of samples, whose targets are in another file |
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
mod folder;
mod form;
mod header;
mod idx;
mod images;
mod indices;
mod line;
mod listing;
mod loaded;
mod names;
mod npy;
mod npy_header;
mod npz;
mod numpy;
mod options;
mod order;
mod picture;
mod preprocessing;
mod rows;
mod samples;
mod source;
mod split;
mod standardize;
mod steady;

pub use bytes::Bytes;
pub use dataset::{Dataset, Features, Shape, Split, Standardization, Targets, Task, TaskKind};
pub use error::Error;
pub use form::Form;
pub use names::Names;
pub use options::{ImageSize, Options};
pub use order::order;
pub use preprocessing::Preprocessing;
pub use samples::{Samples, load_samples};
use source::Source;
use steady::Steady;

/// The data sets that have a name.
pub const NAMES: [&str; 3] = ["digits", "fashion-mnist", "line"];

/// Whether a name or a path means a directory of pictures, which can be brought to any size.
pub fn is_pictures(name_or_path: &str) -> bool {
    matches!(Source::find(name_or_path), Ok(Source::Pictures(_)))
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
    let before = Steady::of(name_or_path, options);
    let loaded = load_as_it_is(name_or_path, options);
    // What is wrong with data that changes may only be that it does.
    before.check()?;
    loaded
}

fn load_as_it_is(name_or_path: &str, options: &Options) -> Result<Dataset, Error> {
    let source = Source::find(name_or_path)?;
    source.check_options(name_or_path, options)?;
    options.check()?;
    let mut loaded = source.load(options)?;
    if let Some(val) = &options.val {
        loaded.val = Some(source.load_val(&loaded, val, options)?);
        loaded.origin += &format!("; {val} is validation data");
    }
    loaded.finish(name_or_path, options)
}
