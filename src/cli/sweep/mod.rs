//! `kiln sweep`: many runs, one after the other, each a process of its own, and which of them came furthest.

mod child;
mod record;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, FromArgMatches};

use super::{
    Outcome, config, picture, say,
    setup::Watched,
    signal::stop_on_signal,
    tell,
    train::{self, Train},
};
use crate::{
    error::{Error, Result},
    report::{
        compare,
        heatmap::{Axes, Heatmap},
    },
    run,
    sweep::{self, Place, Planned, Settings},
};
use child::Child;
use record::{Record, Status};

/// `kiln sweep`.
#[derive(Args)]
pub(super) struct Sweep {
    /// The directory of the sweep; each run gets one of its own in it. If it holds this sweep, go on with it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Values of a setting, e.g. lr=0.01,0.1 or "schedule=cosine;linear"; with several, every combination
    #[arg(long, value_name = "KEY=VALUES", required_unless_present_any = ["list", "seeds"])]
    grid: Vec<String>,
    /// A TOML file with a table [[run]] for each run, of keys as in the file of `kiln train`
    #[arg(long, value_name = "FILE", conflicts_with = "grid")]
    list: Option<PathBuf>,
    /// Do each with this many seeds, counted from the --seed of the other flags
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,
    /// A file to write, .svg or .png, with a map of two settings: what the last evaluation of each found, mean and
    /// half the range over seeds
    #[arg(long, value_name = "FILE")]
    heatmap: Option<PathBuf>,
    /// Print what sweep.json holds instead of a table
    #[arg(long)]
    json: bool,
    /// Flags of `kiln train`, or its file of settings, for all runs
    #[arg(last = true, value_name = "FLAGS OF TRAIN")]
    base: Vec<OsString>,
}

/// Flags of `train` that a sweep gives itself.
const OWN: [&str; 5] = ["--out", "--no-out", "--quiet", "--json", "--dashboard"];

/// More runs than this nobody waits for: one axis too many makes them.
const MOST: usize = 10_000;

impl Sweep {
    pub(super) fn run(self) -> Result<Outcome> {
        self.check_base()?;
        let (planned, monitor) = self.plan()?;
        let axes = self.axes(&planned)?;
        let mut record = Record::open(&self.out, self.base_text(), monitor, &planned)?;
        let stop = stop_on_signal()?;
        let all = planned.len();
        for (i, run) in planned.iter().enumerate() {
            let told = |text: &str| {
                if !self.json {
                    tell(format_args!("[{}/{all}] {}: {text}", i + 1, run.name));
                }
            };
            if record.is_settled(&run.name) {
                told("was done before");
                continue;
            }
            if stop.raised() {
                told("was not begun; the same command goes on with it");
                return Ok(Outcome::Interrupted);
            }
            let dir = self.out.join(&run.name);
            let (args, resumed) = self.command(run, &dir)?;
            told(if resumed { "goes on" } else { "begins" });
            let ended = Child::start(&args)?.wait(&stop)?;
            let status = record.note(&run.name, &dir, ended)?;
            if status == Status::Stopped {
                told("was stopped and has saved; the same command goes on with it");
                return Ok(Outcome::Interrupted);
            }
            told(&record.words(&run.name));
        }
        self.conclude(&record, &planned, axes.as_ref())
    }

    /// What the heat map's rows and columns are, if there is to be one.
    fn axes(&self, planned: &[Planned]) -> Result<Option<Axes>> {
        let Some(path) = &self.heatmap else {
            return Ok(None);
        };
        picture::check("--heatmap", path)?;
        let settings: Vec<Settings> = planned.iter().map(|run| run.settings.clone()).collect();
        let axes = Axes::of(&settings);
        axes.map(Some)
            .map_err(|e| Error::Usage(format!("--heatmap: {e}")))
    }

    fn base_text(&self) -> Vec<String> {
        let text = |arg: &OsString| arg.to_string_lossy().into_owned();
        self.base.iter().map(text).collect()
    }

    fn check_base(&self) -> Result<()> {
        let base = self.base_text();
        let own = OWN.iter().find(|own| {
            let given = |arg: &String| arg == *own || arg.starts_with(&format!("{own}="));
            base.iter().any(given)
        });
        match own {
            Some(flag) => Err(Error::Usage(format!(
                "{flag} is not for the flags after `--`: the sweep decides where each run goes and what is shown; remove it"
            ))),
            None => Ok(()),
        }
    }

