//! The four workloads that kiln is compared on. Others can repeat them: `benches/peers` does so in
//! other libraries, with the same data, first weights and order.

use std::{fmt, path::Path, str::FromStr};

use super::Subject;
use crate::{
    data::{self, Dataset, Features, Names, Split, Targets, Task, TaskKind},
    error::{Error, Result},
    model::Model,
    rng::{Purpose, Rng},
    train::{Config, Order, weights},
};

/// SGD with momentum 0.9 from a rate of 0.01 that a cosine changes at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// The preset `lenet` on Fashion-MNIST, batch 100.
    W1,
    /// An MLP 784-512-512-10 on Fashion-MNIST, batch 128: matrix products.
    W2,
    /// An MLP 10-100-10 on 8,192 samples of 10 normal numbers, batch 32: overhead.
    W3,
    /// Three convolutions of up to 64 channels on Fashion-MNIST, batch 64: arithmetic.
    W4,
}

/// The rate at which every workload starts.
const BASE_LR: f64 = 0.01;

/// Samples and features of W3, and the classes of all.
const W3_SAMPLES: u32 = 8192;
const W3_FEATURES: u32 = 10;
const CLASSES: u32 = 10;

/// The mean of Fashion-MNIST's pixels, of 1.
const MEAN: f32 = 0.2860;

/// Their standard deviation.
const DEVIATION: f32 = 0.3530;

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 4] = [Workload::W1, Workload::W2, Workload::W3, Workload::W4];

    /// The model, in the words of `--model`.
    pub fn model(self) -> &'static str {
        match self {
            Workload::W1 => "lenet",
            Workload::W2 => "Flatten Linear(512) ReLU Linear(512) ReLU Linear(10)",
            Workload::W3 => "Linear(100) ReLU Linear(10)",
            Workload::W4 => {
                "Conv2d(1, 32, 3, padding=1) ReLU Conv2d(32, 64, 3, padding=1) ReLU MaxPool2d(2) \
                 Conv2d(64, 64, 3, padding=1) ReLU MaxPool2d(2) Flatten Linear(128) ReLU Linear(10)"
            }
        }
    }

    /// Shape of a sample.
    pub fn shape(self) -> Vec<u32> {
        match self {
            Workload::W3 => vec![W3_FEATURES],
            _ => vec![1, 28, 28],
        }
    }

    /// Samples in a batch.
    pub fn batch_size(self) -> u32 {
        match self {
            Workload::W1 => 100,
            Workload::W2 => 128,
            Workload::W3 => 32,
            Workload::W4 => 64,
        }
    }

    /// The schedule of a run of `steps`, which goes on after its end.
    pub fn schedule(steps: u64) -> String {
        format!("restart(cosine, every={steps})")
    }

    /// Everything but the network and the rate.
    pub fn config(self) -> Config {
        Config {
            batch_size: self.batch_size(),
            drop_last: true,
            order: Order::Sequential,
            ..Config::default()
        }
    }

    /// With data from `data` (a directory of IDX files; a CSV file with the column `label` for
    /// W3) instead of the workload's own, and first weights from `init` instead of kiln's.
    ///
    /// # Errors
    /// Data or weights that are missing or do not fit.
    pub fn subject(self, data: Option<&str>, init: Option<&Path>) -> Result<Subject> {
        let data = match self {
            Workload::W3 => data.map_or_else(|| Ok(normals()), table)?,
            _ => images(data.unwrap_or("fashion-mnist"))?,
        };
        let network =
            Model::parse(self.model(), &data.shape, CLASSES)?.fit(&data.shape, CLASSES)?;
        let weights = match init {
            None => network.init(0),
            Some(path) => weights::load(path, &network.params().collect::<Vec<_>>())?,
        };
        Ok(Subject {
            name: self.to_string(),
            model: self.model().into(),
            data,
            network,
            config: self.config(),
            weights,
            base_lr: BASE_LR,
        })
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Workload, String> {
        let found = Workload::ALL.into_iter().find(|w| w.to_string() == text);
        found.ok_or_else(|| "expected w1, w2, w3 or w4 (--model takes any other network)".into())
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Workload::W1 => "w1",
            Workload::W2 => "w2",
            Workload::W3 => "w3",
            Workload::W4 => "w4",
        })
    }
}

/// Fashion-MNIST or something of its shape, each pixel as `(x / 255 - mean) / deviation` in f32.
fn images(name: &str) -> Result<Dataset> {
    let mut data = data::load(name, &data::Options::default())?;
    let ten = matches!(&data.task, Task::Classification { classes } if classes.len() == 10);
    let Features::Bytes { table, .. } = &mut data.train.features else {
        return Err(unfit(name, "IDX files"));
    };
    if data.shape != [1, 28, 28] || !ten {
        return Err(unfit(name, "images of 1×28×28 in 10 classes"));
    }
    for (byte, value) in table.iter_mut().enumerate() {
        *value = (byte as f32 / 255.0 - MEAN) / DEVIATION;
    }
    (data.val, data.test) = (None, None);
    Ok(data)
}

fn unfit(name: &str, expected: &str) -> Error {
    Error::Usage(format!(
        "--data {name}: this workload needs {expected}; --model takes any network and data"
    ))
}

/// W3's samples from a file.
fn table(path: &str) -> Result<Dataset> {
    if data::NAMES.contains(&path) || Path::new(path).is_dir() {
        return Err(unfit(
            path,
            "a CSV file with 10 features and a `label` from 0 to 9",
        ));
    }
    let options = data::Options {
        target: Some("label".into()),
        task: Some(TaskKind::Classification),
        test_fraction: Some(0.0),
        ..data::Options::default()
    };
    let data = data::load(path, &options)?;
    let ten = matches!(&data.task, Task::Classification { classes } if classes.len() == 10);
    if data.shape != [W3_FEATURES] || !ten {
        return Err(unfit(path, "10 features and a `label` from 0 to 9"));
    }
    Ok(data)
}

/// W3's own samples: standard normal numbers, classes by lot.
fn normals() -> Dataset {
    let mut rng = Rng::new(0, Purpose::Workload, 0);
    let features = (0..W3_SAMPLES * W3_FEATURES).map(|_| rng.normal() as f32);
    let features = Features::Floats(features.collect());
    let targets = (0..W3_SAMPLES).map(|_| rng.below(CLASSES));
    let targets = Targets::Classes(targets.collect());
    Dataset {
        columns: Vec::new(),
        name: "normal numbers".into(),
        shape: vec![W3_FEATURES],
        task: Task::Classification {
            classes: (0..CLASSES).map(|c| c.to_string()).collect(),
        },
        train: Split {
            features,
            targets,
            len: W3_SAMPLES as usize,
            names: Names::None,
        },
        val: None,
        test: None,
        test_fraction: None,
        standardization: None,
        summary: format!(
            "{W3_SAMPLES} samples of {W3_FEATURES} normal numbers, {CLASSES} classes by lot"
        ),
    }
}
