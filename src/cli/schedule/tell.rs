//! `kiln schedule show`, `lint`, `explain`, `list`, `convert`: words about schedules.

use clap::{Args, ValueEnum};

use super::run::{RunArgs, count};
use crate::{
    cli::{Outcome, progress::significant, say},
    control::{Monitor, Observe},
    error::{Error, Result},
    expr,
    schedule::{Finding, LearningRate, Schedule, Segment, Severity, convert, explain},
};

/// `kiln schedule show`.
#[derive(Args)]
pub(super) struct Show {
    /// The schedule
    expression: String,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run
    #[arg(long, value_name = "N", value_parser = count)]
    steps: Option<u64>,
}

impl Show {
    pub(super) fn run(self) -> Result<Outcome> {
        let plan: LearningRate = self.expression.parse()?;
        let rate = self
            .run
            .start(&self.expression, self.steps, Observe::Epoch)?;
        say!(
            "{}",
            segments(rate.schedule(), self.run.epoch_steps, self.steps)?
        )?;
        for control in plan.controls() {
            say!("times {control}: what it observes decides")?;
        }
        Ok(Outcome::Done)
    }
}

/// Joints that are listed one by one.
const JOINTS: usize = 12;

/// The resolved plan as a table: the parts, and the rates on both sides of the joints inside them.
pub(in crate::cli) fn segments(
    schedule: &Schedule,
    epoch_updates: Option<f64>,
    steps: Option<u64>,
) -> Result<String> {
    let when = |step: u64| match epoch_updates {
        Some(e) => format!("{step} ({:.2} ep)", step as f64 / e),
        None => step.to_string(),
    };
    let row = |from: &str, to: &str, first: &str, last: &str, what: &str| {
        format!("{from:<20} {to:<20} {first:>10} {last:>10}   {what}")
    };
    let mut lines = vec![row("from update", "to", "first", "last", "what")];
    let inside = |s: &Segment| steps.is_none_or(|n| s.start < n);
    for s in schedule.segments().iter().filter(|s| inside(s)) {
        let end = match (s.end, steps) {
            (Some(end), Some(n)) => Some(end.min(n)),
            (end, n) => end.or(n),
        };
        let last = end.map_or(s.last, |end| Some(schedule.at(end - 1)));
        let (end, last) = (
            end.map_or("…".into(), when),
            last.map_or("…".into(), significant),
        );
        lines.push(row(
            &when(s.start),
            &end,
            &significant(s.first),
            &last,
            &s.text,
        ));
    }
    let parts: Vec<u64> = schedule.segments().iter().map(|s| s.start).collect();
    let joints: Vec<u64> = schedule
        .joints()
        .into_iter()
        .filter(|j| !parts.contains(j))
        .collect();
    let joints: Vec<u64> = joints
        .into_iter()
        .filter(|&j| steps.is_none_or(|n| j < n))
        .collect();
    for &joint in joints.iter().take(JOINTS).filter(|&&joint| joint > 0) {
        let (before, at) = (schedule.at(joint - 1), schedule.at(joint));
        let change = format!("{} then {}", significant(before), significant(at));
        lines.push(format!("  joint at update {:<14} {change}", when(joint)));
    }
    if joints.len() > JOINTS {
        lines.push(format!("  and {} more joints", joints.len() - JOINTS));
    }
    Ok(lines.join("\n"))
}

/// `kiln schedule lint`.
#[derive(Args)]
pub(super) struct Lint {
    /// The schedule
    expression: String,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run
    #[arg(long, value_name = "N", value_parser = count)]
    steps: Option<u64>,
}

impl Lint {
    pub(super) fn run(self) -> Result<Outcome> {
        let plan: LearningRate = self.expression.parse()?;
        let measured = Monitor::NAMES.map(|(_, monitor)| monitor);
        let run = self.run.of(self.steps)?;
        let findings = plan.lint(&run, (Monitor::EvalLoss, Observe::Epoch), &measured);
        for finding in &findings {
            say!("{}", worded(&self.expression, finding))?;
        }
        match findings
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .count()
        {
            0 if findings.is_empty() => say!("nothing to say against it")?,
            0 => {}
            _ => return Ok(Outcome::Found),
        }
        Ok(Outcome::Done)
    }
}

/// A finding with its place and its remedy.
pub(in crate::cli) fn worded(text: &str, finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let message = match finding.span {
        Some(span) => expr::Error::at(text, span, &finding.message).to_string(),
        None => finding.message.clone(),
    };
    format!("{severity}: {message}\n    to do: {}", finding.fix)
}

/// `kiln schedule explain`.
#[derive(Args)]
pub(super) struct Explain {
    /// A name from `kiln schedule list`
    name: String,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome> {
        let name = self.name.as_str();
        let Some(page) = explain::page(name) else {
            let listed = explain::list();
            let names: Vec<&str> = listed.iter().map(|l| l.name.as_str()).collect();
            let span = expr::Span {
                start: 0,
                end: name.len(),
            };
            let e = expr::Error::at(name, span, format!("there is no page about `{name}`"));
            return Err(e.suggest(name, &names).into());
        };
        say!("{page}")?;
        Ok(Outcome::Done)
    }
}

/// `kiln schedule list`.
#[derive(Args)]
pub(super) struct List {}

impl List {
    pub(super) fn run(self) -> Result<Outcome> {
        let mut group = "";
        for l in explain::list() {
            if l.group != group {
                group = l.group;
                say!("\n{group}")?;
            }
            let call = if l.signature.is_empty() {
                &l.name
            } else {
                &l.signature
            };
            say!("  {call}")?;
            if !l.signature.is_empty() {
                say!("      {}", l.summary)?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// `kiln schedule convert`.
#[derive(Args)]
pub(super) struct Convert {
    /// The schedule
    expression: String,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t = Language::Native)]
    to: Language,
    #[command(flatten)]
    run: RunArgs,
    /// Updates in the run
    #[arg(long, value_name = "N", value_parser = count)]
    steps: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    /// kiln's own
    Native,
    /// A scheduler of torch.optim.lr_scheduler
    Torch,
    /// An Optax schedule
    Optax,
}

impl Convert {
    pub(super) fn run(self) -> Result<Outcome> {
        let plan: LearningRate = self.expression.parse()?;
        let run = self.run.of(self.steps)?;
        let to = match self.to {
            Language::Native => convert::Language::Native,
            Language::Torch => convert::Language::Torch,
            Language::Optax => convert::Language::Optax,
        };
        let text =
            convert::convert(&plan, &run, to).map_err(|why| Error::Usage(why.to_string()))?;
        say!("{text}")?;
        Ok(Outcome::Done)
    }
}
