//! Files of JSON lines to which a run adds one at a time, each on the disk before anything rests on it.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// The lines; none if there is no file. A last line that a crash has torn is as if it had not been
/// written.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io(path)(e)),
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let line = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| Error::file(path, format!("line {}: {e}", i + 1)))
    };
    whole.lines().enumerate().map(line).collect()
}

/// Adds a line, after taking away what a crash has torn.
pub(super) fn append(path: &Path, line: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string(line).map_err(|e| Error::file(path, e.to_string()))?;
    text.push('\n');
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::io(path))?;
    let before = fs::read(path).map_err(Error::io(path))?;
    let whole = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |end| end + 1);
    file.set_len(whole as u64).map_err(Error::io(path))?;
    file.write_all(text.as_bytes()).map_err(Error::io(path))?;
    file.sync_data().map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A torn line is neither read nor in the way of the next.
    #[test]
    fn torn_lines_are_no_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        assert!(read::<u64>(&path).unwrap().is_empty());
        append(&path, &1u64).unwrap();
        fs::write(&path, "1\n2").unwrap();
        assert_eq!(read::<u64>(&path).unwrap(), [1]);
        append(&path, &3u64).unwrap();
        assert_eq!(read::<u64>(&path).unwrap(), [1, 3]);
        fs::write(&path, "1\nx\n").unwrap();
        assert!(
            read::<u64>(&path)
                .unwrap_err()
                .to_string()
                .contains("line 2")
        );
    }
}
