//! One configuration: a TOML file and flags say the same things. A key of the file is the long name
//! of a flag, its value goes through the flag's own parser, and flags win. Because the settings are
//! read back from the flags as clap saw them, no setting exists that a file cannot hold.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Command, error::ErrorKind};

use crate::{
    error::{Error, Result},
    optim::Optimizer,
    schedule::{LearningRate, Spec},
};

/// Flags that say what is shown or where it goes, not what is trained.
const NOT_SETTINGS: [&str; 9] = [
    "leave-out-useless",
    "help",
    "version",
    "out",
    "no-out",
    "quiet",
    "json",
    "dashboard",
    "unset",
];

/// What a run was asked to do, by flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings(Vec<Setting>);

#[derive(Clone, Debug, PartialEq)]
struct Setting {
    key: String,
    heading: String,
    value: Value,
    /// Whether it would be so anyway.
    is_default: bool,
}

/// What flags without a default of clap's mean where they are not given, if that is the same in every run.
const USUAL: [(&str, &str); 5] = [
    ("lr", "0.05"),
    ("keep", "3"),
    ("test-fraction", "0.2"),
    ("monitor", "eval-loss"),
    ("observe", "epoch"),
];

/// Whether a setting is as it is where nobody gives it.
pub(super) fn is_usual(key: &str, text: &str) -> bool {
    USUAL.contains(&(key, text))
}

/// A flag's value: whether it stands there, or its text.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Flag,
    Text(String),
}

/// A setting that differs between two runs: its name, before, after.
pub(super) type Change = (String, Option<String>, Option<String>);

impl Settings {
    /// The settings of a subcommand as clap has read them.
    pub(super) fn of(command: &Command, matches: &ArgMatches) -> Settings {
        let setting = |arg: &Arg| {
            let id = arg.get_id().as_str();
            let value = match arg.get_action() {
                ArgAction::SetTrue => matches.get_flag(id).then_some(Value::Flag)?,
                _ => {
                    let text = matches.get_raw(id)?.next()?;
                    Value::Text(text.to_string_lossy().into_owned())
                }
            };
            let default = arg.get_default_values().first();
            let default = default.map(|text| text.to_string_lossy().into_owned());
            Some(Setting {
                key: arg.get_long()?.into(),
                heading: arg.get_help_heading().unwrap_or("Settings").into(),
                is_default: default.is_some_and(|text| text == value.text())
                    || arg
                        .get_long()
                        .is_some_and(|key| is_usual(key, &value.text())),
                value,
            })
        };
        Settings(settable(command).filter_map(setting).collect())
    }

    /// Says what was left open.
    pub(super) fn resolve(&mut self, command: &Command, key: &str, text: &str) {
        let text = Value::Text(text.into());
        if let Some(setting) = self.0.iter_mut().find(|s| s.key == key) {
            (setting.value, setting.is_default) = (text, false);
            return;
        }
        if let Some(arg) = settable(command).find(|arg| arg.get_long() == Some(key)) {
            self.0.push(Setting {
                key: key.into(),
                heading: arg.get_help_heading().unwrap_or("Settings").into(),
                value: text,
                is_default: false,
            });
        }
        let place = |s: &Setting| settable(command).position(|a| a.get_long() == Some(&s.key));
        self.0.sort_by_key(place);
    }

