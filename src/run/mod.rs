//! A run's directory: everything that a run leaves, and all that it needs to go on.
//!
//! | file | what it holds |
//! |---|---|
//! | `config.toml` | every setting, as `kiln train` takes it |
//! | `environment.json` | what it ran on, when, for how long, and how it ended |
//! | `data.json` | the form of its data: classes, columns, shape, statistics |
//! | `metrics.jsonl` | a row per update and per evaluation |
//! | `changes.jsonl` | every change of the schedule under way, and what came of it |
//! | `overrides.jsonl` | every live change of the rate's factor, with its update |
//! | `lr.factor` | written by a person: the factor from the next update on |
//! | `checkpoints/step-N/` | weights, optimiser slots and state before update N |
//! | `checkpoints/last`, `best` | links to two of them |
//! | `model.safetensors` | the weights at the end |

mod changes;
mod checkpoint;
pub mod environment;
mod journal;
mod live;

pub use changes::{Change, changes, note_change};
pub use checkpoint::{Checkpoint, Checkpoints, Notes};
pub use environment::Environment;
pub use live::{FACTOR, Live};

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    path::{Component, Path, PathBuf},
};

use crate::error::{Error, Result};

/// The settings.
pub const CONFIG: &str = "config.toml";
/// What it ran on.
pub const ENVIRONMENT: &str = "environment.json";
/// The rows.
pub const METRICS: &str = "metrics.jsonl";
/// The form of the data.
pub const FORM: &str = "data.json";
/// The weights at the end.
pub const MODEL: &str = "model.safetensors";
/// Held by the process that writes.
const LOCK: &str = "lock";

/// What the lock holds once everything that a run leaves is written.
const SETTLED: &str = "settled\n";

/// A run's directory, which one process at a time writes to.
pub struct RunDir {
    path: PathBuf,
    /// It goes when it is closed, also by a crash.
    lock: File,
    settled: bool,
}

impl RunDir {
    /// Makes `path` the directory of a new run, or of a sweep's; it may exist, but not hold a run.
    ///
    /// # Errors
    /// If it holds one, is a file, or cannot be made.
    pub fn create(path: &Path) -> Result<RunDir> {
        check_free(path)?;
        fs::create_dir_all(path).map_err(Error::io(path))?;
        RunDir::locked(path)
    }

