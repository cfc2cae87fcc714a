//! Which data a name or a path means, and which options it obeys.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Error, NAMES, Options, Split, Task, csv, digits, error, folder, images, line, loaded::Loaded,
    numpy,
};

/// Where Fashion-MNIST is looked for: what the environment says, or where Debian puts it.
fn fashion_mnist_dir(environment: Option<OsString>) -> PathBuf {
    environment
        .unwrap_or_else(|| "/usr/share/datasets/fashion-mnist".into())
        .into()
}

/// The name of a data set, or of something beside the path that could be data, that is close to what was written.
fn nearest(name_or_path: &str) -> Option<String> {
    let path = Path::new(name_or_path);
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let entries = std::fs::read_dir(parent.unwrap_or(Path::new(".")));
    let is_data = |path: &Path| {
        let name = path.to_string_lossy().to_ascii_lowercase();
        path.is_dir() || FILES.iter().any(|end| name.ends_with(end))
    };
    let there = entries.into_iter().flatten().flatten().take(MOST_ENTRIES);
    let mut there: Vec<String> = there
        .filter(|entry| is_data(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    there.sort_unstable();
    let name = path.file_name().and_then(|name| name.to_str());
    let beside = |name: String| match parent {
        Some(parent) => parent.join(name).display().to_string(),
        None => name,
    };
    error::nearest(name_or_path, NAMES)
        .or_else(|| error::nearest(name?, there.iter().map(String::as_str)).map(beside))
}

/// How files of data end.
const FILES: [&str; 4] = [".csv", ".csv.gz", ".npz", ".npy"];

/// A folder may be so large that looking through it for a mistyped name would take long.
const MOST_ENTRIES: usize = 10_000;

/// Where data comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    Digits,
    FashionMnist,
    Line,
    /// A directory of IDX files.
    Idx(PathBuf),
    /// A directory with a folder of pictures for each class.
    Pictures(PathBuf),
    Csv(PathBuf),
    Npz(PathBuf),
    Npy(PathBuf),
}

impl Source {
    /// A name stands for itself even where a file is called so; `./digits` is the file.
    pub(super) fn find(name_or_path: &str) -> Result<Self, Error> {
        let path = Path::new(name_or_path);
        let lower = name_or_path.to_ascii_lowercase();
        match name_or_path {
            "digits" => Ok(Source::Digits),
            "fashion-mnist" => Ok(Source::FashionMnist),
            "line" => Ok(Source::Line),
            _ if path.is_dir() && !images::are_in(path) && folder::is_meant(path)? => {
                Ok(Source::Pictures(path.to_owned()))
            }
            _ if path.is_dir() => Ok(Source::Idx(path.to_owned())),
            _ if !path.exists() => Err(Error::UnknownName {
                name: name_or_path.to_owned(),
                nearest: nearest(name_or_path),
            }),
            _ if lower.ends_with(".csv") || lower.ends_with(".csv.gz") => {
                Ok(Source::Csv(path.to_owned()))
            }
            _ if lower.ends_with(".npz") => Ok(Source::Npz(path.to_owned())),
            _ if lower.ends_with(".npy") => Ok(Source::Npy(path.to_owned())),
            _ => Err(Error::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }

    /// Reads the data, not yet standardised or limited.
    pub(super) fn load(&self, options: &Options) -> Result<Loaded, Error> {
        match self {
            Source::Digits => Ok(digits::load()),
            Source::FashionMnist => images::load_fashion_mnist(&fashion_mnist_dir(
                std::env::var_os("KILN_FASHION_MNIST"),
            )),
            Source::Line => line::load(options),
            Source::Idx(path) => images::load(path),
            Source::Pictures(path) => folder::load(path, options),
            Source::Csv(path) => csv::load(path, options),
            Source::Npz(path) => numpy::load_npz(path, options),
            Source::Npy(path) => numpy::load_npy(path, options),
        }
    }

    /// Reads validation data that goes with this data, already loaded.
    pub(super) fn load_val(
        &self,
        loaded: &Loaded,
        val: &str,
        options: &Options,
    ) -> Result<Split, Error> {
        if loaded.val.is_some() {
            return Err(Error::NoEffect {
                option: "--val",
                data: self.to_string(),
                reason: "its validation split comes with the data",
            });
        }
        let classes: &[String] = match &loaded.task {
            Task::Classification { classes } => classes,
            Task::Regression { .. } => &[],
        };
        match (self, Source::find(val)?) {
            (Source::Csv(train), Source::Csv(path)) => {
                csv::load_split(&path, train, &loaded.task, options)
            }
            (Source::Idx(_), Source::Idx(path)) => {
                images::load_split(&path, &loaded.shape, classes.len())
            }
            (Source::Pictures(_), Source::Pictures(path)) => {
                folder::load_split(&path, &loaded.shape, classes, options)
            }
            (Source::Npz(_), Source::Npz(path)) => {
                numpy::load_split(&path, &loaded.shape, &loaded.task, options)
            }
            (_, other) => Err(Error::InvalidOption {
                option: "--val",
                value: val.to_owned(),
                expected: format!("{other}; expected data of the same kind as {self}"),
            }),
        }
    }

    /// Refuses options that would be ignored.
    pub(super) fn check_options(&self, data: &str, options: &Options) -> Result<(), Error> {
        let is_csv = matches!(self, Source::Csv(_));
        let are_pictures = matches!(self, Source::Pictures(_));
        let is_npz = matches!(self, Source::Npz(_));
        let is_npy = matches!(self, Source::Npy(_));
        let is_numpy = is_npz || is_npy;
        let may_be_split_here = is_csv || is_numpy || are_pictures || matches!(self, Source::Line);
        for (option, given, applies, reason) in [
            (
                "--target",
                options.target.is_some(),
                is_csv,
                "it names a column of a CSV file",
            ),
            (
                "--task",
                options.task.is_some(),
                is_csv || is_numpy,
                "it says what the targets of a CSV file or of NumPy's arrays are",
            ),
            (
                "--targets",
                options.targets.is_some(),
                is_npy,
                "it names the file with the targets of a .npy file",
            ),
            (
                "--test-fraction",
                options.test_fraction.is_some(),
                may_be_split_here,
                "its test split comes with the data",
            ),
            (
                "--image-size",
                options.image_size.is_some(),
                are_pictures,
                "it is the size that PNG and JPEG files are brought to",
            ),
            (
                "--channels",
                options.channels.is_some(),
                are_pictures,
                "it says whether PNG and JPEG files are read as grey or as RGB",
            ),
            (
                "--val",
                options.val.is_some(),
                is_csv || is_npz || are_pictures || matches!(self, Source::Idx(_)),
                "it is a file or directory of the same kind; use `--val-fraction`",
            ),
        ] {
            if given && !applies {
                return Err(Error::NoEffect {
                    option,
                    data: data.to_owned(),
                    reason,
                });
            }
        }
        Ok(())
    }
}

/// What it is, in words.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = match self {
            Source::Digits => return f.write_str("digits"),
            Source::FashionMnist => return f.write_str("fashion-mnist"),
            Source::Line => return f.write_str("line"),
            Source::Idx(path) => ("the directory of IDX files", path),
            Source::Pictures(path) => ("the directory of pictures", path),
            Source::Csv(path) => ("the table", path),
            Source::Npz(path) => ("NumPy's archive", path),
            Source::Npy(path) => ("NumPy's array", path),
        };
        write!(f, "{kind} {}", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the override by which Fashion-MNIST is found where it was downloaded.
    #[test]
    fn the_environment_says_where_fashion_mnist_is() {
        assert_eq!(
            fashion_mnist_dir(None),
            Path::new("/usr/share/datasets/fashion-mnist")
        );
        assert_eq!(
            fashion_mnist_dir(Some("/elsewhere".into())),
            Path::new("/elsewhere")
        );
    }
}
