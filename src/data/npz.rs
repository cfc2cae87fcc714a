//! Archives as `numpy.savez` writes them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use zip::{ZipArchive, result::ZipError};

use super::{Error, error::quoted, file::MAX_RATIO, npy::Array};

/// An open archive.
pub(super) struct Npz {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// Its arrays: name in lower case, and what the file in the archive is called.
    files: BTreeMap<String, String>,
}

impl Npz {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            place: String::new(),
            source,
        })?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, &error))?;
        let mut files = BTreeMap::new();
        for file in zip.file_names() {
            let file = file.map_err(|error| broken(path, &error))?;
            let Some(name) = file.strip_suffix(".npy") else {
                continue;
            };
            if let Some(other) = files.insert(name.to_lowercase(), file.to_string()) {
                return Err(Error::Array {
                    path: path.to_owned(),
                    array: String::new(),
                    problem: format!(
                        "both {} and {} are there; expected one of them",
                        quoted(&other),
                        quoted(&file)
                    ),
                });
            }
        }
        Ok(Self {
            path: path.to_owned(),
            zip,
            files,
        })
    }

    /// The names of the arrays, in lower case.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// An array that the archive [has](Self::has).
    pub(super) fn array(&mut self, name: &str) -> Result<Array<impl Read>, Error> {
        let file = self.files.get(name).map(String::as_str).unwrap_or(name);
        let packed = match self.zip.by_name(file) {
            Ok(file) => file,
            Err(error) => return Err(broken(&self.path, &error)),
        };
        let on_disk = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        let most = packed
            .compressed_size()
            .min(on_disk)
            .saturating_mul(MAX_RATIO);
        let max_len = packed.size().min(most);
        Array::new(&self.path, Some(name), packed, max_len)
    }

    /// Something wrong with the archive as a whole.
    pub(super) fn error(&self, problem: String) -> Error {
        Error::Array {
            path: self.path.clone(),
            array: String::new(),
            problem,
        }
    }
}

fn broken(path: &Path, error: &ZipError) -> Error {
    Error::Array {
        path: path.to_owned(),
        array: String::new(),
        problem: format!(
            "the archive cannot be read: {error}; expected one that numpy.savez or numpy.savez_compressed wrote"
        ),
    }
}
