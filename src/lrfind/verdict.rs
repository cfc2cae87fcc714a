//! What the curves together say: a rate with its spread, or plainly that there is none.

use serde::Serialize;

use super::{Curve, End, SMOOTHING, Sweep, rules};

/// The fewest points that rules are asked about.
const POINTS: usize = 16;
/// The share of its first value that a loss must lose at least.
const FALL: f64 = 0.05;
/// Runs whose rates lie further apart than this factor disagree.
const APART: f64 = 10.0;

/// What is suggested, and why not more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The suggested rate: the median over the runs of the valley rule. None if there is a reason against it.
    pub suggestion: Option<f64>,
    /// The lowest and the highest rate that the rule gave in any run, where it gave one.
    pub spread: Option<[f64; 2]>,
    /// Why there is no suggestion.
    pub reason: Option<String>,
    /// What is worth knowing anyway.
    pub remarks: Vec<String>,
}

impl Verdict {
    /// Of all runs of a sweep.
    pub fn of(sweep: &Sweep, curves: &[Curve]) -> Verdict {
        let found: Vec<Result<f64, String>> = curves.iter().map(|c| rate_of(sweep, c)).collect();
        let mut rates: Vec<f64> = found
            .iter()
            .filter_map(|r| r.as_ref().ok().copied())
            .collect();
        rates.sort_by(f64::total_cmp);
        let spread = rates.first().zip(rates.last()).map(|(&a, &b)| [a, b]);
        let refused = found.iter().filter_map(|r| r.as_ref().err());
        let mut remarks: Vec<String> = Vec::new();
        let reason = match (refused.clone().next(), spread) {
            (Some(why), _) if 2 * rates.len() <= curves.len() => {
                let of = match curves.len() {
                    1 => String::new(),
                    all => format!("in {} of {all} runs ", all - rates.len()),
                };
                Some(format!("{of}{why}"))
            }
            (_, Some([low, high])) if high > APART * low => Some(format!(
                "the runs disagree by more than a decade: {low:.2e} to {high:.2e}; more --steps make their \
                 curves smoother"
            )),
            (why, _) => {
                remarks.extend(why.map(|why| format!("one run says nothing: {why}")));
                None
            }
        };
        let still_falls = |c: &&Curve| c.end == End::Complete && falls_at_the_end(sweep, c);
        if 2 * curves.iter().filter(still_falls).count() > curves.len() {
            remarks.push(format!(
                "the loss is lowest at the end of the sweep; a --to above {:e} would show where it ends",
                sweep.to
            ));
        }
        Verdict {
            suggestion: median(&rates).filter(|_| reason.is_none()),
            spread,
            reason,
            remarks,
        }
    }
}

/// The valley's rate of one curve, or what is wrong with the curve.
fn rate_of(sweep: &Sweep, curve: &Curve) -> Result<f64, String> {
    let (rates, losses) = curve.judged(sweep);
    if losses.len() < POINTS {
        let last = curve.rates.last().copied().unwrap_or(sweep.from);
        return Err(format!(
            "the loss diverges at once: {} updates, up to a rate of {last:.2e}, are too few to see it fall; \
             use a lower --from, inputs nearer to [-1, 1] (--standardize), or more --steps",
            curve.losses.len()
        ));
    }
    let bottom = rules::lowest(losses).unwrap_or(0);
    let fall = losses[0] - losses[bottom];
    let needed = (FALL * losses[0].abs()).max(3.0 * curve.noise(sweep));
    if fall < needed {
        return Err(format!(
            "the loss never falls clearly: by {fall:.2e} from {:.4}, where at least {needed:.2e} would show; \
             use a higher --to, more --steps or a larger --batch-size, or look at model and data",
            losses[0]
        ));
    }
    curve.rules.valley.ok_or_else(|| {
        format!(
            "the loss is lowest at the first rates, near {:.2e}; use a lower --from",
            rates[0]
        )
    })
}

/// Whether the lowest loss lies among the last twentieth of the points.
fn falls_at_the_end(sweep: &Sweep, curve: &Curve) -> bool {
    let (_, losses) = curve.judged(sweep);
    rules::lowest(losses).is_some_and(|at| at + losses.len() / 20 + 1 >= losses.len())
}

impl Curve {
    /// The standard deviation of a fall between two smoothed losses, were there none: from the differences of
    /// neighbouring losses.
    fn noise(&self, sweep: &Sweep) -> f64 {
        let (skip, end) = sweep.judged(self.losses.len());
        let until = (skip + end.saturating_sub(skip) / 2)
            .max(2)
            .min(self.losses.len());
        let pairs = self.losses[..until].windows(2);
        let squares: f64 = pairs.clone().map(|w| (w[1] - w[0]).powi(2) / 2.0).sum();
        let variance = squares / pairs.len().max(1) as f64;
        let smooth = (1.0 - SMOOTHING) / (1.0 + SMOOTHING);
        (variance * (smooth + 1.0 / (skip + 1) as f64)).sqrt()
    }
}

/// The middle one of sorted numbers, or between the two in the middle their geometric mean; rates live on a
/// logarithmic scale.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let (n, half) = (sorted.len(), sorted.len() / 2);
    match n % 2 {
        _ if n == 0 => None,
        1 => Some(sorted[half]),
        _ => Some((sorted[half - 1] * sorted[half]).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEEP: Sweep = Sweep {
        from: 1e-6,
        to: 10.0,
        steps: 200,
    };

    fn curve(losses: impl Fn(f64) -> f64) -> Curve {
        let schedule = SWEEP.schedule().unwrap();
        let points = (0..SWEEP.steps).map(|i| (schedule.at(i), losses(i as f64)));
        Curve::of(&SWEEP, 0, points)
    }

    /// Falls from update `at` on, over 60, then rises.
    fn valley(at: f64) -> Curve {
        curve(move |i| match i - at {
            x if x < 0.0 => 2.3,
            x if x < 60.0 => 2.3 - x / 50.0,
            x => 1.1 + 0.2 * (x - 60.0),
        })
    }

    /// A suggestion lies in the fall; where curves are flat, short or apart, the reason says so.
    #[test]
    fn suggestions_and_reasons() {
        let good = Verdict::of(&SWEEP, &[valley(60.0), valley(62.0), valley(64.0)]);
        let rate = good.suggestion.expect("a clear fall");
        let at = |i: u64| SWEEP.schedule().unwrap().at(i);
        assert!((at(60)..at(124)).contains(&rate), "{rate}");
        let spread = good.spread.unwrap();
        assert!(spread[0] <= rate && rate <= spread[1]);
        let why = |curves: &[Curve]| {
            let verdict = Verdict::of(&SWEEP, curves);
            assert_eq!(verdict.suggestion, None);
            verdict.reason.unwrap()
        };
        assert!(why(&[curve(|_| 2.3)]).contains("never falls clearly"));
        let noisy = curve(|i| 2.3 + (i * 77.7).sin());
        assert!(why(&[noisy]).contains("never falls clearly"));
        let at_once = curve(|i| if i < 5.0 { 2.3 } else { f64::INFINITY });
        assert!(why(std::slice::from_ref(&at_once)).contains("diverges at once"));
        assert!(why(&[valley(10.0), valley(110.0)]).contains("disagree"));
        let mixed = [valley(60.0), at_once.clone(), valley(60.0)];
        let mixed = Verdict::of(&SWEEP, &mixed);
        assert!(mixed.suggestion.is_some() && mixed.remarks.len() == 1);
        let why = why(&[valley(60.0), at_once]);
        assert!(why.contains("in 1 of 2 runs"), "{why}");
    }
}
