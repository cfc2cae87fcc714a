//! Measured tables as files: one for each adapter, driver and version of kiln. A file that is
//! broken, or speaks of shaders that there are not, is refused when it is loaded.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{Choice, PORTABLE, Rows, Table};
use crate::{
    device::Description,
    error::{Error, Result},
    files::{cache_dir, write_atomically},
    ops,
};

/// What `--tuning` asks for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Tuning {
    /// What `kiln tune` wrote for this adapter, else the built-in table.
    #[default]
    Auto,
    /// The built-in table.
    BuiltIn,
    /// A file that `kiln tune` wrote.
    File(PathBuf),
}

impl FromStr for Tuning {
    type Err = String;

    /// # Errors
    /// For an empty text.
    fn from_str(s: &str) -> Result<Tuning, String> {
        match s {
            "" => Err("expected auto, built-in or a file that `kiln tune` wrote".into()),
            "auto" => Ok(Tuning::Auto),
            "built-in" => Ok(Tuning::BuiltIn),
            path => Ok(Tuning::File(path.into())),
        }
    }
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Tuning::Auto => f.write_str("auto"),
            Tuning::BuiltIn => f.write_str("built-in"),
            Tuning::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The table that [`Tuning`] led to.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The table.
    pub table: Table,
    /// Why a file that might have been meant is not used.
    pub remark: Option<String>,
}

impl Tuning {
    /// The table for an adapter.
    ///
    /// # Errors
    /// A file that is broken; one that was asked for by name and is missing or made for something
    /// else.
    pub fn table(&self, key: &Key, software: bool) -> Result<Tuned> {
        let built_in = |remark| Tuned {
            table: Table::built_in(software),
            remark,
        };
        let (path, cached) = match self {
            Tuning::BuiltIn => return Ok(built_in(None)),
            Tuning::File(path) => (path.clone(), false),
            Tuning::Auto => match cached(key) {
                Some(path) if path.exists() => (path, true),
                Some(path) => return Ok(built_in(relative(&path, key))),
                None => return Ok(built_in(None)),
            },
        };
        let file = TableFile::read(&path)?;
        match file.misfit(key) {
            None => Ok(Tuned {
                table: file.table(&path, software)?,
                remark: None,
            }),
            Some(why) if cached => Ok(built_in(Some(format!(
                "{}: {why}; the built-in shaders run until `kiln tune` runs again",
                path.display()
            )))),
            Some(why) => Err(Error::file(
                &path,
                format!("{why}; run `kiln tune` again, or use --tuning built-in"),
            )),
        }
    }
}

/// What a table is measured for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// As the driver calls it.
    pub adapter: String,
    /// Vulkan, Metal, DX12 or GL.
    pub backend: String,
    /// The driver.
    pub driver: String,
    /// Its version.
    pub driver_info: String,
    /// The version of kiln, whose shaders they are.
    pub kiln: String,
}

/// Between the parts of a file's name, each of which has single ones.
const BETWEEN: &str = "--";

impl Key {
    /// Of an adapter and this kiln.
    pub fn of(d: &Description) -> Key {
        Key {
            adapter: d.name.clone(),
            backend: d.backend.clone(),
            driver: d.driver.clone(),
            driver_info: d.driver_info.clone(),
            kiln: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// `llvmpipe-llvm-15.0.6-256-bits--vulkan-llvmpipe-mesa-22.3.6--kiln-0.1.0.json`.
    pub fn file_name(&self) -> String {
        let driver = [self.backend.as_str(), &self.driver, &self.driver_info].join(" ");
        let kiln = format!("kiln {}", self.kiln);
        let parts = [&self.adapter, &driver, &kiln].map(|part| plain(part));
        format!("{}.json", parts.join(BETWEEN))
    }
}

/// A text as a part of a file's name: letters, digits and points, single hyphens for the rest, not
/// too long for any file system.
fn plain(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let words = text.split(|c| !kept(c)).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    name.truncate(80);
    name
}

/// Where the table for `key` is kept; nowhere if there is no home.
pub fn cached(key: &Key) -> Option<PathBuf> {
    Some(cache_dir()?.join("tuning").join(key.file_name()))
}

/// What to say where there is no table for `key` but one of the same adapter with another driver or
/// kiln: it is not passed over in silence.
fn relative(path: &Path, key: &Key) -> Option<String> {
    let prefix = format!("{}{BETWEEN}", plain(&key.adapter));
    let entries = fs::read_dir(path.parent()?).ok()?;
    let names = entries.filter_map(|e| e.ok()?.file_name().into_string().ok());
    let other = names
        .filter(|name| name.starts_with(&prefix) && name.ends_with(".json"))
        .max()?;
    Some(format!(
        "{other} was measured with another driver or version of kiln; the built-in shaders run \
         until `kiln tune` runs again"
    ))
}

/// The format that this kiln reads and writes.
const FORMAT: u32 = 1;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    format: u32,
    /// What it was measured for.
    pub made_for: Key,
    /// What was measured to be better than the built-in rules.
    pub rows: Rows,
}

/// What every format begins with.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// What became of a table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its rows, those of earlier runs included.
    pub rows: usize,
    /// Why an earlier file was replaced as a whole.
    pub replaced: Option<String>,
}

