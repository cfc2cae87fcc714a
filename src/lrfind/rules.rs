//! Rules that read a rate off a curve of losses over rates: fastai's, by name.
//!
//! All of them see the smoothed losses, and distances between rates as differences of their logarithms.
//! `tests/golden/make_lr_find.py` computes the same with NumPy, independently.

use serde::Serialize;

/// Points between the two ends of the interval that [`slide`] moves.
const INTERVAL: usize = 15;
/// The difference of slopes at which [`slide`] stops.
const LEVEL: f64 = 0.005;

/// What each rule says about one curve; none where the curve is too short for it.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize)]
pub struct Rules {
    /// Two thirds into the longest valley.
    pub valley: Option<f64>,
    /// Where the loss falls fastest.
    pub steep: Option<f64>,
    /// Where, coming from the right, the slopes at the ends of an interval agree.
    pub slide: Option<f64>,
    /// A tenth of the rate with the lowest loss.
    pub minimum: Option<f64>,
}

impl Rules {
    /// The names, in the order of importance.
    pub const NAMES: [&'static str; 4] = ["valley", "steep", "slide", "minimum"];

    /// Of a curve: rates, ascending, and as many finite losses.
    pub fn of(rates: &[f64], losses: &[f64]) -> Rules {
        Rules {
            valley: valley(losses).map(|at| rates[at]),
            steep: steep(rates, losses),
            slide: slide(losses).map(|at| rates[at]),
            minimum: lowest(losses).map(|at| rates[at] / 10.0),
        }
    }

    /// By name.
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "valley" => self.valley,
            "steep" => self.steep,
            "slide" => self.slide,
            "minimum" => self.minimum,
            _ => None,
        }
    }
}

/// The place of the lowest loss; the first of several.
pub(super) fn lowest(losses: &[f64]) -> Option<usize> {
    (0..losses.len()).reduce(|best, at| match losses[at] < losses[best] {
        true => at,
        false => best,
    })
}

/// A place in the longest valley: the longest falling subsequence of the losses ends at its right side, and
/// as many places to the left lies its left side. The place is a third and half a third into it, as fastai
/// rounds them; none where nothing falls.
pub(super) fn valley(losses: &[f64]) -> Option<usize> {
    let mut length = vec![1usize; losses.len()];
    let (mut left, mut right) = (0i64, 0usize);
    for at in 1..losses.len() {
        for before in 0..at {
            if losses[at] < losses[before] && length[at] < length[before] + 1 {
                length[at] = length[before] + 1;
            }
            if length[right] < length[at] {
                // As in fastai, the left side is that of the moment in which the valley became the longest.
                right = at;
                left = right as i64 - length[right] as i64;
            }
        }
    }
    let third = (right as i64 - left) as f64 / 3.0;
    let place = left + third as i64 + (third / 2.0) as i64;
    usize::try_from(place).ok().filter(|_| right > 0)
}

/// The rate at the left of the steepest fall per logarithm of the rate.
fn steep(rates: &[f64], losses: &[f64]) -> Option<f64> {
    let slope = |i: usize| (losses[i + 1] - losses[i]) / (rates[i + 1].ln() - rates[i].ln());
    let slopes: Vec<f64> = (0..losses.len().saturating_sub(1)).map(slope).collect();
    lowest(&slopes).map(|at| rates[at])
}

/// The left end of an interval that starts at the right end of the curve and moves left while the slopes at
/// its two ends differ.
fn slide(losses: &[f64]) -> Option<usize> {
    let slopes = gradient(losses)?;
    let mut right = losses.len().checked_sub(1)?;
    let mut left = right.checked_sub(INTERVAL)?;
    let mut found = left;
    while (slopes[right] - slopes[left]).abs() > LEVEL {
        found = left;
        let Some(next) = left.checked_sub(1) else {
            break;
        };
        (left, right) = (next, right - 1);
    }
    Some(found)
}

/// Differences per place: central ones, one-sided at the ends.
fn gradient(values: &[f64]) -> Option<Vec<f64>> {
    let last = values.len().checked_sub(1).filter(|&last| last > 0)?;
    let slope = |i: usize| {
        let (a, b) = (i.saturating_sub(1), (i + 1).min(last));
        (values[b] - values[a]) / (b - a) as f64
    };
    Some((0..=last).map(slope).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curves too short for a rule, or without a fall, give no rate and no panic.
    #[test]
    fn short_and_flat_curves() {
        assert_eq!(Rules::of(&[], &[]), Rules::default());
        let one = Rules::of(&[0.1], &[2.0]);
        assert_eq!((one.valley, one.steep, one.slide), (None, None, None));
        let rates: Vec<f64> = (0..40).map(|i| 1e-4 * 1.2f64.powi(i)).collect();
        assert_eq!(Rules::of(&rates, &[1.0; 40]).valley, None);
        let rising: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(Rules::of(&rates, &rising).valley, None);
    }

    /// A fall over the middle third: the valley's rate lies in it, the steepest at its steepest.
    #[test]
    fn a_plain_valley() {
        let loss = |i: i32| match f64::from(i) {
            x if x < 20.0 => 2.0,
            x if x < 40.0 => 2.0 - (x - 20.0) * 0.05,
            x => 1.0 + (x - 40.0).powi(2) * 0.01,
        };
        let losses: Vec<f64> = (0..60).map(loss).collect();
        let rates: Vec<f64> = (0..60).map(|i| 1e-5 * 1.3f64.powi(i)).collect();
        let rules = Rules::of(&rates, &losses);
        assert!((rates[20]..rates[40]).contains(&rules.valley.unwrap()));
        assert!((rates[19]..rates[40]).contains(&rules.steep.unwrap()));
        assert_eq!(rules.minimum, Some(rates[40] / 10.0));
    }
}
