//! What is worth saying about a schedule before a run starts.

use super::display::Number;
use super::time::Time;
use super::{Run, Schedule, Spec};
use crate::expr::{Expr, Node, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Probably not what was meant.
    Warning,
    /// The run must not start like this.
    Error,
}

/// One finding of [`Spec::lint`].
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The part of the expression it is about, in bytes; `None` for the whole.
    pub span: Option<Span>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// A finding about the whole expression.
    pub fn new(severity: Severity, message: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding {
            severity,
            span: None,
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// The same about a part of it.
    pub fn at(self, span: Span) -> Finding {
        Finding {
            span: Some(span),
            ..self
        }
    }
}

/// Rates are looked at in this many places, and next to every joint.
const SAMPLES: u64 = 2000;
/// A rate this small against the highest moves no f32 weight: 2^-24, with room for gradients above 1.
const LOST: f64 = 1e-9;
/// The smallest normal f32; rates below it lose digits or become 0 on the device.
const SMALLEST_F32: f64 = f32::MIN_POSITIVE as f64;
/// A change by this factor from one update to the next is worth a word where two parts meet.
const JUMP: f64 = 1.5;

/// All findings, the worst first.
pub(super) fn lint(spec: &Spec, run: &Run) -> Vec<Finding> {
    let schedule = match spec.resolve(run) {
        Ok(schedule) => schedule,
        Err(error) => {
            let finding = Finding::new(
                Severity::Error,
                error.message(),
                error.suggestion().map_or(
                    "correct the expression at the marked place".to_owned(),
                    |name| format!("did you mean `{name}`?"),
                ),
            );
            return vec![finding.at(error.span())];
        }
    };
    let mut findings = Vec::new();
    let end = run.updates.or(schedule.length()).filter(|&end| end > 0);
    if let Some(end) = end {
        let rates = Sampled::of(&schedule, end);
        rates.values(&mut findings);
        rates.movement(&schedule, &mut findings);
        parts(&schedule, end, &mut findings);
        formulas(&schedule, end, &mut findings);
        horizon(&schedule, end, run.updates.is_some(), &mut findings);
    }
    looks_relative(spec.expr(), run, &mut findings);
    frameworks(&schedule, run, &mut findings);
    by_severity(findings)
}

/// The worst first.
pub(super) fn by_severity(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// What the frameworks' spellings in a schedule have to say.
fn frameworks(schedule: &Schedule, run: &Run, findings: &mut Vec<Finding>) {
    for spelling in schedule.spellings() {
        let span = spelling.call().span;
        let mut add = |severity, message: String, fix: &str| {
            findings.push(Finding::new(severity, message, fix).at(span))
        };
        for note in spelling.notes() {
            add(Severity::Note, note.clone(), "leave it out");
        }
        for quirk in spelling.quirks() {
            add(Severity::Warning, quirk.message.clone(), &quirk.fix);
        }
        let reached = |index: u64| run.updates.is_none_or(|updates| updates > index);
        if let Some(raise) = spelling.raises().filter(|raise| reached(raise.index)) {
            let message = format!(
                "the framework raises at update {}: {}",
                raise.index, raise.message
            );
            add(
                Severity::Warning,
                message,
                "a run that ends before, or kiln's own curve, which holds its end",
            );
        }
        if let Some(last) = spelling
            .exact_until()
            .filter(|&last| run.updates.is_none_or(|updates| updates > last + 1))
        {
            let message = format!(
                "this recursion has no closed form: its rates are exact up to update {last} and held from there"
            );
            add(
                Severity::Warning,
                message,
                "say how long the run is, or write the rate as a formula of step",
            );
        }
        if !spelling.uses_base_lr() {
            let message =
                "this schedule has its own rates: the base rate (--lr) is not used".to_owned();
            add(Severity::Note, message, "nothing, if that is meant");
        }
    }
}

/// The rates of a run at sampled updates.
struct Sampled {
    end: u64,
    rates: Vec<(u64, f64)>,
}

impl Sampled {
    fn of(schedule: &Schedule, end: u64) -> Sampled {
        let even = (0..=SAMPLES)
            .map(|i| (u128::from(end - 1) * u128::from(i) / u128::from(SAMPLES)) as u64);
        let joints = schedule.joints();
        let near = joints
            .iter()
            .flat_map(|&joint| [joint.saturating_sub(1), joint, joint.saturating_add(1)]);
        let mut steps: Vec<u64> = even.chain(near).filter(|&step| step < end).collect();
        steps.sort_unstable();
        steps.dedup();
        Sampled {
            end,
            rates: steps
                .into_iter()
                .map(|step| (step, schedule.at(step)))
                .collect(),
        }
    }

    fn first(&self, condition: impl Fn(f64) -> bool) -> Option<u64> {
        self.rates
            .iter()
            .find(|(_, rate)| condition(*rate))
            .map(|(step, _)| *step)
    }

    fn peak(&self) -> f64 {
        self.rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max)
    }

    /// Rates that are no rates, or do nothing.
    fn values(&self, findings: &mut Vec<Finding>) {
        let mut add =
            |severity, message, fix: &str| findings.push(Finding::new(severity, message, fix));
        if let Some(step) = self.first(|rate| !rate.is_finite()) {
            add(
                Severity::Error,
                format!("the rate of update {step} is not a finite number"),
                "correct the formula or the parameters",
            );
        }
        if let Some(step) = self.first(|rate| rate < 0.0) {
            add(
                Severity::Error,
                format!("the rate of update {step} is negative"),
                "end the run earlier, or use kiln's own curve, which holds its end",
            );
        }
        let peak = self.peak();
        if peak == 0.0 {
            add(
                Severity::Warning,
                "the rate is 0 in the whole run".to_owned(),
                "give a rate above 0, or set the base rate",
            );
            return;
        }
        let last_useful = self
            .rates
            .iter()
            .rev()
            .find(|(_, rate)| *rate >= peak * LOST)
            .map_or(0, |(step, _)| *step);
        if last_useful + 1 < self.end / 2 {
            let message = format!(
                "after update {last_useful} the rate stays below {LOST:e} of its peak, for more than half of the run: nothing is learned there"
            );
            add(
                Severity::Warning,
                message,
                "a slower decay (a gamma nearer to 1, a longer `every` or `over`), or a floor with max(…, 1e-5); what a script steps once per epoch is stretch(…, 1ep)",
            );
        } else if self.rates.first().is_some_and(|(_, rate)| *rate == 0.0) {
            add(
                Severity::Warning,
                "the first update has rate 0 and is wasted".to_owned(),
                "warmup(…) starts at 1/n instead of 0",
            );
        } else if let Some(step) = self.ends_at_zero().filter(|&step| step + 1 < self.end) {
            let message = format!(
                "from update {step} on the rate is 0, {} updates before the end",
                self.end - step
            );
            add(
                Severity::Warning,
                message,
                "a `to` above 0, or a length up to the end of the run",
            );
        }
        if let Some(step) = self.first(|rate| rate > 0.0 && rate < SMALLEST_F32) {
            add(
                Severity::Warning,
                format!("the rate of update {step} is below what f32 can hold ({SMALLEST_F32:e})"),
                "a floor with max(…, 1e-30)",
            );
        }
    }

    /// The update from which on every rate is 0.
    fn ends_at_zero(&self) -> Option<u64> {
        let zeros = self.rates.iter().rev().take_while(|(_, rate)| *rate == 0.0);
        zeros.last().map(|(step, _)| *step)
    }

    /// A schedule that is more than a constant should move.
    fn movement(&self, schedule: &Schedule, findings: &mut Vec<Finding>) {
        let constant = matches!(schedule, Schedule::Curve(curve) if curve.name() == "constant");
        let moves = self
            .rates
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.1 != b.1));
        if !constant && !moves && self.end > 1 {
            let message = format!(
                "the rate never changes in the {} updates of the run",
                self.end
            );
            findings.push(Finding::new(
                Severity::Warning,
                message,
                "shorter lengths, or constant if that is meant",
            ));
        }
    }
}

