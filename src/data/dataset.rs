//! What a loaded data set is: samples in memory, in the form that a device takes them.

use std::{fmt, str::FromStr};

use xxhash_rust::xxh3::Xxh3;

use super::{
    Bytes, Error, Names,
    error::{did_you_mean, nearest},
};

/// What the network sees of one sample, without the batch: `[C, H, W]` for images, `[F]` for tables.
pub type Shape = Vec<u32>;

/// The number of values in one sample of a shape.
pub(super) fn width(shape: &[u32]) -> usize {
    shape.iter().map(|&dim| dim as usize).product()
}

/// What bytes of pixels mean, 0 to 255 in each channel: `pixel as f32 / 255f32`.
pub(super) fn pixel_table(channels: u32) -> Vec<f32> {
    (0..channels)
        .flat_map(|_| (0..=255u8).map(|pixel| f32::from(pixel) / 255.0))
        .collect()
}

/// The inputs of all samples of a split, sample after sample, each row-major in the data set's [`Shape`].
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// One byte per value, decoded where it is used: in channel `c`, a byte `b` means `table[c * 256 + b]`.
    /// This keeps 60,000 images of 28×28 at 47 MB and makes scaling bit-equal on every device.
    Bytes {
        /// `len × C × H × W` bytes.
        data: Bytes,
        /// `C × 256` values, channel-major.
        table: Vec<f32>,
    },
    /// `len × F` values.
    Floats(Vec<f32>),
}

/// The right answers of all samples of a split, in the order of the samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// For each sample the index of its class, below the number of class names in [`Task::Classification`].
    Classes(Vec<u32>),
    /// For each sample `width` values.
    Values {
        /// `len × width` values.
        data: Vec<f32>,
        /// Values per sample, the number of outputs in [`Task::Regression`].
        width: u32,
    },
}

/// Samples and their answers: those to train on, to validate with, or to test with.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The inputs.
    pub features: Features,
    /// The answers.
    pub targets: Targets,
    /// The number of samples, at least 1.
    pub len: usize,
    /// What they are called.
    pub names: Names,
}

impl Split {
    /// The samples for which `keep` says yes, in the same order; `width` is the number of values in a sample.
    pub(super) fn select(&self, width: usize, keep: impl Fn(usize) -> bool) -> Split {
        let features = match &self.features {
            Features::Bytes { data, table } => Features::Bytes {
                data: select(data, width, &keep).into(),
                table: table.clone(),
            },
            Features::Floats(data) => Features::Floats(select(data, width, &keep)),
        };
        let targets = match &self.targets {
            Targets::Classes(labels) => Targets::Classes(select(labels, 1, &keep)),
            Targets::Values { data, width } => Targets::Values {
                data: select(data, *width as usize, &keep),
                width: *width,
            },
        };
        Split {
            features,
            targets,
            len: (0..self.len).filter(|&row| keep(row)).count(),
            names: self.names.select(&keep),
        }
    }
}

fn select<T: Copy>(data: &[T], width: usize, keep: &impl Fn(usize) -> bool) -> Vec<T> {
    let mut selected = Vec::new();
    for (_, values) in data
        .chunks_exact(width)
        .enumerate()
        .filter(|(row, _)| keep(*row))
    {
        selected.extend_from_slice(values);
    }
    selected
}

/// What is to be learned, with the names of the network's outputs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Task {
    /// One class out of several.
    Classification {
        /// The name of class 0, 1, ….
        classes: Vec<String>,
    },
    /// Numbers.
    Regression {
        /// The name of output 0, 1, ….
        outputs: Vec<String>,
    },
}

/// The kind of task that a table's target column poses: what `--task` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// The column holds class names or numbers of classes.
    Classification,
    /// The column holds numbers to predict.
    Regression,
}

impl TaskKind {
    const ALL: [(&str, TaskKind); 2] = [
        ("classification", TaskKind::Classification),
        ("regression", TaskKind::Regression),
    ];
}

