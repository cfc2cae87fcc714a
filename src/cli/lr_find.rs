//! `kiln lr-find`: a rate for a run, or plainly none.

use std::{
    ffi::OsString,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Args, parser::ValueSource};
use serde_json::json;

use super::{
    Outcome, machine::MachineFlags, number, picture, progress::significant, ready::Ready, say,
    setup::Setup, signal::stop_on_signal,
};
use crate::{
    error::{Error, Result},
    lrfind::{Curve, Rules, SMOOTHING, Subject, Sweep, Untouched, Verdict},
    report::lr_find::chart,
    train::{Order, Session, weights},
};

/// `kiln lr-find`.
#[derive(Args)]
pub(super) struct LrFind {
    /// Settings of the run, as `kiln train` takes them
    #[arg(value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The first update's rate
    #[arg(
        long,
        value_name = "LR", value_parser = number::decimal::<f64>("1e-7"),
        default_value_t = 1e-7,
        help_heading = "Sweep",
        allow_negative_numbers = true
    )]
    from: f64,
    /// The last update's rate
    #[arg(
        long,
        value_name = "LR", value_parser = number::decimal::<f64>("10"),
        default_value_t = 10.0,
        help_heading = "Sweep",
        allow_negative_numbers = true
    )]
    to: f64,
    /// Updates from the one to the other
    #[arg(long, value_name = "N", value_parser = number::whole(0u64, 200), default_value_t = 200, help_heading = "Sweep")]
    steps: u64,
    /// Runs, each with another seed of weights and order
    #[arg(long, value_name = "R", default_value_t = 3, help_heading = "Sweep",
          value_parser = clap::value_parser!(u64).range(1..=100))]
    runs: u64,
    #[command(flatten)]
    setup: Setup,
    #[command(flatten, next_help_heading = "Machine")]
    machine: MachineFlags,
    /// A file to write, .svg or .png, with the curves, instead of drawing in the terminal
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Flags of `train` that a sweep decides itself, or that would bend its curve.
const SWEPT: [&str; 12] = [
    "epochs",
    "max_steps",
    "lr",
    "lr_scale",
    "base_batch",
    "schedule",
    "momentum_schedule",
    "weight_decay_schedule",
    "monitor",
    "observe",
    "ema",
    "swa",
];

/// Keys of a file of settings that say when `train` saves and stops.
const SAVING: [&str; 6] = [
    "save-every",
    "keep",
    "best",
    "patience",
    "max-time",
    "until",
];

/// The flags of a file that have an effect on a sweep. The others are named on standard error.
pub(super) fn effective(file: &Path, flags: Vec<OsString>) -> Vec<OsString> {
    let name = |flag: &OsString| {
        let text = flag.to_string_lossy();
        let name = text.trim_start_matches("--").split('=').next();
        name.unwrap_or_default().to_string()
    };
    let useless = |flag: &OsString| {
        let name = name(flag);
        SAVING.contains(&name.as_str()) || SWEPT.contains(&name.replace('-', "_").as_str())
    };
    let (left, kept): (Vec<_>, Vec<_>) = flags.into_iter().partition(useless);
    if !left.is_empty() {
        let names: Vec<String> = left.iter().map(name).collect();
        eprintln!(
            "note: {}: not used here, as the rate is swept over --steps updates: {}",
            file.display(),
            names.join(", ")
        );
    }
    kept
}

impl LrFind {
    /// `matches` are what clap made of the flags, those of a file that have an effect among them.
    pub(super) fn run(self, matches: &ArgMatches) -> Result<Outcome> {
        for id in SWEPT {
            if matches.value_source(id) == Some(ValueSource::CommandLine) {
                return Err(Error::Usage(format!(
                    "--{} has no effect here: the rate goes from --from to --to over --steps updates, nothing \
                     else changes, and the training loss alone is judged; remove it",
                    id.replace('_', "-")
                )));
            }
        }
        let sweep = Sweep::new(self.from, self.to, self.steps)?;
        if let Some(path) = &self.plot {
            picture::check("--plot", path)?;
        }
        let mut ready = self.ready()?;
        let fixed = self.setup.init.is_some() && ready.config.order == Order::Sequential;
        if fixed && self.runs > 1 {
            return Err(Error::Usage(format!(
                "--runs {} would be one run again and again: --init fixes the weights and --order sequential \
                 the order; use --runs 1",
                self.runs
            )));
        }
        let before = Untouched::of(&ready.weights, &ready.config, &ready.data);
        (ready.data.val, ready.data.test) = (None, None);
        ready.session = Session::record(&ready.network, &ready.data, &ready.config)?;
        let (curves, device) = self.sweep(&ready, &sweep)?;
        let Some(curves) = curves else {
            eprintln!("stopped; nothing was suggested and nothing was written");
            return Ok(Outcome::Interrupted);
        };
        let after = Untouched::of(&self.weights(&ready, 0)?, &ready.config, &ready.data);
        let verdict = Verdict::of(&sweep, &curves);
        self.draw(&sweep, &curves, &verdict)?;
        if self.json {
            say!(
                "{}",
                json!({
                    "suggestion": verdict.suggestion, "reason": verdict.reason, "rule": "valley",
                    "spread": verdict.spread, "remarks": verdict.remarks, "sweep": sweep,
                    "smoothing": SMOOTHING, "device": device, "runs": curves,
                    "digests": { "before": before, "after": after },
                })
            )?;
        } else {
            say!("{}", report(&curves, &verdict))?;
            say!("{}", digests(&before, &after))?;
        }
        match before == after {
            true => Ok(Outcome::Done),
            false => Err(Error::Usage(
                "what a run starts from changed while the rate was swept: is something else writing the \
                 file of --init?"
                    .into(),
            )),
        }
    }

