//! The folders and files of a directory of pictures, and nothing outside it.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Error,
    error::{did_you_mean, nearest},
    picture,
};

/// Files that systems leave in folders; whatever begins with a dot is passed over, too.
const LEFT_BEHIND: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// A directory that no path may lead out of.
pub(super) struct Root {
    real: PathBuf,
}

/// A folder or file that is not hidden.
pub(super) struct Entry {
    pub path: PathBuf,
    pub name: String,
    pub is_dir: bool,
}

impl Entry {
    pub(super) fn is_picture(&self) -> bool {
        !self.is_dir && picture::is_named_so(&self.path)
    }
}

/// The pictures of a split in the order of their classes and names, with the class of each.
#[derive(Default)]
pub(super) struct Listing {
    pub classes: Vec<String>,
    pub files: Vec<PathBuf>,
    pub labels: Vec<u32>,
    folders: Vec<PathBuf>,
}

impl Listing {
    /// Numbers the classes as the training split does.
    pub(super) fn relabel(&mut self, classes: &[String]) -> Result<(), Error> {
        let numbers: HashMap<&String, u32> = classes.iter().zip(0..).collect();
        let mut known = Vec::new();
        for (class, folder) in self.classes.iter().zip(&self.folders) {
            let Some(number) = numbers.get(class) else {
                let similar = nearest(class, classes.iter().map(String::as_str));
                return Err(Error::Folder {
                    path: folder.clone(),
                    problem: format!(
                        "there is no class `{class}` among the training pictures; expected the same \
                         names of folders{}",
                        did_you_mean(&similar)
                    ),
                });
            };
            known.push(*number);
        }
        for label in &mut self.labels {
            *label = known.get(*label as usize).copied().unwrap_or_default();
        }
        Ok(())
    }
}

impl Root {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let real = dir.canonicalize().map_err(|source| unread(dir, source))?;
        Ok(Self { real })
    }

    /// What a folder has, hidden files aside, in the order of the names' bytes.
    pub(super) fn entries(&self, dir: &Path) -> Result<Vec<Entry>, Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).map_err(|source| unread(dir, source))? {
            let entry = entry.map_err(|source| unread(dir, source))?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Error::Folder {
                    path,
                    problem: "its name is not UTF-8; rename it".to_owned(),
                });
            };
            if name.starts_with('.') || LEFT_BEHIND.contains(&name.to_ascii_lowercase().as_str()) {
                continue;
            }
            let kind = entry.file_type().map_err(|source| unread(&path, source))?;
            if kind.is_symlink() {
                self.check_inside(&path)?;
            }
            let metadata = fs::metadata(&path).map_err(|source| unread(&path, source))?;
            if !metadata.is_dir() && !metadata.is_file() {
                return Err(Error::Folder {
                    path,
                    problem: "it is neither a file nor a folder; remove it".to_owned(),
                });
            }
            found.push(Entry {
                path,
                name,
                is_dir: metadata.is_dir(),
            });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// A link may lead elsewhere in the directory, not out of it.
    fn check_inside(&self, link: &Path) -> Result<(), Error> {
        let real = link.canonicalize().map_err(|source| unread(link, source))?;
        if real.starts_with(&self.real) {
            return Ok(());
        }
        Err(Error::Folder {
            path: link.to_owned(),
            problem: format!(
                "a link that leads out of the data's directory, to {}; expected the file itself, or a link within {}",
                real.display(),
                self.real.display()
            ),
        })
    }

    /// Whether there are folders in a folder.
    pub(super) fn has_folders(&self, dir: &Path) -> Result<bool, Error> {
        Ok(self.entries(dir)?.iter().any(|entry| entry.is_dir))
    }

    /// The classes of a split and their pictures. Beside the folders, anything but a picture is passed over.
    pub(super) fn list(&self, dir: &Path) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for entry in self.entries(dir)? {
            if entry.is_dir {
                let label = listing.classes.len() as u32;
                let before = listing.files.len();
                listing.files.extend(self.pictures(&entry.path)?);
                listing.labels.resize(listing.files.len(), label);
                if listing.files.len() == before {
                    return Err(Error::Folder {
                        path: entry.path,
                        problem:
                            "a class without pictures; expected at least one PNG or JPEG file, \
                                  or no folder"
                                .to_owned(),
                    });
                }
                listing.classes.push(entry.name);
                listing.folders.push(entry.path);
            } else if entry.is_picture() {
                return Err(Error::Folder {
                    path: entry.path,
                    problem: "a picture outside of the folders of classes; move it into the folder of its class"
                        .to_owned(),
                });
            }
        }
        Ok(listing)
    }

    /// The pictures of a class.
    fn pictures(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for entry in self.entries(folder)? {
            let problem = if entry.is_dir {
                "a folder within the folder of a class; expected only pictures there"
            } else if !entry.is_picture() {
                "no picture by its name; expected .png, .jpg or .jpeg among the pictures of a class, so move it \
                 elsewhere or rename it"
            } else {
                files.push(entry.path);
                continue;
            };
            return Err(Error::Folder {
                path: entry.path,
                problem: problem.to_owned(),
            });
        }
        Ok(files)
    }
}

fn unread(path: &Path, source: io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        place: String::new(),
        source,
    }
}
