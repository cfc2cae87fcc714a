//! Local time of a schedule: whole updates, exact up to 2^63, and a fraction that only stretching makes.

/// A point in time, counted in updates from the start of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Time {
    /// Whole updates.
    pub whole: u64,
    /// The rest, in [0, 1).
    pub part: f64,
}

impl From<u64> for Time {
    fn from(whole: u64) -> Time {
        Time { whole, part: 0.0 }
    }
}

impl Time {
    /// The nearest time to a number of updates; negative ones are 0.
    pub fn from_f64(updates: f64) -> Time {
        let whole = updates.max(0.0).floor();
        Time {
            whole: whole as u64,
            part: (updates - whole).clamp(0.0, 1.0 - f64::EPSILON),
        }
    }

    /// As one number, for formulas.
    pub fn f64(self) -> f64 {
        self.whole as f64 + self.part
    }

    /// Time since `start`; 0 before it.
    pub fn since(self, start: u64) -> Time {
        match self.whole.checked_sub(start) {
            Some(whole) => Time { whole, ..self },
            None => Time::from(0),
        }
    }

    /// At most `end`.
    pub fn until(self, end: u64) -> Time {
        if self.whole >= end {
            Time::from(end)
        } else {
            self
        }
    }

    /// Slowed down by a factor; by whole factors without rounding.
    pub fn slower(self, by: f64) -> Time {
        if by.fract() == 0.0 && (1.0..1e15).contains(&by) {
            let whole = by as u64;
            Time {
                whole: self.whole / whole,
                part: ((self.whole % whole) as f64 + self.part) / by,
            }
        } else {
            Time::from_f64(self.f64() / by)
        }
    }

    /// What share of `over` updates has passed, in [0, 1]; 1 where `over` is 0.
    pub fn share(self, over: u64) -> f64 {
        if self.whole >= over {
            1.0
        } else {
            self.f64() / over as f64
        }
    }

    /// What share of `over` updates is left: `1 - share`, without the cancellation near the end.
    pub fn left(self, over: u64) -> f64 {
        if self.whole >= over {
            0.0
        } else {
            ((over - self.whole) as f64 - self.part) / over as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beyond 2^53 an f64 cannot count updates; whole factors must still be exact there.
    #[test]
    fn time_is_exact_beyond_f64() {
        let late = Time::from((1 << 60) + 7);
        assert_eq!(late.slower(1.0), late);
        assert_eq!(
            late.slower(4.0),
            Time {
                whole: (1 << 58) + 1,
                part: 0.75
            }
        );
        assert_eq!(late.since(1 << 60), Time::from(7));
    }

    /// The share left is computed from the updates left, not as `1 - share`.
    #[test]
    fn the_end_has_no_cancellation() {
        let over = 3_000_000_000_000_000;
        assert_eq!(Time::from(over - 1).left(over), 1.0 / over as f64);
        assert_eq!(
            (Time::from(over).left(over), Time::from(over).share(over)),
            (0.0, 1.0)
        );
        assert_eq!(Time::from(0).share(0), 1.0);
    }
}