impl FromStr for TaskKind {
    type Err = Error;

    /// `classification` or `regression`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.iter().find(|(name, _)| *name == text);
        known
            .map(|&(_, kind)| kind)
            .ok_or_else(|| Error::InvalidOption {
                option: "--task",
                value: text.to_owned(),
                expected: format!(
                    "expected `classification` or `regression`{}",
                    did_you_mean(&nearest(text, Self::ALL.map(|(name, _)| name)))
                ),
            })
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TaskKind::Classification => "classification",
            TaskKind::Regression => "regression",
        })
    }
}

/// The statistics that standardised the features: `(value - mean) / std` for each channel of an image, or each feature
/// of a table, computed in f64 and rounded once to f32. `value` is what the features mean before, which for pixels is
/// from 0 to 1.
///
/// As JSON it is `{"mean": [0.5], "std": [0.25]}`, with digits that read back to the same bits, and belongs to the
/// model: data that the model meets later is standardised by the numbers of its training, not by its own. See
/// [`Options::standardization`](super::Options::standardization) and [`load_samples`](super::load_samples).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardization {
    /// The mean over the training split before [`Options::limit`](super::Options::limit).
    pub mean: Vec<f64>,
    /// The population standard deviation (divided by n, as in scikit-learn's `StandardScaler`) over the same samples;
    /// 1 where the feature never varies.
    pub std: Vec<f64>,
}

/// A data set, ready to be put on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The name or path that it was loaded by.
    pub name: String,
    /// The shape of one sample.
    pub shape: Shape,
    /// The names of the features, where the columns of a table have given them; else none.
    pub columns: Vec<String>,
    /// What is to be learned.
    pub task: Task,
    /// The samples to train on, in the order of the file.
    pub train: Split,
    /// The samples to evaluate with while training, if they are not those of the test: what decides when to stop and
    /// which weights are best has been learned from, and says too much about itself.
    pub val: Option<Split>,
    /// The samples to test with, in the order of the file, if there are any.
    pub test: Option<Split>,
    /// The part of the samples that the test split was given, where it was chosen here and does not come with the data.
    pub test_fraction: Option<f64>,
    /// What standardised the features, if that was asked for.
    pub standardization: Option<Standardization>,
    /// One line for the user: what was loaded, and how it was split.
    pub summary: String,
}

impl Dataset {
    /// What is evaluated while training: the validation split, or the test split where there is none.
    pub fn evaluated(&self) -> Option<&Split> {
        self.val.as_ref().or(self.test.as_ref())
    }

    /// A digest of the samples of all splits, features and answers, by which a resumed run knows its data: what is
    /// evaluated steers controllers and decides what is best. The same on every platform of the same endianness.
    pub fn digest(&self) -> u64 {
        let mut hash = Xxh3::new();
        for split in [Some(&self.train), self.val.as_ref(), self.test.as_ref()] {
            // Samples that go from one split to the next are other data.
            let len = split.map_or(u64::MAX, |split| split.len as u64);
            hash.update(&len.to_le_bytes());
            if let Some(split) = split {
                split.hash(&mut hash);
            }
        }
        hash.digest()
    }
}

impl Split {
    /// A digest of its samples, features and answers.
    pub fn digest(&self) -> u64 {
        let mut hash = Xxh3::new();
        self.hash(&mut hash);
        hash.digest()
    }

    fn hash(&self, hash: &mut Xxh3) {
        let floats = |hash: &mut Xxh3, values: &[f32]| hash.update(bytemuck::cast_slice(values));
        match &self.features {
            Features::Bytes { data, table } => {
                floats(hash, data.words());
                floats(hash, table);
            }
            Features::Floats(values) => floats(hash, values),
        }
        match &self.targets {
            Targets::Classes(labels) => hash.update(bytemuck::cast_slice(labels)),
            Targets::Values { data, .. } => floats(hash, data),
        }
    }
}