impl TableFile {
    /// Reads a file, whatever it was made for.
    ///
    /// # Errors
    /// If it cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<TableFile> {
        let text = fs::read(path).map_err(Error::io(path))?;
        let broken = |e: serde_json::Error| {
            let why = format!("not a table of `kiln tune`: {e}; run `kiln tune` again");
            Error::file(path, why)
        };
        let Head { format } = serde_json::from_slice(&text).map_err(broken)?;
        if format != FORMAT {
            let why = format!("format {format}, expected {FORMAT}; run `kiln tune` again");
            return Err(Error::file(path, why));
        }
        serde_json::from_slice(&text).map_err(broken)
    }

    /// What it was made for instead of `key`, if that is something else.
    pub fn misfit(&self, key: &Key) -> Option<String> {
        let was = &self.made_for;
        let fields = [
            ("adapter", &was.adapter, &key.adapter),
            ("backend", &was.backend, &key.backend),
            ("driver", &was.driver, &key.driver),
            ("driver_info", &was.driver_info, &key.driver_info),
            ("kiln", &was.kiln, &key.kiln),
        ];
        let (name, was, is) = fields.into_iter().find(|(_, was, is)| was != is)?;
        Some(format!("made for {name} \"{was}\", but this is \"{is}\""))
    }

    /// The table: these rows, and the built-in rules for everything else.
    ///
    /// # Errors
    /// A row about a kernel, variant or tile that there is not.
    pub fn table(self, path: &Path, software: bool) -> Result<Table> {
        self.check(path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Table {
            name: format!(
                "tuned, {file} ({} rows, {})",
                self.rows.len(),
                fingerprint(&self.rows)
            ),
            rows: self.rows,
            ..Table::built_in(software)
        })
    }

    fn check(&self, path: &Path) -> Result<()> {
        for (key, choice) in &self.rows {
            check(key, choice).map_err(|why| {
                Error::file(path, format!("row \"{key}\": {why}; run `kiln tune` again"))
            })?;
        }
        Ok(())
    }

    /// Writes what was measured for `key`: a row, or that the built-in rule is as good. Rows of
    /// earlier runs that were not measured again stay.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(
        path: &Path,
        key: &Key,
        measured: &BTreeMap<String, Option<Choice>>,
    ) -> Result<Saved> {
        let (mut rows, replaced) = earlier(path, key)?;
        for (key, choice) in measured {
            match choice {
                Some(choice) => rows.insert(key.clone(), choice.clone()),
                None => rows.remove(key),
            };
        }
        let file = TableFile {
            format: FORMAT,
            made_for: key.clone(),
            rows,
        };
        let mut text = serde_json::to_string_pretty(&file)
            .map_err(|e| Error::io(path)(io::Error::other(e)))?;
        text.push('\n');
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(Error::io(dir))?;
        }
        write_atomically(path, text.as_bytes())?;
        Ok(Saved {
            rows: file.rows.len(),
            replaced,
        })
    }
}

/// The rows of an earlier run; none of a file that cannot be used any more, and why.
fn earlier(path: &Path, key: &Key) -> Result<(Rows, Option<String>)> {
    let read = TableFile::read(path).and_then(|file| match file.misfit(key) {
        Some(why) => Err(Error::file(path, why)),
        None => file.check(path).map(|()| file.rows),
    });
    match read {
        Ok(rows) => Ok((rows, None)),
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Default::default())
        }
        Err(Error::File { message, .. }) => Ok((Rows::new(), Some(message))),
        Err(e) => Err(e),
    }
}

/// Whether there is such a kernel, such a variant of it, and such a tile.
fn check(key: &str, choice: &Choice) -> Result<(), String> {
    let name = key.split(' ').next().unwrap_or_default();
    let kernels = || ops::ALL.iter().filter(|op| !op.variants.is_empty());
    let Some(op) = kernels().find(|op| op.name == name) else {
        let known = listed(kernels().map(|op| op.name));
        return Err(format!(
            "no kernel \"{name}\" has variants; expected {known}"
        ));
    };
    if choice.variant == PORTABLE {
        return Ok(());
    }
    let Some(variant) = op.variants.iter().find(|v| v.name == choice.variant) else {
        let known = listed(
            [PORTABLE]
                .into_iter()
                .chain(op.variants.iter().map(|v| v.name)),
        );
        return Err(format!(
            "{name} has no variant \"{}\"; expected {known}",
            choice.variant
        ));
    };
    if !variant.tiles.contains(&choice.tile) {
        let known = listed(variant.tiles.iter().map(|tile| format!("{tile:?}")));
        return Err(format!(
            "{name}.{} has no tile {:?}; expected {known}",
            variant.name, choice.tile
        ));
    }
    Ok(())
}

fn listed(items: impl Iterator<Item = impl Into<String>>) -> String {
    let items: Vec<String> = items.map(Into::into).collect();
    items.join(", ")
}

/// Eight digits that tell tables apart: FNV-1a of the rows.
fn fingerprint(rows: &Rows) -> String {
    let mut text = String::new();
    for (key, choice) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{key} {} {:?}", choice.variant, choice.tile);
    }
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", text.bytes().fold(0x811c_9dc5, step))
}
