//! `environment.json`: what a run ran on, when, for how long, and how it ended.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    files::write_atomically,
};

/// When the run began, in seconds since 1970.
pub const STARTED: &str = "started";
/// What else it ran on before, and until which update.
pub const BEFORE: &str = "before";
/// How many seconds it took.
pub const SECONDS: &str = "seconds";
/// How it ended, in words; a run that was killed, or that goes on, has none.
pub const ENDED: &str = "ended";
/// Which weights `model.safetensors` holds, in words; there once a run has left them.
pub const WEIGHTS: &str = "weights";

/// How many updates were left out, as their loss or gradient was not finite.
pub const SKIPPED: &str = "skipped updates";
/// What could not be written while it went on, in words.
pub const UNWRITTEN: &str = "unwritten";

/// Names with texts and numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Environment(BTreeMap<String, Value>);

impl Environment {
    /// Reads the file; if there is none, nothing is known.
    ///
    /// # Errors
    /// If it cannot be read, or does not hold a JSON object.
    pub fn read(path: &Path) -> Result<Environment> {
        let text = match fs::read(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Environment::default()),
            text => text.map_err(Error::io(path))?,
        };
        serde_json::from_slice(&text).map_err(|e| {
            let message = format!("{e}; expected a JSON object of names and values");
            Error::file(path, message)
        })
    }

    /// Writes the file, which is there whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self).map_err(|e| Error::file(path, e.to_string()))?;
        write_atomically(path, &json)
    }

    /// Says something, in place of what was said under this name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// A value as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(text)
    }

    /// A number, also one that is written as text.
    pub fn number(&self, name: &str) -> Option<f64> {
        let number: Option<f64> = self.text(name)?.parse().ok();
        number.filter(|x| x.is_finite())
    }

    /// When the run began; 1970 where that is not known, or is no time.
    pub fn started(&self) -> SystemTime {
        let seconds = self.number(STARTED).unwrap_or(0.0);
        let since = Duration::try_from_secs_f64(seconds.trunc()).unwrap_or_default();
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// All names and their values as text.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, String)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), text(value)))
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is set is read back, numbers as numbers; files with numbers as text are understood as well.
    #[test]
    fn numbers_are_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("environment.json");
        assert_eq!(Environment::read(&path).unwrap(), Environment::default());
        let mut new = Environment::default();
        new.set(SECONDS, 12.5);
        new.set("threads", 4);
        new.set("os", "linux");
        new.write(&path).unwrap();
        let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(json["seconds"], 12.5);
        assert_eq!(json["threads"], 4);
        assert_eq!(Environment::read(&path).unwrap(), new);
        fs::write(
            &path,
            r#"{"seconds": "12.5", "os": "linux", "threads": "4"}"#,
        )
        .unwrap();
        let old = Environment::read(&path).unwrap();
        assert_eq!(old.number(SECONDS), new.number(SECONDS));
        assert!(old.pairs().eq(new.pairs()));
        assert_eq!((old.number("os"), old.number("adapter")), (None, None));
    }
}
