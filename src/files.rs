//! Files that are there whole or not at all, and where kiln keeps its own.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use crate::error::{Error, Result};

/// Where kiln keeps what it can make again: the folder that `KILN_CACHE_DIR` names, else `kiln` in
/// the user's cache directory (`XDG_CACHE_HOME` or `~/.cache`; on Windows the local application
/// data). None if there is no home.
pub fn cache_dir() -> Option<PathBuf> {
    match env::var_os("KILN_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => Some(dir.into()),
        None => Some(
            etcetera::choose_base_strategy()
                .ok()?
                .cache_dir()
                .join("kiln"),
        ),
    }
}

/// Writes to a temporary file beside `path`, syncs it, and renames it: whoever reads `path` sees
/// the old file or the new one, also after a crash.
///
/// # Errors
/// If the directory cannot be written; `path` is as it was then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // Like any new file: what the umask allows, not what suits a secret.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The temporary file's own name would tell nobody anything.
    let nameless = |e: std::io::Error| Error::io(dir)(e.kind().into());
    let mut file = builder.tempfile_in(dir).map_err(nameless)?;
    // Its own errors name the temporary file.
    file.as_file_mut()
        .write_all(bytes)
        .map_err(Error::io(path))?;
    file.as_file().sync_all().map_err(Error::io(path))?;
    file.persist(path).map_err(|e| Error::io(path)(e.error))?;
    sync_dir(dir)
}

/// Names in a directory survive a power cut once it is synced, where systems can do that.
///
/// # Errors
/// If it cannot be synced.
pub fn sync_dir(path: &Path) -> Result<()> {
    #[cfg(unix)]
    std::fs::File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A failed write leaves the old file, and nothing beside it.
    #[test]
    fn replaces_whole_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(write_atomically(&dir.path().join("missing/a"), b"").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
