//! What many timings say: percentiles, and whether two things take the same time.

use serde::Serialize;

/// The middle of some timings and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them are below.
    pub median: f64,
    /// A tenth of them are below.
    pub p10: f64,
    /// A tenth of them are above.
    pub p90: f64,
}

impl Spread {
    /// Of at least one number.
    pub fn of(samples: &[f64]) -> Spread {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Spread {
            median: percentile(&sorted, 50.0),
            p10: percentile(&sorted, 10.0),
            p90: percentile(&sorted, 90.0),
        }
    }
}

/// The percentile `p` of sorted numbers, interpolated between neighbours as `numpy.percentile`
/// does.
pub fn percentile(sorted: &[f64], p: f64) -> f64 {
    assert!(
        !sorted.is_empty() && (0.0..=100.0).contains(&p),
        "percentile"
    );
    let at = p / 100.0 * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

/// The confidence of [`Interval`]s. Two one-sided tests at 5% would need 90%; this is stricter.
pub const CONFIDENCE: f64 = 0.95;

/// Where the true median of some numbers lies, with a confidence of at least [`CONFIDENCE`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The median of the numbers at hand.
    pub median: f64,
    /// The true median is hardly below.
    pub low: f64,
    /// The true median is hardly above.
    pub high: f64,
}

impl Interval {
    /// The order-statistics interval: of `n` independent numbers, how many are below the true
    /// median is binomial with p = 1/2, whatever their distribution, so that the k-th smallest
    /// and the k-th largest enclose it with a known probability. Outliers, of which timings have
    /// many, move it little. `None` of fewer than 6 numbers, which cannot give the confidence.
    pub fn of(samples: &[f64]) -> Option<Interval> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let outside = outside(sorted.len())?;
        Some(Interval {
            median: percentile(&sorted, 50.0),
            low: sorted[outside],
            high: sorted[sorted.len() - 1 - outside],
        })
    }
}

/// How many of `n` sorted numbers may be left out at either end: the largest k with
/// 2·P(fewer than k+1 of n below the median) ≤ 1 − confidence.
fn outside(n: usize) -> Option<usize> {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // In logarithms: 2^-n leaves f64 beyond a thousand.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let (mut below, mut found) = (0.0, None);
    for k in 0..n.div_ceil(2) {
        below += log_term.exp();
        if below > tail {
            break;
        }
        found = Some(k);
        log_term += ((n - k) as f64 / (k + 1) as f64).ln();
    }
    found
}

/// Whether a ratio of times may count as 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies within the margin.
    Equivalent,
    /// The whole interval lies outside of it, on one side.
    NotEquivalent,
    /// The interval reaches across the margin: more rounds, or a quieter machine, would tell.
    Undecided,
}

impl Verdict {
    /// Of an interval of ratios; `margin` is 0.01 for 1%: from 1/1.01 to 1.01.
    pub fn of(interval: Option<Interval>, margin: f64) -> Verdict {
        let Some(Interval { low, high, .. }) = interval else {
            return Verdict::Undecided;
        };
        let (least, most) = (1.0 / (1.0 + margin), 1.0 + margin);
        if least <= low && high <= most {
            Verdict::Equivalent
        } else if high < least || most < low {
            Verdict::NotEquivalent
        } else {
            Verdict::Undecided
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Equivalent => "equivalent",
            Verdict::NotEquivalent => "not equivalent",
            Verdict::Undecided => "undecided",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Rng};

    /// `numpy.percentile([3, 1, 2, 10], [10, 50, 90])`.
    #[test]
    fn percentiles_are_numpys() {
        let s = Spread::of(&[3.0, 1.0, 2.0, 10.0]);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(
            close(s.p10, 1.3) && close(s.median, 2.5) && close(s.p90, 7.9),
            "{s:?}"
        );
        let one = Spread::of(&[7.0]);
        assert_eq!((one.p10, one.median, one.p90), (7.0, 7.0, 7.0));
    }

    /// The ranks of the table of the sign test: 95% of 30 numbers lies between the 10th and the
    /// 21st, 95% of 6 between the first and the last.
    #[test]
    fn ranks_are_the_binomials() {
        for (n, k) in [
            (5, None),
            (6, Some(0)),
            (10, Some(1)),
            (30, Some(9)),
            (100, Some(39)),
        ] {
            assert_eq!(outside(n), k, "{n}");
        }
        let k = outside(5000).unwrap();
        assert!((2429..=2431).contains(&k), "{k}");
    }

    /// The interval holds the true median about as often as it says.
    #[test]
    fn the_interval_covers() {
        let mut rng = Rng::new(3, Purpose::Test, 0);
        let trials = 2000;
        let covers = |_: &usize| {
            let skewed: Vec<f64> = (0..40).map(|_| rng.normal().exp()).collect();
            let i = Interval::of(&skewed).unwrap();
            i.low <= 1.0 && 1.0 <= i.high
        };
        let held = (0..trials).filter(covers).count() as f64 / trials as f64;
        assert!((0.94..0.985).contains(&held), "{held}");
    }

    /// Rounds of ratios around `middle`, spread by `noise`, with an outlier now and then.
    fn ratios(middle: f64, noise: f64, rounds: usize) -> Vec<f64> {
        let mut rng = Rng::new(11, Purpose::Test, rounds as u64);
        let one = |i: usize| {
            let outlier = if i % 10 == 3 { 1.5 } else { 1.0 };
            middle * (1.0 + noise * rng.normal()) * outlier
        };
        (0..rounds).map(one).collect()
    }

    /// Equal times are told from unequal ones, and neither is claimed where the noise hides it.
    #[test]
    fn verdicts_follow_the_samples() {
        let verdict = |middle, noise, rounds, margin| {
            Verdict::of(Interval::of(&ratios(middle, noise, rounds)), margin)
        };
        assert_eq!(verdict(1.001, 0.003, 40, 0.01), Verdict::Equivalent);
        assert_eq!(verdict(1.03, 0.003, 40, 0.01), Verdict::NotEquivalent);
        assert_eq!(verdict(0.95, 0.003, 40, 0.01), Verdict::NotEquivalent);
        assert_eq!(verdict(1.03, 0.003, 40, 0.05), Verdict::Equivalent);
        assert_eq!(verdict(1.001, 0.2, 40, 0.01), Verdict::Undecided);
        assert_eq!(verdict(1.01, 0.003, 40, 0.01), Verdict::Undecided);
        assert_eq!(
            verdict(1.0, 0.0, 5, 0.01),
            Verdict::Undecided,
            "too few rounds"
        );
    }
}