    /// Changes a setting, or takes it out.
    pub(super) fn set(&mut self, command: &Command, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.resolve(command, key, text),
            None => self.remove(key),
        }
    }

    /// Says what was left open.
    pub(super) fn fill(&mut self, command: &Command, key: &str, text: &str) {
        if self.get(key).is_none() {
            self.resolve(command, key, text);
            let filled = self.0.iter_mut().filter(|s| s.key == key);
            filled.for_each(|s| s.is_default = is_usual(key, text));
        }
    }

    /// Takes a setting out.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|s| s.key != key);
    }

    /// A setting's text; `true` for a flag that stands there.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.0.iter().find(|s| s.key == key).map(|s| s.value.text())
    }

    /// Name, text, and whether it is as it is by default.
    pub(super) fn rows(&self) -> Vec<(String, String, bool)> {
        let row = |s: &Setting| (s.key.clone(), s.value.text(), s.is_default);
        self.0.iter().map(row).collect()
    }

    /// What differs in `other`.
    pub(super) fn changes(&self, other: &Settings) -> Vec<Change> {
        let keys = self.0.iter().chain(&other.0).map(|s| s.key.as_str());
        let pairs: BTreeMap<&str, _> = keys
            .map(|key| (key, (self.get(key), other.get(key))))
            .collect();
        let changed = pairs.into_iter().filter(|(_, (a, b))| a != b);
        changed.map(|(key, (a, b))| (key.into(), a, b)).collect()
    }

    /// What clap makes of them.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub(super) fn matches(&self, command: Command) -> Result<ArgMatches> {
        let flag = |s: &Setting| match &s.value {
            Value::Flag => format!("--{}", s.key),
            Value::Text(text) => format!("--{}={text}", s.key),
        };
        let args = std::iter::once("kiln".into()).chain(self.0.iter().map(flag));
        let found = command.try_get_matches_from(args);
        found.map_err(|e| Error::Usage(first_words(&e)))
    }

    /// The file that says the same, under the headings of `--help`.
    pub(super) fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut headings: Vec<&str> = Vec::new();
        for s in &self.0 {
            if !headings.contains(&s.heading.as_str()) {
                headings.push(&s.heading);
            }
        }
        for heading in headings {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n# {heading}");
            for s in self.0.iter().filter(|s| s.heading == heading) {
                let _ = writeln!(text, "{} = {}", s.key, s.value.toml());
            }
        }
        text
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Flag => "true".into(),
            Value::Text(text) => text.clone(),
        }
    }

    /// A number where it reads as one and comes back the same, else a string.
    fn toml(&self) -> String {
        match self {
            Value::Flag => "true".into(),
            Value::Text(text) => {
                let whole = text.parse::<i64>().is_ok_and(|n| n.to_string() == *text);
                let float = || text.parse::<f64>().is_ok_and(|x| format!("{x:?}") == *text);
                match whole || float() {
                    true => text.clone(),
                    false => toml::Value::String(text.clone()).to_string(),
                }
            }
        }
    }
}

/// The flags of a subcommand that a file may set.
fn settable(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        let name = arg.get_long();
        name.is_some_and(|name| !NOT_SETTINGS.contains(&name))
    })
}

/// The flags that a file's keys stand for. Keys that `unset` names are left out.
///
/// # Errors
/// A file that cannot be read or is no TOML, an unknown key (with the nearest name), a value that the
/// flag does not take: all with the line.
pub(super) fn flags_of(path: &Path, command: &Command, unset: &[String]) -> Result<Vec<OsString>> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let table = toml::de::DeTable::parse(&text)
        .map_err(|e| Error::file(path, format!("is not TOML: {}", e.to_string().trim_end())))?;
    let mut used = Vec::new();
    let mut flags = Vec::new();
    let mut keys: Vec<_> = table.get_ref().iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in keys {
        let before = text.get(..key.span().start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let wrong = |message: String| Error::file(path, format!("line {line}: {message}"));
        let name = key.get_ref().replace('_', "-");
        let arg = settable(command).find(|arg| arg.get_long() == Some(&name));
        let Some(arg) = arg else {
            return Err(wrong(unknown(key.get_ref(), command)));
        };
        if unset.contains(&name) {
            used.push(name);
            continue;
        }
        let flag = flag(&name, arg, value.get_ref()).map_err(wrong)?;
        if let Some(flag) = flag {
            let alone = [OsString::from("kiln"), flag.clone()];
            let parser = command.clone().ignore_errors(false);
            match parser.try_get_matches_from(alone) {
                // What it goes with stands on another line, or is missed when all are read together.
                Err(e) if e.kind() == ErrorKind::MissingRequiredArgument => {}
                Err(e) => return Err(wrong(first_words(&e))),
                Ok(_) => {}
            }
            if let Some(text) = value.get_ref().as_str() {
                check_language(&name, text).map_err(|e| wrong(format!("{name}: {e}")))?;
            }
            flags.push(flag);
        }
    }
    match unset.iter().find(|name| !used.contains(name)) {
        Some(name) => Err(Error::Usage(format!(
            "--unset {name}: {} has no such key",
            path.display()
        ))),
        None => Ok(flags),
    }
}

/// Values in a language of their own, whose mistakes should name the line too.
fn check_language(name: &str, text: &str) -> Result<()> {
    match name {
        "schedule" => text.parse::<LearningRate>().map(drop)?,
        "momentum-schedule" | "weight-decay-schedule" => text.parse::<Spec>().map(drop)?,
        "optimizer" => Optimizer::parse(text).map(drop)?,
        _ => {}
    }
    Ok(())
}