    /// Every run, checked as far as it can be without being recorded, and what ranks them.
    fn plan(&self) -> Result<(Vec<Planned>, Watched)> {
        let settings = match &self.list {
            Some(file) => listed(file)?,
            None => {
                let axes: Result<Vec<_>, String> =
                    self.grid.iter().map(|text| sweep::axis(text)).collect();
                let axes = axes.map_err(|e| Error::Usage(format!("--grid {e}")))?;
                for (i, (key, _)) in axes.iter().enumerate() {
                    if axes.iter().take(i).any(|(other, _)| other == key) {
                        return Err(Error::Usage(format!(
                            "--grid {key} is given twice; give all of its values at once"
                        )));
                    }
                }
                let sizes = axes.iter().map(|(_, values)| values.len());
                let runs = sizes.fold(self.seeds.unwrap_or(1) as usize, usize::saturating_mul);
                if runs > MOST {
                    return Err(Error::Usage(format!(
                        "--grid makes {runs} runs of these values; expected at most {MOST}, so leave some out, or \
                         name those that matter with --list"
                    )));
                }
                sweep::grid(&axes)
            }
        };
        self.check_keys(&settings)?;
        let (mut seeds, mut loaded) = (Vec::new(), BTreeSet::new());
        let mut monitor = Watched::EvalAccuracy;
        for (i, row) in settings.iter().enumerate() {
            let train = self.read(row)?;
            let setup = &train.flags.setup;
            let checked = setup.check_words().and_then(|()| {
                let new = loaded.insert(format!("{:?} {:?}", setup.data, setup.data_options()));
                if new { setup.load().map(drop) } else { Ok(()) }
            });
            checked.map_err(|e| {
                let pairs: Vec<String> = row.iter().map(|(k, v)| format!("{k}={v}")).collect();
                Error::Usage(format!("the run with {}: {e}", pairs.join(" ")))
            })?;
            if i == 0 {
                monitor = train.flags.saving.best.unwrap_or(Watched::EvalAccuracy);
                let first = train.flags.setup.seed();
                let count = self.seeds.unwrap_or(0);
                seeds = (0..count).map(|n| first.wrapping_add(n)).collect();
            }
        }
        Ok((sweep::plan(&settings, &seeds), monitor))
    }

    fn check_keys(&self, settings: &[Settings]) -> Result<()> {
        let command = train::command();
        let flag = if self.list.is_some() {
            "--list"
        } else {
            "--grid"
        };
        for (key, _) in settings.iter().flatten() {
            config::known(key, &command).map_err(|e| Error::Usage(format!("{flag}: {e}")))?;
            if key == "seed" && self.seeds.is_some() {
                return Err(Error::Usage(format!(
                    "{flag} seed and --seeds both decide the seed; remove one"
                )));
            }
        }
        Ok(())
    }

    /// The settings of a run as `train` would read them.
    fn read(&self, row: &Settings) -> Result<Train> {
        let command = train::command().args_override_self(true);
        let kiln = OsString::from("kiln");
        let parse = |args: Vec<OsString>| {
            let matches = command.clone().try_get_matches_from(args);
            let train = matches.and_then(|m| Train::from_arg_matches(&m));
            train.map_err(|e| Error::Usage(config::first_words(&e)))
        };
        let given: Vec<OsString> = self.base.iter().cloned().chain(flags(row)).collect();
        let train = parse([vec![kiln.clone()], given.clone()].concat())?;
        let Some(file) = &train.config else {
            return Ok(train);
        };
        let own = config::flags_of(file, &command, &train.flags.unset)?;
        parse([vec![kiln], own, given].concat())
    }

    /// The flags of all runs, without those that a run has values of its own for.
    fn base_of(&self, run: &Planned) -> Vec<OsString> {
        let command = train::command();
        let seed = run.seed.map(|_| "seed");
        let own: Vec<&str> = run
            .settings
            .iter()
            .map(|(key, _)| key.as_str())
            .chain(seed)
            .collect();
        let mut kept = Vec::new();
        let mut args = self.base.iter();
        while let Some(arg) = args.next() {
            let text = arg.to_string_lossy();
            let (flag, joined) = match text.split_once('=') {
                Some((flag, _)) => (flag, true),
                None => (&*text, false),
            };
            match flag.strip_prefix("--").filter(|key| own.contains(key)) {
                None => kept.push(arg.clone()),
                Some(key) if !joined && !config::is_switch(key, &command) => drop(args.next()),
                Some(_) => {}
            }
        }
        kept
    }

    /// What does a run, or goes on with one that was stopped; whether it goes on.
    fn command(&self, run: &Planned, dir: &Path) -> Result<(Vec<OsString>, bool)> {
        let mut args: Vec<OsString> = Vec::new();
        let resumed = dir.join(run::CONFIG).is_file();
        if resumed && dir.join("checkpoints/last").exists() {
            args.extend(["resume".into(), dir.into()]);
        } else {
            if resumed {
                // It was killed before its first checkpoint: nothing of it can go on.
                fs::remove_dir_all(dir).map_err(Error::io(dir))?;
            }
            args.push("train".into());
            args.extend(self.base_of(run).into_iter().chain(flags(&run.settings)));
            args.extend(
                run.seed
                    .map(|seed| OsString::from(format!("--seed={seed}"))),
            );
            args.extend(["--out".into(), dir.into(), "--leave-out-useless".into()]);
        }
        args.push("--quiet".into());
        Ok((args, resumed))
    }

