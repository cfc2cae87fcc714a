//! Samples in NumPy's arrays: `x` and `y`, or keras's `x_train`, `y_train`, `x_test` and `y_test`.

use std::{io::Read, path::Path};

use super::{
    Error, Names, Options, TaskKind,
    dataset::{Features, Shape, Split, Targets, Task, pixel_table, width},
    loaded::Loaded,
    npy::{Array, Number},
    npy_header::Kind,
    npz::Npz,
};

/// More floats than this do not fit one buffer of a device, whose sizes in bytes are 32-bit.
const MAX_FLOATS: usize = (u32::MAX / 4) as usize;

/// Each channel of bytes costs a table of 1 KiB, so a small file could ask for gigabytes of them.
const MAX_CHANNELS: u32 = 4096;

/// More classes than this are taken for a mistake.
const MAX_CLASSES: u32 = 1 << 16;

/// Loads an archive. Without `x_train` there must be `x`, whose test samples are chosen here.
pub(super) fn load_npz(path: &Path, options: &Options) -> Result<Loaded, Error> {
    let mut npz = Npz::open(path)?;
    let is_split = npz.has("x_train");
    let suffix = if is_split { "_train" } else { "" };
    let Some((shape, train, task)) = read(&mut npz, suffix, None, options)? else {
        return Err(npz.error(format!(
            "the arrays are {}; expected `x` and `y`, or `x_train` and `y_train` (and `_val`, `_test`)",
            list(&npz.names())
        )));
    };
    if !is_split {
        return Loaded::split(shape, task, train, options);
    }
    if options.test_fraction.is_some() {
        return Err(Error::NoEffect {
            option: "--test-fraction",
            data: path.display().to_string(),
            reason: "its splits are arrays of their own",
        });
    }
    let mut other = |suffix| -> Result<Option<Split>, Error> {
        let found = read(&mut npz, suffix, Some((&shape, &task)), options)?;
        Ok(found.map(|(_, split, _)| split))
    };
    let (val, test) = (other("_val")?, other("_test")?);
    Ok(Loaded {
        columns: Vec::new(),
        task,
        train,
        val,
        test,
        test_fraction: None,
        origin: "split as the arrays are".to_owned(),
        shape,
    })
}

/// Loads `x` and `y` of an archive as a split of other data, of which they must have the shape and the classes.
pub(super) fn load_split(
    path: &Path,
    shape: &Shape,
    task: &Task,
    options: &Options,
) -> Result<Split, Error> {
    let mut npz = Npz::open(path)?;
    for suffix in ["", "_val"] {
        if let Some((_, split, _)) = read(&mut npz, suffix, Some((shape, task)), options)? {
            return Ok(split);
        }
    }
    Err(npz.error(format!(
        "the arrays are {}; expected `x` and `y` of the validation samples",
        list(&npz.names())
    )))
}

/// Loads samples from one file and their targets from another.
pub(super) fn load_npy(path: &Path, options: &Options) -> Result<Loaded, Error> {
    let Some(targets) = &options.targets else {
        return Err(Error::MissingOption {
            path: path.to_owned(),
            option: "--targets",
            remedy: "name the file with the answers, `--targets y.npy`, or put both as `x` and `y` into one .npz file"
                .to_owned(),
        });
    };
    let (shape, features, len) = features(Array::open(path)?)?;
    let (targets, task) = targets_of(Array::open(targets)?, len, None, options)?;
    let all = Split {
        features,
        targets,
        len,
        names: Names::None,
    };
    Loaded::split(shape, task, all, options)
}

/// The arrays `x` and `y` with a suffix, if they are there; of the shape and task of the training split, if that is
/// known.
fn read(
    npz: &mut Npz,
    suffix: &str,
    trained: Option<(&Shape, &Task)>,
    options: &Options,
) -> Result<Option<(Shape, Split, Task)>, Error> {
    let [x, y] = ["x", "y"].map(|name| format!("{name}{suffix}"));
    match (npz.has(&x), npz.has(&y)) {
        (false, false) => return Ok(None),
        (true, true) => {}
        (has_x, _) => {
            let (there, missing) = if has_x { (x, y) } else { (y, x) };
            return Err(npz.error(format!(
                "there is `{there}`, but no `{missing}` among the arrays {}; expected both",
                list(&npz.names())
            )));
        }
    }
    let array = npz.array(&x)?;
    let place = array.place.clone();
    let (shape, features, len) = features(array)?;
    if let Some((trained, _)) = trained.filter(|(trained, _)| **trained != shape) {
        return Err(place.error(format!(
            "samples of shape {shape:?}; expected {trained:?}, the shape of the training samples"
        )));
    }
    let task = trained.map(|(_, task)| task);
    let (targets, task) = targets_of(npz.array(&y)?, len, task, options)?;
    let split = Split {
        features,
        targets,
        len,
        names: Names::None,
    };
    Ok(Some((shape, split, task)))
}

