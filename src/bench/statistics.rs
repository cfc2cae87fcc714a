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
