//! `kiln schedule eval`: the rates themselves.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::run::{RunArgs, count, metrics};
use crate::{
    cli::{Outcome, say},
    control::{Monitor, Observe, Timing},
    error::{Error, Result},
    schedule::{LearningRate, Rate},
};

/// `kiln schedule eval`.
#[derive(Args)]
pub(super) struct Eval {
    /// The schedule, in kiln's language or a framework's spelling
    expression: String,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run; without --at, all of them are printed
    #[arg(long, value_name = "N", value_parser = count, required_unless_present = "at")]
    steps: Option<u64>,
    /// Only these updates: 0,10,1e9
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = count)]
    at: Option<Vec<u64>>,
    /// Numbers that controllers observe: a JSON list
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// When one of them arrives; an epoch is a single update without --epoch-steps
    #[arg(long, value_enum, default_value_t = Per::Epoch, requires = "metrics")]
    metrics_per: Per,
    /// Print {"lr": […], "momentum": […]}
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Per {
    /// After every epoch
    Epoch,
    /// After every update (with Optax: with the update itself)
    Step,
}

/// What is printed.
#[derive(Default, Serialize)]
struct Values {
    lr: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    momentum: Vec<f64>,
}

/// More rates than this are not printed one by one.
const MOST: u64 = 10_000_000;

impl Eval {
    pub(super) fn run(self) -> Result<Outcome> {
        let observe = match self.metrics_per {
            Per::Epoch => Observe::Epoch,
            Per::Step => Observe::Update,
        };
        self.run.remark(&self.expression, self.steps)?;
        let written: LearningRate = self.expression.parse()?;
        if self.metrics.is_some() && written.controls().is_empty() {
            return Err(Error::Usage(format!(
                "--metrics has no effect: `{}` has no controller that would observe anything",
                self.expression
            )));
        }
        let rate = self.run.start(&self.expression, self.steps, observe)?;
        let at: Vec<u64> = match (&self.at, self.steps) {
            (Some(at), _) => at.clone(),
            (None, Some(n)) if n <= MOST => (0..n).collect(),
            (None, n) => {
                let n = n.unwrap_or(0);
                return Err(Error::Usage(format!(
                    "{n} rates are too many to print; use --at"
                )));
            }
        };
        let values = match &self.metrics {
            Some(path) => self.observed(rate, &at, &metrics(path)?)?,
            None => read(&rate, &at),
        };
        if self.json {
            let text = serde_json::to_string(&values).map_err(|e| Error::Usage(e.to_string()))?;
            say!("{text}")?;
            return Ok(Outcome::Done);
        }
        let momentum = values.momentum.iter().map(|m| format!("  {m}"));
        for ((step, lr), m) in at
            .iter()
            .zip(&values.lr)
            .zip(momentum.chain(std::iter::repeat(String::new())))
        {
            say!("{step:>10}  {lr}{m}")?;
        }
        Ok(Outcome::Done)
    }

    /// Walks the run, showing the controllers what they observe on the way.
    fn observed(&self, mut rate: Rate, at: &[u64], metrics: &[f64]) -> Result<Values> {
        let last = at.iter().max().map_or(0, |&last| last);
        if last > MOST {
            return Err(Error::Usage(format!(
                "update {last}: controllers have memory, so that every update up to it would have to be walked"
            )));
        }
        let (observe, every) = match self.metrics_per {
            Per::Step => (Observe::Update, 1.0),
            Per::Epoch => (Observe::Epoch, self.run.epoch_steps.unwrap_or(1.0)),
        };
        let monitors = Monitor::NAMES.map(|(_, monitor)| monitor);
        let mut values = Values::default();
        let mut all = Values::default();
        for step in 0..=last {
            // Epoch e ends with the last update before (e + 1)·every.
            let ends = ((step + 1) as f64 / every).floor() > (step as f64 / every).floor();
            let index = ((step + 1) as f64 / every).floor() as usize;
            let metric = index
                .checked_sub(1)
                .filter(|_| ends)
                .map(|i| metrics.get(i).copied());
            if let Some(None) = metric
                && step < last
            {
                return Err(Error::Usage(format!(
                    "--metrics has {} numbers, but the rate of update {} needs number {index}",
                    metrics.len(),
                    step + 1
                )));
            }
            let show = |timing: Timing, rate: &mut Rate| {
                if let Some(Some(value)) = metric {
                    let shown = |&m: &Monitor| rate.observe_timed(timing, m, observe, value, step);
                    monitors.iter().for_each(shown);
                }
            };
            show(Timing::SameUpdate, &mut rate);
            all.lr.push(rate.at(step));
            all.momentum.extend(rate.momentum_at(step));
            show(Timing::NextUpdate, &mut rate);
        }
        for &step in at {
            let step = step as usize;
            values.lr.extend(all.lr.get(step));
            values.momentum.extend(all.momentum.get(step));
        }
        Ok(values)
    }
}

/// A pure schedule needs no walk.
fn read(rate: &Rate, at: &[u64]) -> Values {
    Values {
        lr: at.iter().map(|&step| rate.at(step)).collect(),
        momentum: at
            .iter()
            .filter_map(|&step| rate.momentum_at(step))
            .collect(),
    }
}
