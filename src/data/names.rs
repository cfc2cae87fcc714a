//! What samples are called where they came from.

use std::path::PathBuf;

/// What the samples of a split are called, for a person who wants to look at one. It is no part of the samples: splits
/// that differ in it alone are equal.
#[derive(Clone, Debug, Default)]
pub enum Names {
    /// Nothing: they are told apart by their index.
    #[default]
    None,
    /// Each by its file.
    Files(Vec<PathBuf>),
    /// Each by its line of one file, counted from 1.
    Lines(PathBuf, Vec<u64>),
}

impl Names {
    /// What the sample with this index is called: `PATH`, or `PATH:LINE`.
    pub fn of(&self, index: usize) -> Option<String> {
        match self {
            Names::None => None,
            Names::Files(files) => files.get(index).map(|path| path.display().to_string()),
            Names::Lines(path, lines) => {
                let line = lines.get(index);
                line.map(|line| format!("{}:{line}", path.display()))
            }
        }
    }

    /// Those of the samples for which `keep` says yes.
    pub(super) fn select(&self, keep: impl Fn(usize) -> bool) -> Names {
        fn kept<T: Clone>(all: &[T], keep: impl Fn(usize) -> bool) -> Vec<T> {
            let kept = all.iter().enumerate().filter(|(index, _)| keep(*index));
            kept.map(|(_, one)| one.clone()).collect()
        }
        match self {
            Names::None => Names::None,
            Names::Files(files) => Names::Files(kept(files, keep)),
            Names::Lines(path, lines) => Names::Lines(path.clone(), kept(lines, keep)),
        }
    }
}

impl PartialEq for Names {
    fn eq(&self, _: &Names) -> bool {
        true
    }
}
