//! A curve of any length in a bounded memory: neighbours are put together, their lowest and highest
//! values stay.

/// Most stretches; each shows two points.
const STRETCHES: usize = 1000;

/// Values of neighbouring updates.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    low: (f64, f64),
    high: (f64, f64),
    last: f64,
    sum: f64,
    count: u64,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    stretches: Vec<Stretch>,
    /// Values in a stretch; doubles whenever there are too many stretches.
    each: u64,
}

impl Curve {
    pub(super) fn new() -> Curve {
        Curve {
            stretches: Vec::new(),
            each: 1,
        }
    }

    /// Adds a value; one that is not finite cannot be drawn.
    pub(super) fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let at = (step as f64, value);
        let new = Stretch {
            low: at,
            high: at,
            last: at.0,
            sum: value,
            count: 1,
        };
        match self.stretches.last_mut() {
            Some(last) if last.count < self.each => *last = last.with(&new),
            _ => self.stretches.push(new),
        }
        if self.stretches.len() > STRETCHES {
            let pairs = self.stretches.chunks(2);
            let joined = pairs.filter_map(|pair| match pair {
                [a, b] => Some(a.with(b)),
                pair => pair.first().copied(),
            });
            self.stretches = joined.collect();
            self.each *= 2;
        }
    }

    /// The lowest and the highest value of every stretch, in order.
    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        let ends = |s: &Stretch| match s.low.0 <= s.high.0 {
            true => [s.low, s.high],
            false => [s.high, s.low],
        };
        let mut points: Vec<_> = self.stretches.iter().flat_map(ends).collect();
        points.dedup();
        points
    }

    /// The mean of every stretch, at its last update.
    pub(super) fn means(&self) -> Vec<(f64, f64)> {
        let mean = |s: &Stretch| (s.last, s.sum / s.count as f64);
        self.stretches.iter().map(mean).collect()
    }
}

impl Stretch {
    /// With a later one.
    fn with(&self, later: &Stretch) -> Stretch {
        Stretch {
            low: if later.low.1 < self.low.1 {
                later.low
            } else {
                self.low
            },
            high: if later.high.1 > self.high.1 {
                later.high
            } else {
                self.high
            },
            last: later.last,
            sum: self.sum + later.sum,
            count: self.count + later.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spike stays, the order stays, the memory stays, and no value counts twice.
    #[test]
    fn a_long_curve_keeps_its_extremes() {
        let mut curve = Curve::new();
        for step in 0..1_000_000 {
            let value = match step {
                777 => 9.0,
                500_001 => -9.0,
                600_000 => f64::NAN,
                _ => 1.0,
            };
            curve.push(step, value);
        }
        let points = curve.points();
        assert!(points.len() <= 2 * STRETCHES && points.len() > STRETCHES / 2);
        assert!(points.contains(&(777.0, 9.0)) && points.contains(&(500_001.0, -9.0)));
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0));
        let values: u64 = curve.stretches.iter().map(|s| s.count).sum();
        assert_eq!(values, 999_999);
        assert_eq!(curve.means().last().unwrap().0, 999_999.0);
    }
}