/// The names of arrays, for a message.
fn list(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .take(20)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

/// The shape of a sample, the values, and the number of samples. Bytes stay bytes and mean `byte / 255`; other numbers
/// are rounded once to f32.
pub(super) fn features<R: Read>(array: Array<R>) -> Result<(Shape, Features, usize), Error> {
    let (place, dims) = (array.place.clone(), array.dims.clone());
    let shape: Shape = match *dims.as_slice() {
        [_] => vec![1],
        [_, features] => vec![features as u32],
        [_, height, width] => vec![1, height as u32, width as u32],
        [_, channels, height, width] => {
            let last = matches!(width, 3 | 4) || (width == 1 && channels == height);
            if last && channels > 4 {
                return Err(place.error(format!(
                    "the shape {dims:?} has its channels last; expected [samples, channels, height, width], so save \
                     `x.transpose(0, 3, 1, 2)`"
                )));
            }
            vec![channels as u32, height as u32, width as u32]
        }
        _ => {
            return Err(place.error(format!(
                "the shape {dims:?}; expected [samples, features], [samples, height, width] or \
                 [samples, channels, height, width]"
            )));
        }
    };
    let len = dims.first().copied().unwrap_or_default();
    let features = if array.holds_bytes() {
        let channels = shape.first().copied().unwrap_or(1);
        if channels > MAX_CHANNELS {
            return Err(place.error(format!(
                "bytes in {channels} channels or features; expected at most {MAX_CHANNELS}, so save images as \
                 [samples, 1, height, width] or the array as float32"
            )));
        }
        Features::Bytes {
            data: array.bytes()?,
            table: pixel_table(channels),
        }
    } else {
        Features::Floats(floats(array)?)
    };
    debug_assert_eq!(len * width(&shape), dims.iter().product::<usize>());
    Ok((shape, features, len))
}

fn floats<R: Read>(array: Array<R>) -> Result<Vec<f32>, Error> {
    if array.dims.iter().product::<usize>() > MAX_FLOATS {
        return Err(array.place.error(format!(
            "the shape {:?}; expected at most {MAX_FLOATS} numbers, which is what one buffer of a device can hold, \
             or bytes",
            array.dims
        )));
    }
    array.values(|number| {
        let value = number.to_f32();
        let finite = "a finite number within the range of f32, ±3.4e38";
        value
            .is_finite()
            .then_some(value)
            .ok_or_else(|| finite.to_owned())
    })
}

/// The answers of `len` samples, and the task that they pose unless that is known: integers are classes and floats
/// numbers to predict, unless the options say.
fn targets_of<R: Read>(
    array: Array<R>,
    len: usize,
    known: Option<&Task>,
    options: &Options,
) -> Result<(Targets, Task), Error> {
    let place = array.place.clone();
    let (rows, width) = match *array.dims.as_slice() {
        [rows] => (rows, 1),
        [rows, width] => (rows, width),
        _ => {
            return Err(place.error(format!(
                "targets of shape {:?}; expected [samples] or [samples, outputs]",
                array.dims
            )));
        }
    };
    if rows != len {
        return Err(place.error(format!(
            "{rows} targets; expected {len}, one for each sample"
        )));
    }
    let kind = match (known, options.task, array.kind) {
        (Some(Task::Classification { .. }), ..) => TaskKind::Classification,
        (Some(Task::Regression { .. }), ..) => TaskKind::Regression,
        (None, Some(kind), _) => kind,
        (None, None, Kind::Float) => TaskKind::Regression,
        (None, None, _) => TaskKind::Classification,
    };
    if kind == TaskKind::Regression {
        let outputs: Vec<String> = match width {
            1 => vec!["y".to_owned()],
            _ => (0..width).map(|output| format!("y{output}")).collect(),
        };
        if let Some(Task::Regression { outputs: trained }) = known
            && trained.len() != outputs.len()
        {
            let expected = trained.len();
            return Err(place.error(format!(
                "{width} outputs; expected {expected}, as for training"
            )));
        }
        let data = floats(array)?;
        let width = width as u32;
        return Ok((
            Targets::Values { data, width },
            Task::Regression { outputs },
        ));
    }
    if width != 1 {
        return Err(place.error(format!(
            "targets of shape [{rows}, {width}]; expected one class for each sample, so save `y.argmax(1)` of one-hot \
             rows, or use `--task regression`"
        )));
    }
    let (labels, task) = classes(array, known, options)?;
    Ok((Targets::Classes(labels), task))
}

/// Labels below the number of classes that are known; otherwise there are as many as the greatest label needs.
fn classes<R: Read>(
    array: Array<R>,
    known: Option<&Task>,
    options: &Options,
) -> Result<(Vec<u32>, Task), Error> {
    let place = array.place.clone();
    let known = match known {
        Some(Task::Classification { classes }) => Some(classes),
        _ => None,
    };
    let bound = match known {
        Some(classes) => classes.len().max(options.classes.unwrap_or(0)) as u32,
        None => MAX_CLASSES,
    };
    let labels = array.values(|number| {
        let label = match number {
            Number::Integer(label) => Some(label),
            Number::Float(label) if label.fract() == 0.0 && label.abs() < 1e9 => {
                Some(label as i128)
            }
            Number::Float(_) => None,
        };
        let label = label.and_then(|label| u32::try_from(label).ok());
        label
            .filter(|&label| label < bound)
            .ok_or_else(|| match known {
                Some(_) => format!(
                    "a class from 0 to {}, the classes of the training targets",
                    bound - 1
                ),
                None => format!(
                    "a class, a whole number from 0 to {}; for numbers, use `--task regression`",
                    bound - 1
                ),
            })
    })?;
    if let Some(classes) = known {
        let classes = classes.clone();
        return Ok((labels, Task::Classification { classes }));
    }
    let highest = labels.iter().copied().max().unwrap_or(0);
    if highest == 0 && options.classes.is_none() {
        return Err(
            place.error("every sample is of class 0; expected at least two classes to tell apart")
        );
    }
    let classes = (0..=highest).map(|class| class.to_string()).collect();
    Ok((labels, Task::Classification { classes }))
}
