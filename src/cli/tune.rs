//! `kiln tune`: which shaders are fastest on this adapter.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use super::{Outcome, bench, say, setup::Setup};
use crate::{
    bench::{
        Workload,
        kernels::cases,
        tune::{self, LaunchRow, Step, TuneReport},
    },
    device::{self, Choice, Gpu, Machine, Needs},
    error::{Error, Result},
    exec::tuning::{Key, TableFile, cached},
};

/// `kiln tune`.
#[derive(Args)]
#[command(after_help = "\
Every launch of a training step that has several shaders (matrix products, convolutions) is run
with each of them, checked, and timed in turns. A shader is chosen instead of the built-in one if
its median is at least 3% below that one's, and its 90th percentile below that one's 10th. The
choices are kept in the user's cache directory (KILN_CACHE_DIR names another), one file for each
adapter, driver and version of kiln; `train` and `bench` use them and say so, unless
`--tuning built-in` is given. The same table gives the same bits. Let nothing else run meanwhile.")]
pub(super) struct Tune {
    /// The step of w1 (lenet), w2 (MLP), w3 (small MLP) or w4 (convolutions) [default: w1, w2 and
    /// w4, unless flags of `train` say what is trained]
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "Setup",
        help_heading = "Measurement"
    )]
    workload: Option<Workload>,
    /// auto, gpu, software, or part of an adapter's name (see `kiln devices`)
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "auto",
        help_heading = "Measurement"
    )]
    device: Choice,
    /// Write nothing
    #[arg(long, help_heading = "Measurement")]
    dry_run: bool,
    /// Print one line of JSON
    #[arg(long, help_heading = "Measurement")]
    json: bool,
    #[command(flatten)]
    setup: Option<Setup>,
}

/// What is tuned unless flags say otherwise: the steps in which arithmetic counts.
const DEFAULT: [Workload; 3] = [Workload::W1, Workload::W2, Workload::W4];

/// The report, and what became of it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    report: &'a TuneReport,
    /// Where the table is kept.
    file: PathBuf,
    /// Whether it was written.
    written: bool,
    /// Rows of the table, those of earlier runs included.
    rows: Option<usize>,
}

impl Tune {
    pub(super) fn run(self) -> Result<Outcome> {
        let steps = self.steps()?;
        let gpu = self.open(&steps)?;
        let key = Key::of(&gpu.description);
        let file = cached(&key).ok_or_else(|| {
            Error::Usage(
                "there is no home directory; KILN_CACHE_DIR names a folder to keep tables in"
                    .into(),
            )
        })?;
        if !self.json {
            say!("{}", head(&gpu))?;
        }
        let mut rows = None;
        let report = tune::tune(&steps, &gpu, |row| {
            if !self.json {
                say!("{}", line(row))?;
            }
            // Each at once: all of them take minutes, and whoever stops before keeps the first.
            if !self.dry_run {
                rows = Some(keep(&file, &key, row)?);
            }
            Ok(())
        })?;
        if self.json {
            let written = Written {
                report: &report,
                file,
                written: rows.is_some(),
                rows,
            };
            say!("{}", bench::json(&written)?)?;
        } else {
            say!("\n{}", summary(&report))?;
            say!("{}", ending(rows, &file))?;
        }
        Ok(Outcome::Done)
    }

    fn steps(&self) -> Result<Vec<Step>> {
        if let Some(setup) = &self.setup {
            let ready = setup.ready()?;
            return Ok(vec![Step {
                name: ready.model,
                plan: ready.session.plan,
            }]);
        }
        let workloads = self.workload.map_or(DEFAULT.to_vec(), |w| vec![w]);
        let step = |w: Workload| {
            Ok(Step {
                name: w.to_string(),
                plan: Arc::new(cases::plan(w, w.batch_size())?),
            })
        };
        workloads.into_iter().map(step).collect()
    }

    fn open(&self, steps: &[Step]) -> Result<Arc<Gpu>> {
        let needs = steps.iter().map(|step| Needs::of(&step.plan));
        let needs = needs.reduce(|a, b| Needs {
            binding: a.binding.max(b.binding),
            buffer: a.buffer.max(b.buffer),
        });
        match device::open(&self.device, needs.unwrap_or_default())? {
            (Machine::Gpu(gpu), _) => Ok(gpu),
            (Machine::Cpu, line) => Err(Error::Usage(format!(
                "{line}: it runs no shaders, so there is nothing to tune; name an adapter with \
                 --device (`kiln devices` lists them)"
            ))),
        }
    }
}

fn head(gpu: &Arc<Gpu>) -> String {
    let device = crate::bench::Device::of(&Machine::Gpu(gpu.clone()));
    format!(
        "on {}\n{:<52} {:>4} {:<15} {:>10}   {:<15} {:>10} {:>7}",
        bench::adapter(&device),
        "launch",
        "uses",
        "built-in",
        "µs",
        "chosen",
        "µs",
        "gain"
    )
}

/// Puts a launch into the table, and says how many rows that has.
fn keep(file: &Path, key: &Key, row: &LaunchRow) -> Result<usize> {
    let saved = TableFile::save(file, key, &row.measured())?;
    if let Some(why) = saved.replaced {
        eprintln!("note: the table of an earlier run is replaced: {why}");
    }
    Ok(saved.rows)
}

fn line(l: &LaunchRow) -> String {
    let uses: u64 = l.uses.iter().sum();
    let (built_in, chosen) = (l.built_in.to_string(), l.chosen.to_string());
    let before = format!(
        "{:<52} {uses:>4} {built_in:<15} {:>10.1}",
        l.launch, l.built_in_us
    );
    let mut line = match l.chosen == l.built_in {
        true => format!("{before}   (kept)"),
        false => format!(
            "{before}   {chosen:<15} {:>10.1} {:>6.1}%",
            l.chosen_us,
            100.0 * (1.0 - l.chosen_us / l.built_in_us)
        ),
    };
    let failed = l.trials.iter().filter(|t| t.failed);
    for t in failed {
        let why = t.left_out.as_deref().unwrap_or_default();
        line += &format!("\n    left out {}: {why}", t.choice);
    }
    line
}

fn summary(r: &TuneReport) -> String {
    let changed = r.launches.iter().filter(|l| l.chosen != l.built_in).count();
    let mut lines = vec![format!(
        "{changed} of {} kinds of launches get another shader than the built-in one.",
        r.launches.len()
    )];
    for s in &r.steps {
        lines.push(format!(
            "{}: these launches take {:.3} ms a step instead of {:.3} ({:.1}% less)",
            s.step,
            s.after_us / 1e3,
            s.before_us / 1e3,
            100.0 * (1.0 - s.after_us / s.before_us)
        ));
    }
    lines.join("\n")
}

fn ending(rows: Option<usize>, file: &Path) -> String {
    match rows {
        None => "nothing was written".into(),
        Some(rows) => format!(
            "wrote {} ({rows} rows); runs on this adapter use it from now on",
            file.display()
        ),
    }
}