    /// Makes the first of `root/name-1`, `root/name-2`, … that is free.
    ///
    /// # Errors
    /// If none can be made.
    pub fn fresh(root: &Path, name: &str) -> Result<RunDir> {
        fs::create_dir_all(root).map_err(Error::io(root))?;
        for n in 1..u32::MAX {
            let path = root.join(format!("{name}-{n}"));
            match fs::create_dir(&path) {
                Ok(()) => return RunDir::locked(&path),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io(&path)(e)),
            }
        }
        Err(Error::file(root, "holds too many runs"))
    }

    /// The directory of a run that exists, to go on with it.
    ///
    /// # Errors
    /// If it is none, or another process is writing to it.
    pub fn open(path: &Path) -> Result<RunDir> {
        if !path.join(CONFIG).is_file() {
            let why = match path.exists() {
                true => format!("is not a run: it has no {CONFIG}"),
                false => "does not exist".into(),
            };
            return Err(Error::file(
                path,
                format!("{why}; expected a directory that `kiln train` wrote, such as runs/NAME-1"),
            ));
        }
        check_inside(path)?;
        let run = RunDir::locked(path)?;
        run.checkpoints(1).recover();
        Ok(run)
    }

    fn locked(path: &Path) -> Result<RunDir> {
        let at = path.join(LOCK);
        if at.is_symlink() {
            let message = "is a link, which would be written through; remove it";
            return Err(Error::file(&at, message));
        }
        let mut options = File::options();
        let options = options.create(true).truncate(false).read(true).write(true);
        let lock = options.open(&at).map_err(Error::io(&at))?;
        match lock.try_lock() {
            Ok(()) => {
                // Where locks bind, only the handle that holds one may read.
                let mut text = String::new();
                let read = (&lock).read_to_string(&mut text);
                Ok(RunDir {
                    path: path.into(),
                    settled: read.is_ok() && text == SETTLED,
                    lock,
                })
            }
            Err(TryLockError::WouldBlock) => Err(Error::file(
                path,
                "another kiln is writing to this directory; wait for it, or stop it first",
            )),
            Err(TryLockError::Error(e)) => Err(Error::io(&at)(e)),
        }
    }

    /// Whether everything was written that the run leaves, when it was opened.
    pub fn settled(&self) -> bool {
        self.settled
    }

    /// From now on something is missing.
    ///
    /// # Errors
    /// If that cannot be noted.
    pub fn unsettle(&self) -> Result<()> {
        self.lock.set_len(0).map_err(Error::io(&self.file(LOCK)))
    }

    /// Nothing is missing any more.
    ///
    /// # Errors
    /// If that cannot be noted.
    pub fn settle(&self) -> Result<()> {
        self.unsettle()?;
        let mut lock = &self.lock;
        lock.rewind()
            .and_then(|()| lock.write_all(SETTLED.as_bytes()))
            .map_err(Error::io(&self.file(LOCK)))
    }

    /// Whether a process writes to the run in this directory.
    pub fn is_busy(path: &Path) -> bool {
        let lock = File::open(path.join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A directory that holds a run is left alone.
///
/// # Errors
/// If it holds one, or is a file.
pub fn check_free(dir: &Path) -> Result<()> {
    let there = dir.ancestors().find(|path| path.exists());
    if let Some(file) = there.filter(|path| !path.is_dir()) {
        let what = match file == dir {
            true => "it".into(),
            false => file.display().to_string(),
        };
        return Err(Error::Usage(format!(
            "--out {}: {what} is a file; name a directory that is new or empty",
            dir.display()
        )));
    }
    for name in [METRICS, MODEL, CONFIG, FORM, "report.html", "metrics.csv"] {
        // A link to nothing would be written through.
        if dir.join(name).symlink_metadata().is_ok() {
            return Err(Error::Usage(format!(
                "--out {0}: it already holds {name}, as of another run; name a new directory, or remove \
                 the old run first, or go on with it: kiln resume {0}",
                dir.display()
            )));
        }
    }
    Ok(())
}

/// A run that was copied from elsewhere may hold links: none may lead out of it, as what is written there, or read,
/// would be somebody else's.
///
/// # Errors
/// If one does, or cannot be followed.
pub fn check_inside(dir: &Path) -> Result<()> {
    let root = dir.canonicalize().map_err(Error::io(dir))?;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let path = entry.map_err(Error::io(&folder))?.path();
            let kind = fs::symlink_metadata(&path).map_err(Error::io(&path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() && !leads_inside(&path, &root) {
                return Err(Error::file(
                    &path,
                    format!(
                        "is a link that leads out of the run; expected the file itself, or a link within {}",
                        dir.display()
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Where it leads, or would lead if something were there.
fn leads_inside(link: &Path, root: &Path) -> bool {
    if let Ok(real) = link.canonicalize() {
        return real.starts_with(root);
    }
    fs::read_link(link).is_ok_and(|to| {
        let mut steps = to.components();
        steps.all(|step| matches!(step, Component::Normal(_)))
    })
}

/// A name for runs out of what a person wrote: letters, digits and dashes.
pub fn slug(text: &str) -> String {
    let mut name = String::new();
    for c in text.to_lowercase().chars() {
        match c.is_ascii_alphanumeric() {
            true => name.push(c),
            false if !name.ends_with('-') && !name.is_empty() => name.push('-'),
            false => {}
        }
    }
    name.truncate(40);
    name.trim_end_matches('-').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two writers would mix their rows.
    #[test]
    fn one_writer_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::fresh(root.path(), "a").unwrap();
        fs::write(run.file(CONFIG), "").unwrap();
        let error = RunDir::open(run.path()).err().unwrap().to_string();
        assert!(error.contains("another kiln"), "{error}");
        let path = run.path().to_path_buf();
        assert!(RunDir::is_busy(&path) && !run.settled());
        run.settle().unwrap();
        drop(run);
        let again = RunDir::open(&path).unwrap();
        assert!(again.settled());
        again.unsettle().unwrap();
        drop(again);
        assert!(!RunDir::open(&path).unwrap().settled() && !RunDir::is_busy(&path));
        assert_eq!(
            RunDir::fresh(root.path(), "a").unwrap().path(),
            root.path().join("a-2")
        );
        assert!(RunDir::create(&path).is_err());
    }

    /// Names of runs are names of directories on every system.
    #[test]
    fn names_are_plain() {
        for (text, name) in [
            ("lenet", "lenet"),
            ("Conv2d(32, 3) ReLU", "conv2d-32-3-relu"),
            ("../data/Flowers.csv", "data-flowers-csv"),
        ] {
            assert_eq!(slug(text), name);
        }
    }
}
