//! What can be said about how data is loaded.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{Error, Standardization, TaskKind};

/// The longest side that pictures are brought to.
const MAX_SIDE: u32 = 1 << 14;

/// How to load a data set. An option that the data cannot obey is an error, so all but [`whole`](Self::whole), [`columns`](Self::columns),
/// [`standardize`](Self::standardize), [`standardization`](Self::standardization), [`val_fraction`](Self::val_fraction), [`limit`](Self::limit) and [`seed`](Self::seed) are for particular data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The column of a CSV file that is to be predicted; necessary there.
    pub target: Option<String>,
    /// What that column holds; necessary for a CSV file. NumPy's integers are classes and its floats numbers to
    /// predict unless this says otherwise.
    pub task: Option<TaskKind>,
    /// The file with the targets of a `.npy` file; necessary there.
    pub targets: Option<PathBuf>,
    /// At least this many classes, where the data shows fewer: for a model or weights made for more.
    pub classes: Option<usize>,
    /// The part of the rows of a CSV file, of `line`, of NumPy's `x` and `y`, or of the pictures of an undivided folder that is test data, at
    /// least 0 (no test split) and below 1; 0.2 if not given. For classification each class gives this part of its
    /// rows, evenly spaced in file order and the same for every seed; for regression the seed chooses the rows. Either
    /// way both splits keep the order of the file.
    pub test_fraction: Option<f64>,
    /// Whether data without splits of its own is left whole where `test_fraction` is not given: samples to judge a model
    /// by are all for testing.
    pub whole: bool,
    /// The features of a CSV file that a model was trained on, which the file must have, and no others; empty for any.
    pub columns: Vec<String>,
    /// The part of the training samples that is held back for validation, above 0 and below 1, chosen by the seed: of
    /// each class for classification. All splits keep the order of the file.
    pub val_fraction: Option<f64>,
    /// The validation split as data of its own: a path to the same kind of data, with the same columns, classes and
    /// shape. Of a directory of IDX files it is what they have for training.
    pub val: Option<String>,
    /// The size that PNG and JPEG files are brought to; necessary if they differ in it, otherwise their own.
    pub image_size: Option<ImageSize>,
    /// Channels of PNG and JPEG files: 1 (grey) or 3 (RGB). If not given, 1 if all of them are stored as grey.
    pub channels: Option<u32>,
    /// Whether features are standardised by the statistics of the training split; see
    /// [`Standardization`](super::Standardization).
    pub standardize: bool,
    /// Statistics to standardise by instead of the training split's own: those that a model was trained with.
    pub standardization: Option<Standardization>,
    /// Train on this many samples only, the first in file order, at least 1; the other splits stay whole.
    pub limit: Option<usize>,
    /// The seed of whatever is left to chance: the points of `line`, the test rows of a regression, and the
    /// samples that [`val_fraction`](Self::val_fraction) takes.
    pub seed: u64,
}

impl Options {
    /// Refuses values that are out of range for any data.
    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = |option, value: String, expected: &str| {
            let expected = expected.to_owned();
            Err(Error::InvalidOption {
                option,
                value,
                expected,
            })
        };
        match self.test_fraction {
            Some(fraction) if !(0.0..1.0).contains(&fraction) => {
                let expected =
                    "expected a fraction of the rows, at least 0 (no test split) and below 1";
                return invalid("--test-fraction", fraction.to_string(), expected);
            }
            _ => {}
        }
        match self.val_fraction {
            Some(fraction) if !(fraction > 0.0 && fraction < 1.0) => {
                let expected = "expected a fraction of the training samples, above 0 and below 1";
                return invalid("--val-fraction", fraction.to_string(), expected);
            }
            _ => {}
        }
        if let (Some(fraction), Some(val)) = (self.val_fraction, &self.val) {
            let expected = format!("`--val {val}` says otherwise; expected one of the two");
            return invalid("--val-fraction", fraction.to_string(), &expected);
        }
        match self.channels {
            None | Some(1 | 3) => {}
            Some(n) => {
                let expected = "expected 1 (grey) or 3 (red, green, blue)";
                return invalid("--channels", n.to_string(), expected);
            }
        }
        if self.standardize && self.standardization.is_some() {
            return Err(Error::Standardization {
                problem: "--standardize asks for those of this data; expected one or the other"
                    .to_owned(),
            });
        }
        if self.limit == Some(0) {
            return invalid(
                "--limit",
                "0".to_owned(),
                "expected at least 1 training sample",
            );
        }
        Ok(())
    }
}

/// The size of a picture in pixels: what `--image-size` takes, `28` for a square or `HEIGHTxWIDTH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSize {
    /// Rows of pixels.
    pub height: u32,
    /// Pixels of a row.
    pub width: u32,
}

impl FromStr for ImageSize {
    type Err = Error;

    /// `28` or `24x32`, height first.
    fn from_str(text: &str) -> Result<Self, Error> {
        let side = |text: &str| {
            let side = text.trim().parse().ok();
            side.filter(|side| (1..=MAX_SIDE).contains(side))
        };
        let (height, width) = text.split_once(['x', '×']).unwrap_or((text, text));
        match (side(height), side(width)) {
            (Some(height), Some(width)) => Ok(ImageSize { height, width }),
            _ => Err(Error::InvalidOption {
                option: "--image-size",
                value: text.to_owned(),
                expected: format!(
                    "expected pixels, one number for a square or HEIGHTxWIDTH, such as 32 or 24x32, \
                     each from 1 to {MAX_SIDE}"
                ),
            }),
        }
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the order of height and width, and the person who mistypes a size.
    #[test]
    fn sizes_are_read_height_first() {
        let size = |height, width| ImageSize { height, width };
        assert_eq!("28".parse::<ImageSize>().unwrap(), size(28, 28));
        assert_eq!("24x32".parse::<ImageSize>().unwrap(), size(24, 32));
        assert_eq!(size(24, 32).to_string(), "24x32");
        for text in ["", "0", "24x", "x3", "-3", "1x2x3", "99999"] {
            let error = text.parse::<ImageSize>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("--image-size {text}: expected pixels")),
                "{error}"
            );
        }
    }
}