    /// The run as `train` would begin it, without its schedule.
    fn ready(&self) -> Result<Ready> {
        let mut setup = self.setup.clone();
        setup.max_steps = Some(self.steps);
        setup.ready()
    }

    /// The weights that run `run` starts from, made or read anew.
    fn weights(&self, ready: &Ready, run: u64) -> Result<Vec<Vec<f32>>> {
        match &self.setup.init {
            Some(path) => weights::load(path, &ready.network.params().collect::<Vec<_>>()),
            None => Ok(ready.network.init(ready.config.seed.wrapping_add(run))),
        }
    }

    /// All runs, and the machine; no curves if a person stopped them.
    fn sweep(&self, ready: &Ready, sweep: &Sweep) -> Result<(Option<Vec<Curve>>, String)> {
        let subject = Subject {
            session: &ready.session,
            config: &ready.config,
            data: &ready.data,
        };
        let stop = stop_on_signal()?;
        let mut curves = Vec::new();
        let mut device = String::new();
        for run in 0..self.runs {
            let (exec, line) = self.machine.executor(&ready.session.plan)?;
            if run == 0 && !self.json {
                say!("{}", ready.data.summary)?;
                say!(
                    "model: {} ({} parameters)",
                    ready.model,
                    ready.network.parameters()
                )?;
                say!("{line}")?;
                say!(
                    "{}: {} runs of {}, batch {}",
                    ready.config.optimizer,
                    self.runs,
                    sweep.text(),
                    ready.config.batch_size
                )?;
            }
            device = line;
            let seed = ready.config.seed.wrapping_add(run);
            let weights = self.weights(ready, run)?;
            curves.push(subject.run(sweep, seed, &weights, exec, &|| stop.raised())?);
            if stop.raised() {
                return Ok((None, device));
            }
        }
        Ok((Some(curves), device))
    }

    fn draw(&self, sweep: &Sweep, curves: &[Curve], verdict: &Verdict) -> Result<()> {
        let Some(chart) = chart(sweep, curves, verdict) else {
            let named = self.plot.is_some();
            return match named {
                true => Err(Error::Usage(
                    "--plot: no update had a finite loss to draw".into(),
                )),
                false => Ok(()),
            };
        };
        match &self.plot {
            Some(path) => {
                picture::write(&[chart], (960, 480), "--plot", path)?;
                if !self.json {
                    say!("wrote {}", path.display())?;
                }
            }
            None if self.json => {}
            None => {
                let colour = std::io::stdout().is_terminal();
                let (width, height) = picture::terminal_size();
                let drawn = chart.terminal(width, height, colour);
                say!("{}", drawn.map_err(picture::usage)?)?;
            }
        }
        Ok(())
    }
}

/// A table of the rules, and the suggestion.
fn report(curves: &[Curve], verdict: &Verdict) -> String {
    let mut text = format!("{:<10}", "rule");
    for curve in curves {
        text += &format!("{:>12}", format!("seed {}", curve.seed));
    }
    for name in Rules::NAMES {
        text += &format!("\n{name:<10}");
        for curve in curves {
            let rate = curve.rules.get(name);
            text += &format!("{:>12}", rate.map_or("-".into(), significant));
        }
    }
    for remark in &verdict.remarks {
        text += &format!("\nnote: {remark}");
    }
    text += &match (verdict.suggestion, &verdict.reason, verdict.spread) {
        (Some(rate), _, Some([low, high])) => format!(
            "\nsuggestion: --lr {} (median of the valley rule over {} runs, which lies between {} and {})",
            significant(rate),
            curves.len(),
            significant(low),
            significant(high)
        ),
        (_, reason, _) => format!(
            "\nno suggestion: {}",
            reason.as_deref().unwrap_or("no run was judged")
        ),
    };
    text
}

/// That nothing of the run was touched.
fn digests(before: &Untouched, after: &Untouched) -> String {
    let row = |what: &str, a: &str, b: &str| match a == b {
        true => format!("{what} {a}, unchanged"),
        false => format!("{what} {a}, now {b}"),
    };
    [
        row("initial weights", &before.weights, &after.weights),
        row("order of the first epoch", &before.order, &after.order),
        row("training data", &before.data, &after.data),
    ]
    .join("; ")
}
