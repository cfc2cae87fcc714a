//! The few lines of a run's `config.toml` that say what was trained on what.
//!
//! TO BE REPLACED by the function that turns all of `config.toml` into a run's settings: nothing
//! but [`Settings::read`] is used elsewhere.

use std::{collections::HashMap, fs::File, io::Read, path::Path, str::FromStr};

use crate::{
    data::{Options, TaskKind},
    error::{Error, Result},
};

/// More than a flat list of flags can take.
const MOST_BYTES: u64 = 1 << 20;

/// What was trained on what.
pub(super) struct Settings {
    /// The layers, as `--model` takes them.
    pub(super) model: String,
    /// The data, as `--data` takes it.
    pub(super) data: String,
    /// How it was loaded.
    pub(super) options: Options,
    pub(super) label_smoothing: f64,
}

impl Settings {
    /// Reads them from the directory of a run.
    pub(super) fn read(run: &Path) -> Result<Settings> {
        let path = run.join("config.toml");
        if !path.exists() {
            return Err(Error::Usage(format!(
                "{} has no config.toml: expected the directory of a run, or --model, --weights and \
                 --data instead of it",
                run.display()
            )));
        }
        let (mut text, file) = (String::new(), File::open(&path).map_err(Error::io(&path))?);
        file.take(MOST_BYTES)
            .read_to_string(&mut text)
            .map_err(Error::io(&path))?;
        let lines = Lines::read(&path, &text)?;
        let needed = |key: &str| -> Result<String> {
            lines.get(key)?.ok_or_else(|| {
                Error::file(
                    &path,
                    format!("has no line `{key} = …`; expected one of every run"),
                )
            })
        };
        let options = Options {
            target: lines.get("target")?,
            task: lines.get::<TaskKind>("task")?,
            classes: lines.get("classes")?,
            test_fraction: lines.get("test-fraction")?,
            standardize: lines.get("standardize")?.unwrap_or(false),
            limit: lines.get("limit")?,
            seed: lines.get("seed")?.unwrap_or(0),
        };
        Ok(Settings {
            model: needed("model")?,
            data: needed("data")?,
            options,
            label_smoothing: lines.get("label-smoothing")?.unwrap_or(0.0),
        })
    }
}

/// Flat TOML: a key and a value a line.
struct Lines<'a> {
    path: &'a Path,
    /// The line's number and the value as text.
    values: HashMap<&'a str, (usize, String)>,
}

impl<'a> Lines<'a> {
    fn read(path: &'a Path, text: &'a str) -> Result<Lines<'a>> {
        let mut values = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.starts_with('[') {
                break;
            }
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let value = line.split_once('=').and_then(|(key, value)| {
                Some((key.trim().trim_matches('"'), unquoted(value.trim())?))
            });
            let Some((key, value)) = value else {
                let problem = format!("line {number}: expected `key = value`, found `{line}`");
                return Err(Error::file(path, problem));
            };
            values.insert(key, (number, value));
        }
        Ok(Lines { path, values })
    }

    fn get<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<Option<T>> {
        let Some((line, value)) = self.values.get(key) else {
            return Ok(None);
        };
        let wrong = |e: T::Err| {
            let problem = format!("line {line}: `{key}` cannot be `{value}`: {e}");
            Error::file(self.path, problem)
        };
        value.parse().map(Some).map_err(wrong)
    }
}

/// A TOML value of one line as text: a string without its quotes, anything else as it stands.
fn unquoted(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(text, _)| text.into());
    }
    if value.starts_with('"') {
        // TOML's escapes are JSON's, but for those of characters beyond the basic plane.
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
        return values.next()?.ok();
    }
    let plain = value.split('#').next().unwrap_or_default().trim();
    (!plain.is_empty()).then(|| plain.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a run writes is read, whatever else it writes; what is wrong is named by line.
    #[test]
    fn a_runs_config_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Settings::read(dir.path())
        };
        let text = "# kiln 0.1.0\nmodel = \"Linear(3)\\nReLU\" # note\ndata = 'a\\b.csv'\n\
                    target = \"y\"\ntask = \"regression\"\nlr = 0.05\nseed = 1_000\n\
                    standardize = true # yes\nlabel-smoothing = 0.1\n[other]\nmodel = 1";
        let s = read(text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            (s.model.as_str(), s.data.as_str()),
            ("Linear(3)\nReLU", "a\\b.csv")
        );
        assert_eq!(s.options.target.as_deref(), Some("y"));
        assert_eq!(s.options.task, Some(TaskKind::Regression));
        assert_eq!((s.options.seed, s.options.standardize), (1000, true));
        assert_eq!(s.label_smoothing, 0.1);
        for (text, part) in [
            ("data = \"digits\"", "no line `model"),
            ("model", "line 1: expected `key = value`"),
            (
                "model = \"a\"\ndata = \"b\"\nseed = -1",
                "line 3: `seed` cannot be `-1`",
            ),
        ] {
            let e = read(text).err().expect("refused").to_string();
            assert!(e.contains(part), "{text}: {e}");
        }
    }
}
