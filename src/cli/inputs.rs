//! Data that a trained model has not seen: prepared as the run's own was.
//!
//! TO BE REPLACED where `data` can do it: [`samples`] by `data::load_samples`, and what
//! [`other`] does by statistics that `data::Options` hands to `data::load`.

use std::path::{Path, PathBuf};

use image::{DynamicImage, imageops::FilterType};

use super::trained::Trained;
use crate::{
    data::{self, Dataset, Features, Options, Standardization, Targets, Task},
    error::{Error, Result},
};

/// A file larger than this is not read as a whole.
const MOST_BYTES: u64 = 1 << 28;

/// What a model is asked about: a name and numbers for each.
pub(super) struct Samples {
    pub(super) names: Vec<String>,
    pub(super) features: Features,
}

/// Samples from PNG (and, where `image` can, JPEG) pictures, brought to the size and channels of
/// `shape`, and from CSV tables without the target.
pub(super) fn samples(
    paths: &[PathBuf],
    shape: &[u32],
    standardization: Option<&Standardization>,
) -> Result<Samples> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for path in paths {
        let found = std::fs::metadata(path).map_err(Error::io(path))?;
        if !found.is_file() || found.len() > MOST_BYTES {
            let problem = "is no file of at most 256 MiB; expected a picture or a table";
            return Err(Error::file(path, problem));
        }
        let lower = path.to_string_lossy().to_ascii_lowercase();
        if lower.ends_with(".csv") {
            rows(path, shape, &mut names, &mut values)?;
        } else {
            values.extend(picture(path, shape)?);
            names.push(path.display().to_string());
        }
    }
    if names.is_empty() {
        let message = "there is nothing to predict: expected at least one picture or row";
        return Err(Error::Usage(message.into()));
    }
    let mut features = Features::Floats(values);
    if let Some(statistics) = standardization {
        standardise(&mut features, statistics, shape);
    }
    Ok(Samples { names, features })
}

/// A picture as numbers from 0 to 1, plane after plane.
fn picture(path: &Path, shape: &[u32]) -> Result<Vec<f32>> {
    let &[channels @ (1 | 3), height, width] = shape else {
        return Err(Error::file(
            path,
            format!(
                "is taken for a picture, but the model takes samples of shape {shape:?}; expected a \
                 .csv file, or a model of pictures with 1 or 3 channels"
            ),
        ));
    };
    let unreadable = |e: image::ImageError| {
        Error::file(
            path,
            format!("cannot be read as a picture: {e}; expected a PNG file"),
        )
    };
    let reader = image::io::Reader::open(path).and_then(|r| r.with_guessed_format());
    let image = reader
        .map_err(Error::io(path))?
        .decode()
        .map_err(unreadable)?;
    let image = match channels {
        1 => DynamicImage::from(image.into_luma8()),
        _ => DynamicImage::from(image.into_rgb8()),
    };
    let image = match (image.width(), image.height()) == (width, height) {
        true => image,
        false => image.resize_exact(width, height, FilterType::Triangle),
    };
    let pixels = image.into_bytes();
    let plane = |c| pixels.iter().skip(c).step_by(channels as usize);
    let planes = (0..channels as usize).flat_map(plane);
    Ok(planes.map(|&byte| f32::from(byte) / 255.0).collect())
}

/// The rows of a table, each as many numbers as the model takes.
fn rows(path: &Path, shape: &[u32], names: &mut Vec<String>, values: &mut Vec<f32>) -> Result<()> {
    let width: usize = shape.iter().map(|&d| d as usize).product();
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    for (line, row) in (1..).zip(text.lines()).skip(1) {
        if row.trim().is_empty() {
            continue;
        }
        let wrong = |problem: String| Error::file(path, format!("line {line}: {problem}"));
        let before = values.len();
        for cell in row.split(',').map(|cell| cell.trim().trim_matches('"')) {
            let value = cell.parse::<f64>().map(|v| v as f32).ok();
            let value = value.filter(|v| v.is_finite());
            let number = || {
                wrong(format!(
                    "`{cell}` is no number; expected only features, no target"
                ))
            };
            values.push(value.ok_or_else(number)?);
        }
        if values.len() - before != width {
            return Err(wrong(format!(
                "{} values; expected the {width} that the model takes, in the order of the training \
                 data's columns and without the target",
                values.len() - before
            )));
        }
        names.push(format!("{}:{line}", path.display()));
    }
    Ok(())
}

/// Another data set for a trained model: of its shape, prepared like its own, its classes numbered
/// like its own. A table is taken whole unless `split` it shall be.
pub(super) fn other(name: &str, trained: &Trained, split: bool) -> Result<Dataset> {
    let lower = name.to_ascii_lowercase();
    let table = lower.ends_with(".csv") || lower.ends_with(".csv.gz");
    let own = &trained.options;
    let whole = Some(0.0).filter(|_| !split);
    let options = Options {
        target: own.target.clone().filter(|_| table),
        task: own.task.filter(|_| table),
        test_fraction: whole.or(own.test_fraction).filter(|_| table),
        seed: own.seed,
        ..Options::default()
    };
    let mut data = data::load(name, &options)?;
    if data.shape != trained.data.shape {
        return Err(Error::Usage(format!(
            "--data {name}: its samples have shape {:?}, but the model was trained on {:?}",
            data.shape, trained.data.shape
        )));
    }
    if let Some(statistics) = &trained.data.standardization {
        let splits = std::iter::once(&mut data.train).chain(data.test.as_mut());
        splits.for_each(|s| standardise(&mut s.features, statistics, &trained.data.shape));
    }
    renumber(&mut data, &trained.data.task)?;
    Ok(data)
}

/// As loading does it: in f64, rounded once.
fn standardise(features: &mut Features, statistics: &Standardization, shape: &[u32]) {
    let standard = |c: usize, value: &mut f32| {
        *value = ((f64::from(*value) - statistics.mean[c]) / statistics.std[c]) as f32;
    };
    let plane: usize = shape[1..].iter().map(|&d| d as usize).product();
    match features {
        Features::Bytes { table, .. } => {
            (table.iter_mut().enumerate()).for_each(|(i, v)| standard(i / 256, v));
        }
        Features::Floats(values) => {
            let channels = statistics.mean.len();
            (values.iter_mut().enumerate()).for_each(|(i, v)| standard(i / plane % channels, v));
        }
    }
}

/// Gives every class the number that it had in training.
fn renumber(data: &mut Dataset, trained: &Task) -> Result<()> {
    let (Task::Classification { classes }, Task::Classification { classes: known }) =
        (&data.task, trained)
    else {
        return match std::mem::discriminant(&data.task) == std::mem::discriminant(trained) {
            true => Ok(()),
            false => Err(Error::Usage(format!(
                "--data {}: it poses another task than the one that the model was trained for",
                data.name
            ))),
        };
    };
    let numbers: Vec<Option<u32>> = classes
        .iter()
        .map(|class| known.iter().position(|k| k == class).map(|at| at as u32))
        .collect();
    for split in std::iter::once(&mut data.train).chain(data.test.as_mut()) {
        let Targets::Classes(labels) = &mut split.targets else {
            continue;
        };
        for label in labels {
            *label = numbers[*label as usize].ok_or_else(|| {
                Error::Usage(format!(
                    "--data {}: class `{}` was not among those of the training data ({})",
                    data.name,
                    classes[*label as usize],
                    known.join(", ")
                ))
            })?;
        }
    }
    data.task = trained.clone();
    Ok(())
}