/// `--key=value`; nothing for a flag that is off.
fn flag(name: &str, arg: &Arg, value: &toml::de::DeValue) -> Result<Option<OsString>, String> {
    use toml::de::DeValue::{Boolean, Float, Integer, String};
    let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
    let text = match value {
        Boolean(on) if is_flag => return Ok(on.then(|| format!("--{name}").into())),
        _ if is_flag => return Err(format!("`{name}` is on or off: expected true or false")),
        String(text) => text.to_string(),
        Integer(n) => n.to_string(),
        Float(x) => x.to_string(),
        other => {
            return Err(format!(
                "`{name}` holds {}; expected a number or a text in quotes",
                other.type_str()
            ));
        }
    };
    Ok(Some(format!("--{name}={text}").into()))
}

/// Whether a key is a setting of a subcommand.
///
/// # Errors
/// If it is none, with the nearest name.
pub(super) fn known(key: &str, command: &Command) -> Result<(), String> {
    let found = settable(command).any(|arg| arg.get_long() == Some(key));
    found.then_some(()).ok_or_else(|| unknown(key, command))
}

/// Whether it is on or off.
pub(super) fn is_switch(key: &str, command: &Command) -> bool {
    let found = settable(command).find(|arg| arg.get_long() == Some(key));
    found.is_some_and(|arg| matches!(arg.get_action(), ArgAction::SetTrue))
}

fn unknown(key: &str, command: &Command) -> String {
    let names = || settable(command).filter_map(Arg::get_long);
    let name = key.replace('_', "-");
    let near = names()
        .map(|known| (strsim::damerau_levenshtein(known, &name), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3 + 1);
    if NOT_SETTINGS.contains(&name.as_str()) {
        return format!("`{key}` is not a setting of the run: give it as a flag, --{name}");
    }
    match near {
        Some((_, near)) => format!("unknown key `{key}`; did you mean `{near}`?"),
        None => format!("unknown key `{key}`; the keys are the flags of `kiln train --help`"),
    }
}

/// clap's message without its frame.
pub(super) fn first_words(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let end = text
        .find("\n\nUsage")
        .or(text.find("\n\nFor more"))
        .unwrap_or(text.len());
    text.split_at(end).0.trim_end().into()
}

/// A path as it is from every folder, where it names something that exists.
pub(super) fn absolute(text: &str) -> String {
    let path = Path::new(text);
    let full = || -> Option<PathBuf> { std::path::absolute(path).ok() };
    match path.exists().then(full).flatten() {
        Some(full) => full.to_string_lossy().into_owned(),
        None => text.into(),
    }
}

/// A starter file: every setting with what it is for, as a comment.
pub(super) fn starter(command: &Command) -> String {
    let mut text = String::from(
        "# A training run: `kiln train run.toml` starts it, and every key is also a flag, which wins:\n\
         # `kiln train run.toml --lr 0.01`. What is commented out is as it is by default.\n",
    );
    let heading_of = |arg: &Arg| arg.get_help_heading().unwrap_or("Settings").to_string();
    let mut headings: Vec<String> = Vec::new();
    let mut args: Vec<&Arg> = settable(command).collect();
    for heading in args.iter().map(|arg| heading_of(arg)) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    // Flags of one heading are declared where they are read, not side by side.
    args.sort_by_key(|arg| headings.iter().position(|h| *h == heading_of(arg)));
    let mut heading = String::new();
    for arg in args {
        let Some(name) = arg.get_long() else { continue };
        if heading_of(arg) != heading {
            heading = heading_of(arg);
            text += &format!("\n## {heading}\n");
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        text += &format!("\n# {}\n", help.replace('\n', "\n# "));
        text += &match starting(name) {
            Some(value) => format!("{name} = {value}\n"),
            None => format!("# {name} = {}\n", example(arg)),
        };
    }
    text
}

/// What the starter file sets.
fn starting(name: &str) -> Option<&'static str> {
    Some(match name {
        "data" => "\"digits\"",
        "epochs" => "20",
        "batch-size" => "32",
        "lr" => "0.05",
        "optimizer" => "\"SGD(momentum=0.9)\"",
        "schedule" => "\"warmup(1ep) then cosine\"",
        "seed" => "0",
        _ => return None,
    })
}

/// What the help calls a number.
const NUMBERS: [&str; 7] = ["N", "K", "X", "V", "D", "F", "LR"];

/// The default, else what the help calls the value.
fn example(arg: &Arg) -> String {
    let default = arg.get_default_values().first();
    match (arg.get_action(), default) {
        (ArgAction::SetTrue, _) => "true".into(),
        (_, Some(text)) => Value::Text(text.to_string_lossy().into_owned()).toml(),
        _ => {
            let names = arg.get_value_names().unwrap_or_default();
            let name = names.first().map_or("…", |name| name.as_str());
            match NUMBERS.contains(&name) {
                true => name.into(),
                false => format!("{name:?}"),
            }
        }
    }
}
