//! Whether the device's own clock may be believed.

use crate::exec::RunTime;

use super::statistics::Spread;

/// The shares of the wall time that a step's time on the device may have to be plausible. A queue
/// that is kept full leaves the device little time to idle, and no device works longer than it is
/// waited for; 5 % are for the clocks' own error.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.20..=1.05;

/// What a step takes on the device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DeviceTime {
    /// Median over the submits of their time per step.
    pub(super) step_ms: f64,
    /// The mean step ÷ the mean step's wall time.
    pub(super) share: f64,
    /// Submits that were timed.
    pub(super) submits: usize,
}

impl DeviceTime {
    /// Judges the times of a run of `steps` that took `wall_ms` a step with the queue kept full.
    ///
    /// They are plausible if every submit ends after it begins, and if the steps' mean time on the
    /// device lies between 20 % and 105 % of their mean wall time.
    ///
    /// # Errors
    /// Why they are not, in the words of a report.
    pub(super) fn judge(times: &[RunTime], steps: u64, wall_ms: f64) -> Result<DeviceTime, String> {
        if times.is_empty() {
            return Err("the device has no timestamps".into());
        }
        let timed: u64 = times.iter().map(|t| u64::from(t.runs)).sum();
        if timed > steps {
            return Err("a step is more than one run, with a wait between them".into());
        }
        if let Some(backwards) = times.iter().find(|t| t.ms.is_nan() || t.ms <= 0.0) {
            let ms = backwards.ms;
            return Err(format!("by its timestamps a submit takes {ms:.4} ms"));
        }
        let sum: f64 = times.iter().map(|t| t.ms).sum();
        let share = sum / timed as f64 / wall_ms;
        if !PLAUSIBLE.contains(&share) {
            let percent = share * 1e2;
            return Err(format!(
                "by its timestamps the device works for {percent:.1} % of the wall time"
            ));
        }
        let per_step: Vec<f64> = times.iter().map(|t| t.ms / f64::from(t.runs)).collect();
        Ok(DeviceTime {
            step_ms: Spread::of(&per_step).median,
            share,
            submits: times.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(of: &[(u32, f64)]) -> Vec<RunTime> {
        of.iter().map(|&(runs, ms)| RunTime { runs, ms }).collect()
    }

    /// The median is of steps, not of submits, which hold different numbers of them.
    #[test]
    fn plausible_times_are_per_step() {
        let judged = DeviceTime::judge(&times(&[(4, 8.0), (4, 8.4), (1, 4.0)]), 9, 2.5).unwrap();
        assert_eq!((judged.step_ms, judged.submits), (2.1, 3));
        assert!((judged.share - 20.4 / 9.0 / 2.5).abs() < 1e-12);
    }

    /// What is not plausible is refused with the reason: no clock, one that runs backwards, one
    /// that stands still, one that is too fast, and submits that hold no whole step.
    #[test]
    fn implausible_times_say_why() {
        for (of, steps, why) in [
            (&[][..], 4, "no timestamps"),
            (&[(2, 3.0), (2, -1.0)], 4, "takes -1.0000 ms"),
            (&[(4, 0.0)], 4, "takes 0.0000 ms"),
            (&[(4, f64::NAN)], 4, "takes NaN ms"),
            (&[(4, 0.7)], 4, "17.5 % of the wall time"),
            (&[(4, 4.3)], 4, "107.5 % of the wall time"),
            (&[(1, 0.5), (1, 0.5)], 1, "more than one run"),
        ] {
            let said = DeviceTime::judge(&times(of), steps, 1.0).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
