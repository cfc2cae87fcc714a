//! Data that a trained model has not seen: prepared as the run's own was.

use super::trained::Trained;
use crate::{
    data::{self, Dataset, ImageSize, Options, Targets, Task},
    error::{Error, Result},
};

/// Another data set for a trained model: of its shape, prepared like its own, its classes numbered
/// like its own. What has no splits of its own is taken whole unless `split` it shall be.
pub(super) fn other(name: &str, trained: &Trained, split: bool) -> Result<Dataset> {
    let lower = name.to_ascii_lowercase();
    let is = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    let table = is(&[".csv", ".csv.gz"]);
    if is(&[".npy"]) {
        return Err(Error::Usage(format!(
            "--data {name}: a .npy file has no targets to judge by; put both into one file with \
             `numpy.savez(\"data.npz\", x=x, y=y)`, or use `kiln predict`"
        )));
    }
    let own = &trained.options;
    let size = match (data::is_pictures(name), &trained.form.shape[..]) {
        (false, _) => None,
        (true, &[channels @ (1 | 3), height, width]) => {
            Some((channels, ImageSize { height, width }))
        }
        (true, shape) => {
            return Err(Error::Usage(format!(
                "--data {name}: these are pictures, but the model takes samples of shape {shape:?}; expected data \
                 like {}, which it was trained on",
                trained.form.name
            )));
        }
    };
    let options = Options {
        target: own.target.clone().filter(|_| table),
        task: own.task.filter(|_| table || is(&[".npz"])),
        columns: trained.form.columns.clone(),
        test_fraction: own.test_fraction.filter(|_| split),
        whole: !split && !data::NAMES.contains(&name),
        image_size: size.map(|(_, size)| size),
        channels: size.map(|(channels, _)| channels),
        standardization: trained.form.standardization.clone(),
        seed: own.seed,
        ..Options::default()
    };
    let mut data = match data::load(name, &options) {
        // It has splits of its own, whatever share the run's data was divided by.
        Err(data::Error::NoEffect {
            option: "--test-fraction",
            ..
        }) => {
            let own = Options {
                test_fraction: None,
                ..options
            };
            data::load(name, &own)?
        }
        data => data?,
    };
    if data.shape != trained.form.shape {
        return Err(Error::Usage(format!(
            "--data {name}: its samples have shape {:?}, but the model was trained on {:?}",
            data.shape, trained.form.shape
        )));
    }
    if data.columns != trained.form.columns {
        return Err(Error::Usage(format!(
            "--data {name}: its columns are {}, but the model was trained on {}, in this order",
            data.columns.join(", "),
            trained.form.columns.join(", ")
        )));
    }
    renumber(&mut data, &trained.form.task)?;
    Ok(data)
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
    for split in std::iter::once(&mut data.train)
        .chain(&mut data.val)
        .chain(&mut data.test)
    {
        let Targets::Classes(labels) = &mut split.targets else {
            continue;
        };
        for label in labels {
            let class = *label as usize;
            *label = numbers.get(class).copied().flatten().ok_or_else(|| {
                Error::Usage(format!(
                    "--data {}: class `{}` was not among those of the training data ({})",
                    data.name,
                    classes.get(class).map_or("", String::as_str),
                    known.join(", ")
                ))
            })?;
        }
    }
    data.task = trained.clone();
    Ok(())
}
