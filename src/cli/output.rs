//! Files that flags name to be written.

use std::path::Path;

use crate::error::{Error, Result};

/// Whether a file can be written there, asked before anything takes time.
pub(super) fn check(flag: &str, path: &Path) -> Result<()> {
    let usage = |message: String| {
        Err(Error::Usage(format!(
            "{flag} {}: {message}",
            path.display()
        )))
    };
    if path.is_dir() {
        return usage("it is a directory; expected the name of a file, such as one in it".into());
    }
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    match parent {
        Some(dir) if dir.is_dir() => Ok(()),
        Some(dir) if dir.exists() => usage(format!(
            "{} is a file; expected a directory that exists",
            dir.display()
        )),
        Some(dir) => usage(format!(
            "there is no directory {}; make it first, or name a file elsewhere",
            dir.display()
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the person who named a folder, or a file in one that is not there.
    #[test]
    fn places_that_hold_no_file_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        for (name, why) in [
            (".", "is a directory"),
            ("none/x", "there is no directory"),
            ("file/x", "is a file"),
        ] {
            let e = check("--onnx", &at(name)).unwrap_err().to_string();
            assert!(e.starts_with("--onnx ") && e.contains(why), "{e}");
        }
        assert!(check("--onnx", &at("file")).is_ok() && check("--onnx", &at("new")).is_ok());
        assert!(check("--onnx", Path::new("new")).is_ok());
    }
}