    /// The table, the file, the pictures.
    fn conclude(
        &self,
        record: &Record,
        planned: &[Planned],
        axes: Option<&Axes>,
    ) -> Result<Outcome> {
        let places = record.rank(planned);
        record.write(&places)?;
        let done: Vec<&Planned> = planned
            .iter()
            .filter(|run| record.is_done(&run.name))
            .collect();
        let dirs: Vec<PathBuf> = done.iter().map(|run| self.out.join(&run.name)).collect();
        let runs = compare::read(&dirs)?;
        let picture = self.out.join("curves.svg");
        let charts = compare::charts(&runs);
        let mut wrote = vec![self.out.join(record::FILE)];
        if !charts.is_empty() {
            picture::write(&charts, (960, 320), "curves.svg", &picture)?;
            wrote.push(picture);
        }
        if let (Some(path), Some(axes)) = (&self.heatmap, axes) {
            let outcomes: Vec<_> = done
                .into_iter()
                .zip(runs.iter().map(compare::Run::outcome))
                .collect();
            let map = heatmap(axes, planned, &outcomes, record);
            picture::write_heatmap(&map, "--heatmap", path)?;
            wrote.push(path.clone());
        }
        if self.json {
            say!("{}", record.json(&places))?;
        } else {
            say!("{}", table(record, &places))?;
            for (name, message) in record.failures() {
                say!("failed: {name}: {message}")?;
            }
            for path in wrote {
                say!("wrote {}", path.display())?;
            }
        }
        Ok(match record.failures().next() {
            Some(_) => Outcome::Found,
            None => Outcome::Done,
        })
    }
}

/// What the last evaluation of each run found.
fn heatmap(
    axes: &Axes,
    planned: &[Planned],
    outcomes: &[(&Planned, compare::Outcome)],
    record: &Record,
) -> Heatmap {
    let share = record.percent();
    let last = |run: &Planned| {
        let (_, outcome) = outcomes.iter().find(|(other, _)| *other == run)?;
        match share {
            true => outcome.final_eval_accuracy,
            false => outcome.final_eval_loss,
        }
    };
    let runs: Vec<_> = planned.iter().map(|run| (run.clone(), last(run))).collect();
    let unit = if share { ", %" } else { "" };
    let title = format!("last {}{unit}", record.ranked_by());
    Heatmap::of(title, axes, &runs, share)
}

/// `--key=value`; nothing for a flag that is off.
fn flags(row: &Settings) -> impl Iterator<Item = OsString> {
    let command = train::command();
    row.iter().filter_map(move |(key, value)| {
        let switch = config::is_switch(key, &command);
        match (switch, value.as_str()) {
            (true, "true") => Some(format!("--{key}").into()),
            (true, "false") => None,
            _ => Some(format!("--{key}={value}").into()),
        }
    })
}

/// The runs of a file.
fn listed(file: &Path) -> Result<Vec<Settings>> {
    let text = fs::read_to_string(file).map_err(Error::io(file))?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        Error::file(file, format!("is not TOML: {}", e.to_string().trim_end()))
    })?;
    let expected = "expected [[run]] tables of keys and values, and nothing else";
    if let Some(key) = table.keys().find(|key| *key != "run") {
        return Err(Error::file(
            file,
            format!("`{key}` stands outside of a run; {expected}"),
        ));
    }
    let runs = table.get("run").and_then(toml::Value::as_array);
    let runs = runs.filter(|runs| !runs.is_empty());
    let runs = runs.ok_or_else(|| Error::file(file, format!("has no run; {expected}")))?;
    let mut rows: Vec<Settings> = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let wrong = |message: String| Error::file(file, format!("run {}: {message}", i + 1));
        let table = run.as_table().ok_or_else(|| wrong(expected.into()))?;
        let pair = |(key, value): (&String, &toml::Value)| match value {
            toml::Value::String(text) => Ok((key.replace('_', "-"), text.clone())),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
                Ok((key.replace('_', "-"), value.to_string()))
            }
            other => Err(wrong(format!(
                "`{key}` holds {}; expected a number, a text or true or false",
                other.type_str()
            ))),
        };
        let row = table.iter().map(pair).collect::<Result<Settings>>()?;
        if let Some(same) = rows.iter().position(|other| *other == row) {
            return Err(wrong(format!(
                "is the same as run {}; --seeds repeats runs",
                same + 1
            )));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn table(record: &Record, places: &[Place]) -> String {
    let unit = |x: f64| match record.percent() {
        true => format!("{:.2}%", 100.0 * x),
        false => format!("{x:.5}"),
    };
    let mut text = format!("ranking by the best {}", record.ranked_by());
    for (i, place) in places.iter().enumerate() {
        let pairs: Vec<String> = place
            .settings
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let spread = match place.spread {
            Some(spread) => format!(" ± {} ({} seeds)", unit(spread), place.runs.len()),
            None => String::new(),
        };
        let what = match pairs.is_empty() {
            true => "all".into(),
            false => pairs.join(" "),
        };
        text += &format!("\n{:>4}. {}{spread}  {what}", i + 1, unit(place.mean));
    }
    if places.is_empty() {
        text += "\n  no run was evaluated";
    }
    text
}
