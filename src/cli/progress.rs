//! What a person sees of a run: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{screen::Screen, tell};
use crate::train::{Evaluation, Update};

/// Time between plain lines.
const LINES: Duration = Duration::from_secs(5);

/// Time between two looks of the bar. In between, an update costs nothing but a look at the clock.
const LOOKS: Duration = Duration::from_millis(50);

/// See the module.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    /// Updates of the run, and those applied before this process began.
    steps: u64,
    before: u64,
    batch: u64,
    /// Of the latest evaluation.
    accuracy: Option<f64>,
    started: Instant,
    spoken: Instant,
}

impl Progress {
    pub(super) fn new(steps: u64, before: u64, batch: u64, quiet: bool) -> Progress {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {eta} left");
            // A template that does not parse would only cost the layout.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        Progress {
            bar,
            quiet,
            steps,
            before,
            batch,
            accuracy: None,
            started: now,
            spoken: now,
        }
    }

    /// A line of its own, above the bar if there is one.
    fn line(&self, text: &str) {
        let say = || tell(format_args!("{text}"));
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

impl Screen for Progress {
    fn update(&mut self, row: &Update) {
        let done = row.step + 1;
        let every = if self.bar.is_some() { LOOKS } else { LINES };
        if self.quiet || self.spoken.elapsed() < every {
            return;
        }
        self.spoken = Instant::now();
        let here = done.saturating_sub(self.before);
        let per_second = here as f64 / self.started.elapsed().as_secs_f64();
        let text = format!(
            "loss {:.4}{}  lr {}  {:.0} samples/s",
            row.loss,
            percent(self.accuracy),
            significant(row.lr),
            per_second * self.batch as f64
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(text);
            }
            None => {
                let left = (self.steps - done.min(self.steps)) as f64 / per_second;
                let left = duration(left);
                tell(format_args!(
                    "update {done}/{}  {text}  {left} left",
                    self.steps
                ));
            }
        }
    }

    fn evaluation(&mut self, row: &Evaluation) {
        self.accuracy = row.eval_accuracy;
        self.line(&evaluated(row));
    }

    fn past(&mut self, rows: &[Evaluation]) {
        self.accuracy = rows.last().and_then(|row| row.eval_accuracy);
    }

    fn factor(&mut self, step: u64, factor: f64) {
        self.line(&factored(step, factor));
    }

    fn note(&mut self, text: &str) {
        let say = || eprintln!("note: {text}");
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// An evaluation in a line.
pub(super) fn evaluated(row: &Evaluation) -> String {
    let mut line = format!("epoch {:.2}", row.epoch);
    for (name, loss, accuracy) in [
        ("", Some(row.eval_loss), row.eval_accuracy),
        ("ema ", row.ema_eval_loss, row.ema_eval_accuracy),
        ("swa ", row.swa_eval_loss, row.swa_eval_accuracy),
    ] {
        if let Some(loss) = loss {
            line += &format!("  {name}eval loss {loss:.4}{}", percent(accuracy));
        }
    }
    line
}

/// A live change in a line.
pub(super) fn factored(step: u64, factor: f64) -> String {
    format!("lr factor {factor} from update {step} on")
}

fn percent(accuracy: Option<f64>) -> String {
    accuracy.map_or(String::new(), |a| format!("  accuracy {:.2}%", a * 100.0))
}

/// A time span for people: `4 s`, `3 min 20 s`, `2 h 05 min`.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "unknown".into(),
        s if s < 59.5 => format!("{s:.0} s"),
        s if s < 3570.0 => {
            let s = s.round();
            format!("{} min {:02} s", (s / 60.0).floor(), s % 60.0)
        }
        s => {
            let minutes = (s / 60.0).round();
            format!("{} h {:02} min", (minutes / 60.0).floor(), minutes % 60.0)
        }
    }
}

/// Four significant digits, never a rate that reads 0.000.
pub(super) fn significant(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if (1e-3..1e3).contains(&a) => {
            let digits = (3 - a.log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, significant};

    /// Never 60 seconds or 60 minutes.
    #[test]
    fn spans_of_time() {
        for (seconds, text) in [
            (4.2, "4 s"),
            (59.6, "1 min 00 s"),
            (200.0, "3 min 20 s"),
            (3599.9, "1 h 00 min"),
            (7500.0, "2 h 05 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    /// A small rate must not read as zero: what burn, detectron2 and others show.
    #[test]
    fn four_significant_digits() {
        for (x, text) in [
            (0.05, "0.05000"),
            (0.1, "0.1000"),
            (1.0, "1.000"),
            (12.345678, "12.35"),
            (2.5e-5, "2.500e-5"),
            (0.0, "0"),
            (0.001, "0.001000"),
        ] {
            assert_eq!(significant(x), text);
        }
    }
}
