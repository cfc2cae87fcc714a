//! Where axes are labelled, and with what.

use super::{Across, Chart};

/// A place of an axis, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Chart {
    /// Of the horizontal axis, at most about `most`; updates are whole numbers.
    pub(super) fn ticks_across(&self, range: [f64; 2], most: usize) -> Vec<Tick> {
        let least = match self.across {
            Across::Updates => 1.0,
            Across::Rates => 0.0,
        };
        let tick = |at| Tick {
            at,
            label: self.across.label(at),
        };
        even(range, most, least).into_iter().map(tick).collect()
    }

    /// Of the vertical axis, at most about `most`, with as many digits as tell them apart.
    pub(super) fn ticks_up(&self, range: [f64; 2], most: usize) -> Vec<Tick> {
        let places = match self.log {
            true => self.logarithmic(range, most),
            false => even(range, most, 0.0),
        };
        let labels = |digits: usize| -> Vec<String> {
            places.iter().map(|&at| self.label(at, digits)).collect()
        };
        let apart = |labels: &Vec<String>| {
            labels
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a != b))
        };
        let labels = (DIGITS..15).map(labels).find(apart);
        let labels = labels.unwrap_or_default();
        let ticks = places.iter().zip(labels);
        ticks.map(|(&at, label)| Tick { at, label }).collect()
    }

    /// Powers of ten, and some of their multiples if there are few; and the lower edge, if something
    /// lies on it.
    fn logarithmic(&self, [low, high]: [f64; 2], most: usize) -> Vec<f64> {
        let floor = self.floor();
        // What has a logarithm lies above.
        let lowest = floor.map_or(low, |floor| floor + 0.05 * (high - floor));
        let decades = high - lowest;
        if decades < 0.5 {
            let values = even([10f64.powf(lowest), 10f64.powf(high)], most, 0.0);
            let places = values.into_iter().map(f64::log10);
            return floor.into_iter().chain(places).collect();
        }
        let between: &[f64] = match decades {
            d if d < 1.0 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
            d if d < 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let every = (decades / 8.0).ceil().max(1.0) as usize;
        let powers = (lowest.floor() as i32..=high.ceil() as i32).step_by(every);
        let ticks = powers.flat_map(|p| between.iter().map(move |m| f64::from(p) + m.log10()));
        let ticks = ticks.filter(|t| (lowest..=high).contains(t));
        floor.into_iter().chain(ticks).collect()
    }

    /// What stands beside a place of the vertical axis.
    pub(super) fn label(&self, at: f64, digits: usize) -> String {
        let v = match self.log {
            true if self.floor() == Some(at) => 0.0,
            true => 10f64.powf(at),
            false => at / self.unit(),
        };
        match v.abs() {
            0.0 => "0".into(),
            a if (1e-3..1e4).contains(&a) => trimmed(&format!("{v:.digits$}")).into(),
            _ => {
                let text = format!("{v:.0$e}", digits - 2);
                let (number, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                format!("{}e{exponent}", trimmed(number))
            }
        }
    }
}

/// Digits behind the point of a label, if no more are needed.
pub(super) const DIGITS: usize = 4;

impl Across {
    fn label(self, x: f64) -> String {
        match self {
            Across::Updates => format!("{x:.0}"),
            Across::Rates => format!("{:.1e}", 10f64.powf(x)),
        }
    }

    /// The ends of an axis and its middle, unless that lies visibly beside the whole number that would
    /// stand there.
    pub(super) fn labels(self, [low, high]: [f64; 2]) -> Vec<String> {
        let middle = low + 0.5 * (high - low);
        let beside = (middle.round() - middle).abs() > 0.01 * (high - low);
        match self {
            Across::Updates if beside => vec![self.label(low), self.label(high)],
            _ => [low, middle, high].map(|x| self.label(x)).into(),
        }
    }
}

/// Without zeros at the end.
fn trimmed(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

/// The multiples in a range of a round number, which is not below `least`: at most `most`, if that is not
/// below 2.
fn even([low, high]: [f64; 2], most: usize, least: f64) -> Vec<f64> {
    let between = (high - low) / most.max(2) as f64;
    let power = 10f64.powf(between.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|m| (m * power).max(least));
    let fits = |step: &f64| *step > between;
    let step = steps.into_iter().find(fits).unwrap_or(10.0 * power);
    // An end that is a multiple stays one after rounding.
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    (first as i64..=last as i64)
        .map(|i| i as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::chart;
    use super::*;

    /// Updates are whole numbers, each once, however few there are; nothing is labelled outside.
    #[test]
    fn updates_are_labelled_once() {
        let labels = |last: f64, most| -> Vec<String> {
            let ticks = chart(false, &[1.0]).ticks_across([0.0, last], most);
            assert!(ticks.iter().all(|t| (0.0..=last).contains(&t.at)));
            ticks.into_iter().map(|t| t.label).collect()
        };
        assert_eq!(labels(1.0, 11), ["0", "1"]);
        assert_eq!(labels(4.0, 11), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(4.0, 4), ["0", "2", "4"]);
        assert_eq!(labels(12.0, 11), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(labels(3000.0, 4), ["0", "1000", "2000", "3000"]);
        for last in 1..2000 {
            let labels = labels(f64::from(last), 11);
            assert!((2..=11).contains(&labels.len()), "{last}: {labels:?}");
            assert!(
                labels
                    .windows(2)
                    .all(|pair| matches!(pair, [a, b] if a != b)),
                "{labels:?}"
            );
        }
        assert_eq!(Across::Updates.labels([0.0, 4.0]), ["0", "2", "4"]);
        assert_eq!(Across::Updates.labels([0.0, 3.0]), ["0", "3"]);
        assert_eq!(Across::Updates.labels([0.0, 2999.0]), ["0", "1500", "2999"]);
    }

    /// Values that differ in a late digit have labels that differ; small ones are short.
    #[test]
    fn values_are_told_apart() {
        let labels = |chart: &Chart| -> Vec<String> {
            let [_, y] = chart.bounds().unwrap();
            let ticks = chart.ticks_up(y, 5);
            ticks.into_iter().map(|t| t.label).collect()
        };
        let near = labels(&chart(false, &[1.0, 1.00002]));
        assert!(near.contains(&"1.00001".into()), "{near:?}");
        assert_eq!(
            labels(&chart(false, &[0.0, 2e-12])),
            ["0", "5e-13", "1e-12", "1.5e-12", "2e-12"]
        );
        assert_eq!(labels(&chart(true, &[1.0, 0.0, 1e-6]))[..2], ["0", "1e-6"]);
        assert_eq!(labels(&chart(true, &[0.0, 1.0]))[0], "0");
    }
}
