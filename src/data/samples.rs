//! Samples without answers, for a model that has been trained.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::{
    Error, Features, Standardization, csv,
    dataset::{pixel_table, width},
    file::DataFile,
    folder,
    idx::IdxFile,
    listing::{Entry, Root},
    npy::Array,
    numpy,
    picture::{self, Picture},
};

/// Samples to predict, in the order of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// What to call each: the file's path, with the index from 0 in brackets where it holds arrays, and after a colon
    /// the line of a table.
    pub names: Vec<String>,
    /// The inputs, in the form that training takes them.
    pub features: Features,
    /// The number of samples, at least 1.
    pub len: usize,
}

/// Loads what a model predicts from: PNG and JPEG files, brought to the size and the channels of `shape`; CSV files
/// plain or gzipped, whose columns have the names of `columns` in any order, unless there are none, and beside them perhaps
/// `target`, which is passed over; folders, whose pictures are taken in the order of their names; `.npy` arrays; and images in IDX files. They may be mixed.
/// `standardization` are the statistics that the model was trained with.
///
/// # Errors
/// Files that do not exist, cannot be read, are of no such kind, or hold samples of another shape.
pub fn load_samples(
    paths: &[PathBuf],
    (shape, columns, target): (&[u32], &[String], Option<&str>),
    standardization: Option<&Standardization>,
) -> Result<Samples, Error> {
    let paths = in_folders(paths)?;
    let are_pictures = |path: &PathBuf| picture::is_named_so(path);
    let mut parts = Vec::new();
    for paths in paths.chunk_by(|a, b| are_pictures(a) && are_pictures(b)) {
        match paths {
            [path, ..] if are_pictures(path) => parts.push(pictures(paths, shape)?),
            _ => {
                for path in paths {
                    parts.push(file(path, shape, (columns, target))?);
                }
            }
        }
    }
    let mut samples = join(parts, shape).ok_or(Error::NoSamples)?;
    if let Some(statistics) = standardization {
        statistics.apply(&mut samples.features, shape)?;
    }
    Ok(samples)
}

/// The same paths, with the pictures of a folder in its place.
fn in_folders(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = Root::open(path)?.entries(path)?;
        let before = files.len();
        files.extend(
            entries
                .into_iter()
                .filter(Entry::is_picture)
                .map(|entry| entry.path),
        );
        if files.len() == before {
            return Err(Error::Folder {
                path: path.clone(),
                problem: "there are no pictures in this folder; expected PNG or JPEG files in it (those of \
                          folders further in are not taken: name each folder), or the name of a file"
                    .to_owned(),
            });
        }
    }
    Ok(files)
}

fn pictures(paths: &[PathBuf], shape: &[u32]) -> Result<Samples, Error> {
    let opened: Vec<Result<Picture, Error>> =
        paths.par_iter().map(|path| Picture::open(path)).collect();
    let opened = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Samples {
        names: paths
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
        features: folder::decode(&opened, shape)?,
        len: opened.len(),
    })
}

/// The samples of a file that may hold many.
fn file(path: &Path, shape: &[u32], columns: (&[String], Option<&str>)) -> Result<Samples, Error> {
    let lower = path.to_string_lossy().to_ascii_lowercase();
    let (features, len) = if lower.ends_with(".csv") || lower.ends_with(".csv.gz") {
        let (lines, values) = csv::load_features(path, width(shape), columns)?;
        let name = |line| format!("{}:{line}", path.display());
        return Ok(Samples {
            len: lines.len(),
            names: lines.into_iter().map(name).collect(),
            features: Features::Floats(values),
        });
    } else if lower.ends_with(".npy") {
        array(path, shape)?
    } else if begins_as_idx(path)? {
        idx(path, shape)?
    } else {
        return Err(Error::NotSamples {
            path: path.to_owned(),
        });
    };
    Ok(Samples {
        names: (0..len)
            .map(|sample| format!("{}[{sample}]", path.display()))
            .collect(),
        features,
        len,
    })
}

fn array(path: &Path, shape: &[u32]) -> Result<(Features, usize), Error> {
    let array = Array::open(path)?;
    let place = array.place.clone();
    let (found, features, len) = numpy::features(array)?;
    // A table of bytes belongs to its channels, so bytes must come in them.
    let fits = match &features {
        Features::Bytes { .. } => found == shape,
        Features::Floats(_) => {
            found == shape || (found.len() == 1 && width(&found) == width(shape))
        }
    };
    if !fits {
        return Err(place.error(format!(
            "samples of shape {found:?}; expected {shape:?} of each, as the model takes them, after the number of \
             samples"
        )));
    }
    Ok((features, len))
}

fn idx(path: &Path, shape: &[u32]) -> Result<(Features, usize), Error> {
    let mut images = IdxFile::open(path, &[3, 4])?;
    let found = match *images.dims.as_slice() {
        [_, height, width] => vec![1, height, width],
        [_, ref rest @ ..] => rest.to_vec(),
        [] => Vec::new(),
    };
    if found != shape {
        let expected = format!("{shape:?}, as the model takes them");
        return Err(images.error(8, format!("images of shape {found:?}"), expected));
    }
    let features = Features::Bytes {
        data: images.read()?,
        table: pixel_table(found.first().copied().unwrap_or(1)),
    };
    Ok((features, images.len() as usize))
}

/// Whether a file begins as one with images in the IDX format does.
fn begins_as_idx(path: &Path) -> Result<bool, Error> {
    let mut start = Vec::new();
    let read = DataFile::open(path)?.take(4).read_to_end(&mut start);
    read.map_err(|source| Error::Read {
        path: path.to_owned(),
        place: String::new(),
        source,
    })?;
    Ok(matches!(start[..], [0, 0, _, 3 | 4]))
}

/// All samples one after the other: bytes if all of them are, with the same meaning, otherwise floats.
fn join(parts: Vec<Samples>, shape: &[u32]) -> Option<Samples> {
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    let rest: Vec<Samples> = parts.collect();
    if rest.is_empty() {
        return Some(first);
    }
    let table = match &first.features {
        Features::Bytes { table, .. } => Some(table.clone()),
        Features::Floats(_) => None,
    };
    let (mut names, mut len, mut bytes, mut floats) = (Vec::new(), 0, Vec::new(), Vec::new());
    let is_same = |part: &Samples| match &part.features {
        Features::Bytes { table: own, .. } => Some(own) == table.as_ref(),
        Features::Floats(_) => false,
    };
    let are_bytes = is_same(&first) && rest.iter().all(is_same);
    for part in std::iter::once(first).chain(rest) {
        names.extend(part.names);
        len += part.len;
        match part.features {
            Features::Bytes { data, .. } if are_bytes => bytes.extend_from_slice(&data),
            features => floats.extend(into_floats(features, shape)),
        }
    }
    let features = match table.filter(|_| are_bytes) {
        Some(table) => Features::Bytes {
            data: bytes.into(),
            table,
        },
        None => Features::Floats(floats),
    };
    Some(Samples {
        names,
        features,
        len,
    })
}

/// The values that bytes mean.
#[allow(
    clippy::indexing_slicing,
    reason = "a byte has 256 values, and so has each chunk"
)]
fn into_floats(features: Features, shape: &[u32]) -> Vec<f32> {
    match features {
        Features::Floats(values) => values,
        Features::Bytes { data, table } => {
            let plane = width(shape.get(1..).unwrap_or_default());
            let planes = data
                .chunks_exact(plane)
                .zip(table.chunks_exact(256).cycle());
            planes
                .flat_map(|(plane, table)| plane.iter().map(|&byte| table[usize::from(byte)]))
                .collect()
        }
    }
}
