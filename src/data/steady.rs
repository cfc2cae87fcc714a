//! Data that changes while it is read would be a mixture of two: its files are looked at before and after.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Error, NAMES, Options};

/// Folders within each other that data is read from: a directory, with one for each class.
const DEPTH: u32 = 2;

/// A file's length and when it was last written.
type Look = (u64, Option<SystemTime>);

/// What the files of a data set looked like.
#[derive(Debug, PartialEq)]
pub(super) struct Steady {
    roots: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Look>,
}

impl Steady {
    /// Of whatever is read for a data set and its options.
    pub(super) fn of(name_or_path: &str, options: &Options) -> Steady {
        let named = [Some(name_or_path), options.val.as_deref()].into_iter();
        let named = named.flatten().filter(|name| !NAMES.contains(name));
        let roots = named.map(PathBuf::from).chain(options.targets.clone());
        Steady::look(roots.collect())
    }

    fn look(roots: Vec<PathBuf>) -> Steady {
        let mut files = BTreeMap::new();
        roots.iter().for_each(|root| walk(root, DEPTH, &mut files));
        Steady { roots, files }
    }

    /// # Errors
    /// The first file that is not what it was.
    pub(super) fn check(self) -> Result<(), Error> {
        let now = Steady::look(self.roots);
        let all = self.files.keys().chain(now.files.keys());
        for path in all {
            let (before, after) = (self.files.get(path), now.files.get(path));
            if before != after {
                return Err(Error::Changed {
                    path: path.clone(),
                    how: how(before, after),
                });
            }
        }
        Ok(())
    }
}

fn how(before: Option<&Look>, after: Option<&Look>) -> String {
    match (before, after) {
        (None, _) => "it is new".into(),
        (_, None) => "it is gone".into(),
        (Some((before, _)), Some((after, _))) if before != after => {
            format!("it had {before} bytes, and has {after} now")
        }
        _ => "it was written again".into(),
    }
}

/// Files below a path, or the path itself; what cannot be looked at is for those to say who read it.
fn walk(path: &Path, depth: u32, files: &mut BTreeMap<PathBuf, Look>) {
    let Ok(about) = fs::metadata(path) else {
        return;
    };
    if about.is_dir() {
        if depth == 0 {
            return;
        }
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        return entries.for_each(|entry| walk(&entry.path(), depth - 1, files));
    }
    if about.is_file() {
        files.insert(path.into(), (about.len(), about.modified().ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files that grow, go, come or are written again are found; others are not in the way.
    #[test]
    fn changes_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("sub"));
        let begin = || {
            let _ = fs::remove_dir_all(&b);
            fs::create_dir(&b).unwrap();
            fs::write(&a, "one").unwrap();
            fs::write(b.join("c"), "two").unwrap();
            Steady::look(vec![dir.path().into()])
        };
        assert!(begin().check().is_ok());
        let change: [(&dyn Fn(), &str); 4] = [
            (&|| fs::write(&a, "longer").unwrap(), "3 bytes"),
            (&|| fs::remove_file(b.join("c")).unwrap(), "gone"),
            (&|| fs::write(b.join("d"), "x").unwrap(), "new"),
            (
                &|| {
                    let file = fs::File::options().write(true).open(&a).unwrap();
                    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
                },
                "again",
            ),
        ];
        for (change, word) in change {
            let before = begin();
            change();
            let e = before.check().unwrap_err().to_string();
            assert!(e.contains(word), "{word}: {e}");
        }
    }
}
