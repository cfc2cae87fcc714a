//! `kiln bench schedules`: whether a schedule makes a step longer.

use std::time::Duration;

use clap::Args;

use super::subject::Which;
use crate::{
    bench::{
        self, ScheduleOptions, SchedulesReport,
        schedules::{select, standard},
    },
    cli::{Outcome, machine::MachineFlags, say},
    device::Needs,
    error::Result,
};

/// `kiln bench schedules`.
#[derive(Args)]
pub(super) struct Schedules {
    #[command(flatten)]
    which: Which,
    /// constant, step, cosine, one-cycle, restarts, plateau, gradient-norm, "20 segments", or
    /// expressions, separated by commas [default: all of these]
    #[arg(long, value_name = "LIST", help_heading = "Measurement")]
    schedules: Option<String>,
    /// What counts as no difference: 1% or 0.01
    #[arg(long, value_name = "M", default_value = "1%", value_parser = share, help_heading = "Measurement")]
    margin: f64,
    /// How often each schedule has its turn
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "Measurement",
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rounds: u64,
    /// How long a turn is, in ms: as many steps as fit
    #[arg(long, value_name = "MS", default_value_t = 50, help_heading = "Measurement",
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    block_ms: u64,
    #[command(flatten, next_help_heading = "Measurement")]
    machine: MachineFlags,
    /// Print one line of JSON
    #[arg(long, help_heading = "Measurement")]
    json: bool,
}

/// Samples that are enough to run over again and again: every schedule has its own copy.
const SAMPLES: usize = 8192;

impl Schedules {
    pub(super) fn run(self) -> Result<Outcome> {
        let named = self.schedules.as_deref().map_or(Ok(standard()), select)?;
        let mut subject = self.which.subject_alone()?;
        subject.limit(SAMPLES);
        let needs = Needs::of(&subject.under("constant", 1)?.session.plan);
        let (machine, _) = self.machine.open(needs)?;
        let options = ScheduleOptions {
            rounds: self.rounds,
            block: Duration::from_millis(self.block_ms),
            margin: self.margin,
        };
        let report = bench::schedules(&subject, &named, &machine, options)?;
        if self.json {
            say!("{}", super::json(&report)?)?;
        } else {
            say!("{}", table(&report))?;
        }
        Ok(Outcome::Done)
    }
}

/// `1%` or `0.01`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().ok().map(|n| n * unit);
    let share = share.filter(|s| (1e-6..=1.0).contains(s));
    share.ok_or_else(|| "expected a share such as 1% or 0.01, above 0".into())
}

fn table(r: &SchedulesReport) -> String {
    let mut lines = vec![
        format!(
            "{}, batch {}, on {}",
            r.workload,
            r.batch_size,
            super::adapter(&r.device)
        ),
        format!(
            "{} rounds of {} steps each, in turns; {}",
            r.rounds, r.steps_per_block, r.timing
        ),
        format!(
            "ratio: time ÷ that of constant in the same round; {:.0}% interval: {}; margin {}%",
            r.confidence * 100.0,
            r.interval,
            r.margin * 100.0
        ),
        format!(
            "\n{:<24} {:>10} {:>10} {:>10}   {:>7}  {:<18} {}",
            "schedule", "ms/step", "p10", "p90", "ratio", "interval", "verdict"
        ),
    ];
    for (i, s) in r.schedules.iter().enumerate() {
        if i == 0 {
            lines.push(format!(
                "{:<24} {:>10.4} {:>10.4} {:>10.4}   (what the others are divided by)",
                s.name, s.median_step_ms, s.p10, s.p90
            ));
            continue;
        }
        let interval = match (s.low, s.high) {
            (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
            _ => "needs 6 rounds".into(),
        };
        lines.push(format!(
            "{:<24} {:>10.4} {:>10.4} {:>10.4}   {:>7.4}  {interval:<18} {}",
            s.name, s.median_step_ms, s.p10, s.p90, s.ratio, s.verdict
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::share;

    /// Both spellings mean the same; what is no share is refused.
    #[test]
    fn margins_are_read() {
        assert_eq!(share("1%"), Ok(0.01));
        assert_eq!(share("0.02"), Ok(0.02));
        for wrong in ["", "%", "0", "-1%", "nan", "200%", "one"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
