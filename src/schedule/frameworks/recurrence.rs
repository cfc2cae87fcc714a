//! Recursions `lr ← f(lr)` whose steps are straight lines, made seekable.
//!
//! torch multiplies the rate that it finds. Where no closed form exists (a cosine with `eta_min` chained with
//! another scheduler, `MultiplicativeLR`), the first values are tabulated; from where the steps repeat, whole
//! periods are one straight line, raised to the number of periods by squaring.

use crate::expr::Settled;

/// The longest table, in updates (8 MiB).
const LONGEST: u64 = 1 << 20;
/// The longest table times the bytes of the text that it is in.
const WORK: u64 = 1 << 27;
/// The length of the table where neither a period nor the length of the run is known.
const UNKNOWN: u64 = 1 << 16;

/// `value(k)` is the rate after `k` steps, for every `k` if the steps repeat, otherwise up to `exact_until`.
#[derive(Clone, PartialEq)]
pub struct Recurrence {
    /// The values after 0, 1, 2, … steps.
    values: Vec<f64>,
    /// From this many steps on they repeat, with the period's partial compositions: `cycle[j]` maps the value
    /// after `prefix` steps to the one after `prefix + j`. Empty: never.
    prefix: usize,
    cycle: Vec<Line>,
}

/// `lr * slope + offset`.
#[derive(Clone, Copy, PartialEq)]
struct Line {
    slope: f64,
    offset: f64,
}

impl Line {
    const SAME: Line = Line {
        slope: 1.0,
        offset: 0.0,
    };

    fn apply(self, lr: f64) -> f64 {
        lr * self.slope + self.offset
    }

    fn then(self, next: Line) -> Line {
        Line {
            slope: self.slope * next.slope,
            offset: next.apply(self.offset),
        }
    }

    /// `times` applications in a row.
    fn power(self, mut times: u64) -> Line {
        let (mut result, mut square) = (Line::SAME, self);
        while times > 0 {
            if times & 1 == 1 {
                result = result.then(square);
            }
            square = square.then(square);
            times >>= 1;
        }
        result
    }
}

/// The longest table in a text, in updates. A long text may have many tables, or slow ones, so each is shorter: all
/// together they take no more memory than a few of the longest, and a fraction of a second.
pub fn longest(text: &str) -> u64 {
    LONGEST.min(WORK / (text.len() as u64).max(1))
}

impl Recurrence {
    /// Tabulates `step(k, lr)`, the rate after step `k = 1, 2, …`. `settled` says from which `k` on the steps
    /// repeat, in which case each must be a straight line in `lr`; `updates` is the length of the run if known. The table has
    /// no more than `longest` values.
    pub fn new(
        start: f64,
        settled: Option<Settled>,
        (updates, longest): (Option<u64>, u64),
        step: impl Fn(u64, f64) -> f64,
    ) -> Recurrence {
        let repeats = settled.filter(|s| s.prefix.saturating_add(s.period) <= longest);
        let length = match repeats {
            Some(s) => s.prefix + s.period,
            None => updates.unwrap_or(UNKNOWN).min(longest),
        };
        let mut values = vec![start];
        let mut lr = start;
        for k in 1..=length {
            lr = step(k, lr);
            values.push(lr);
        }
        let mut cycle = Vec::new();
        let mut prefix = 0;
        if let Some(s) = repeats {
            prefix = s.prefix as usize;
            let mut whole = Line::SAME;
            cycle.push(whole);
            for k in s.prefix + 1..=length {
                let offset = step(k, 0.0);
                whole = whole.then(Line {
                    slope: step(k, 1.0) - offset,
                    offset,
                });
                cycle.push(whole);
            }
        }
        Recurrence {
            values,
            prefix,
            cycle,
        }
    }

    /// The rate after `k` steps; beyond [`Recurrence::exact_until`] the last one known.
    pub fn value(&self, k: u64) -> f64 {
        if let Some(value) = usize::try_from(k).ok().and_then(|k| self.values.get(k)) {
            return *value;
        }
        let held = self.values.last().copied().unwrap_or(0.0);
        let period = self.cycle.len().saturating_sub(1) as u64;
        let (Some(whole), Some(start)) = (self.cycle.last(), self.values.get(self.prefix)) else {
            return held;
        };
        let beyond = k - self.prefix as u64;
        let rest = self
            .cycle
            .get((beyond % period) as usize)
            .copied()
            .unwrap_or(Line::SAME);
        whole.power(beyond / period).then(rest).apply(*start)
    }

    /// The last `k` for which the value is known; `None`: every one is.
    pub fn exact_until(&self) -> Option<u64> {
        self.cycle.is_empty().then(|| self.values.len() as u64 - 1)
    }
}

impl std::fmt::Debug for Recurrence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recurrence")
            .field("values", &self.values.len())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the jump over whole periods: it equals stepping one by one.
    #[test]
    fn jumping_equals_stepping() {
        let step = |k: u64, lr: f64| {
            if k <= 5 {
                lr + 1.0
            } else if k.is_multiple_of(3) {
                lr * 0.5
            } else {
                lr * 0.9 + 0.01
            }
        };
        let jump = Recurrence::new(
            2.0,
            Some(Settled {
                prefix: 5,
                period: 3,
            }),
            (None, LONGEST),
            step,
        );
        let mut lr = 2.0;
        for k in 1..=1000 {
            lr = step(k, lr);
            assert!(
                (jump.value(k) - lr).abs() <= 1e-15 * lr.abs().max(1.0),
                "{k}: {} {lr}",
                jump.value(k)
            );
        }
        assert_eq!(jump.exact_until(), None);
        assert!(jump.value(u64::MAX / 2).is_finite());
    }

    /// Protects the honest end of a table that has no period: it holds and says so.
    #[test]
    fn tables_end_with_the_run() {
        let table = Recurrence::new(1.0, None, (Some(10), LONGEST), |k, lr| lr + k as f64);
        assert_eq!(
            (table.value(10), table.value(11), table.exact_until()),
            (56.0, 56.0, Some(10))
        );
    }
}