/// Parts that never start, and jumps where two parts meet.
fn parts(schedule: &Schedule, end: u64, findings: &mut Vec<Finding>) {
    if let Schedule::Curve(curve) = schedule {
        // of a row of equal steps the first one counts, of milestones set by hand each one
        let joints = curve.joints();
        let late = match curve.name() {
            "step" | "table" => joints.first().filter(|&&joint| joint >= end),
            "multistep" => joints.iter().find(|&&joint| joint >= end),
            _ => None,
        };
        if let Some(joint) = late {
            let message = format!(
                "the step at update {joint} never acts: the run has {end} updates, the last is {}",
                end - 1
            );
            findings.push(Finding::new(Severity::Warning, message, "an earlier step"));
        }
    }
    let Schedule::Then(then) = schedule else {
        return;
    };
    for piece in then.pieces().iter().skip(1) {
        let (start, text) = (piece.start, piece.schedule.to_string());
        if start >= end {
            let message = format!(
                "`{text}` starts at update {start}, but the run ends after {end}: it never acts"
            );
            findings.push(Finding::new(
                Severity::Warning,
                message,
                "a shorter first part, or a longer run",
            ));
            continue;
        }
        let (before, after) = (schedule.at(start.saturating_sub(1)), schedule.at(start));
        let (low, high) = (before.min(after), before.max(after));
        if high > low * JUMP && start > 1 {
            let message = format!(
                "the rate jumps from {} to {} at update {start}, where `{text}` takes over",
                Number(before),
                Number(after)
            );
            findings.push(Finding::new(
                Severity::Warning,
                message,
                "start the part where the one before ends, with from or `->`",
            ));
        }
    }
}

/// Formulas that go below 0 or have no value: the schedule uses 0 there.
fn formulas(schedule: &Schedule, end: u64, findings: &mut Vec<Finding>) {
    match schedule {
        Schedule::Formula(formula) => {
            let mut steps = (0..=SAMPLES)
                .map(|i| (u128::from(end - 1) * u128::from(i) / u128::from(SAMPLES)) as u64);
            let bad = |step: &u64| {
                formula
                    .raw(Time::from(*step))
                    .is_none_or(|rate| !rate.is_finite() || rate < 0.0)
            };
            if let Some(step) = steps.find(bad) {
                let what = match formula.raw(Time::from(step)) {
                    Some(rate) => format!("is {}", Number(rate)),
                    None => "has no value".to_owned(),
                };
                let message = format!(
                    "the formula `{}` {what} at its update {step}; 0 is used instead",
                    formula.text()
                );
                findings.push(Finding::new(
                    Severity::Warning,
                    message,
                    "max(…, 0) if that is meant, or a correct formula",
                ));
            }
        }
        Schedule::Then(then) => {
            for piece in then.pieces().iter().filter(|piece| piece.start < end) {
                formulas(&piece.schedule, end - piece.start, findings);
            }
        }
        _ => {}
    }
}

/// Lengths that do not fit the run.
fn horizon(schedule: &Schedule, end: u64, known: bool, findings: &mut Vec<Finding>) {
    if let (Schedule::Restart(restart), true) = (schedule, known) {
        let (cycle, share) = restart.share(end);
        if share > 0.0 && share < 1.0 {
            let percent = (share * 100.0).round();
            let message = format!(
                "the run ends {percent}% into cycle {}, at a rate of {}",
                cycle + 1,
                Number(schedule.at(end - 1))
            );
            let fix = "a run, or cycles, such that one ends where the other does";
            findings.push(Finding::new(Severity::Warning, message, fix));
        }
    }
    let Some(length) = schedule.length().filter(|_| known) else {
        return;
    };
    if length > end {
        let (reached, planned) = (schedule.at(end - 1), schedule.at(length));
        let message = format!(
            "the schedule takes {length} updates, the run has {end}: it ends at {} instead of {}",
            Number(reached),
            Number(planned)
        );
        findings.push(Finding::new(
            Severity::Warning,
            message,
            "leave the length out to fill the run, or give it in %",
        ));
    } else if length < end - end / 20 && schedule.at(length) > 0.0 {
        let held = Number(schedule.at(length));
        let message = format!(
            "the schedule ends at update {length}; the last {} updates use {held}",
            end - length
        );
        findings.push(Finding::new(
            Severity::Note,
            message,
            "leave the length out to fill the run",
        ));
    }
}

/// An absolute rate that was probably meant as a multiple: `linear(1 -> 0)` beside a base rate of 0.1.
fn looks_relative(expr: &Expr, run: &Run, findings: &mut Vec<Finding>) {
    if let Node::Call { args, .. } = &expr.node {
        for arg in args {
            let sides = match &arg.value.node {
                Node::Arrow(from, to) => vec![from.as_ref(), to.as_ref()],
                _ => Vec::new(),
            };
            for side in sides {
                let large = side
                    .as_f64()
                    .filter(|&rate| rate >= 0.5 && rate >= 5.0 * run.base_lr && run.base_lr > 0.0);
                if let Some(rate) = large {
                    let message = format!(
                        "a plain number is a rate: {rate} is {} times the base rate {}",
                        rate / run.base_lr,
                        run.base_lr
                    );
                    let fix = format!("`{rate}x` if a multiple of the base rate is meant");
                    findings.push(Finding::new(Severity::Warning, message, fix).at(side.span));
                }
            }
            looks_relative(&arg.value, run, findings);
        }
    }
    if let Node::Then(a, b) | Node::Binary(_, a, b) = &expr.node {
        looks_relative(a, run, findings);
        looks_relative(b, run, findings);
    }
}
