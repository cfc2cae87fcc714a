//! Line charts over updates: in the terminal, as SVG, as PNG.

mod picture;
mod terminal;

pub use picture::{png, svg};

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Look {
    /// A line.
    #[default]
    Line,
    /// A thin pale line in the colour of the series after it: what that one smooths.
    Backdrop,
    /// A broad pale line that others are drawn over: what should be.
    Band,
    /// A dot for each value.
    Points,
}

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As the legend calls it; empty for what the legend leaves out.
    pub name: String,
    /// (update, value), in order; gaps are drawn as straight lines.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub look: Look,
}

/// Where the legend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Corner {
    /// For what falls.
    #[default]
    UpperRight,
    /// For what rises.
    LowerRight,
}

/// What the horizontal axis measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Across {
    /// Applied updates.
    #[default]
    Updates,
    /// The logarithm, to base 10, of a learning rate; labelled with the rate.
    Rates,
}

impl Across {
    fn name(self) -> &'static str {
        match self {
            Across::Updates => "update",
            Across::Rates => "learning rate",
        }
    }

    fn label(self, x: f64) -> String {
        match self {
            Across::Updates => format!("{x:.0}"),
            Across::Rates => format!("{:.1e}", 10f64.powf(x)),
        }
    }
}

/// Some curves over one axis of updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Above everything; may be empty.
    pub title: String,
    /// What the vertical axis measures.
    pub y: String,
    /// The curves; at most a handful can be told apart.
    pub series: Vec<Series>,
    /// Draw the logarithm of the values; those that are not positive are left out.
    pub log: bool,
    /// Updates to mark with a vertical line: joints of a schedule, the present.
    pub marks: Vec<f64>,
    /// Where the legend stands.
    pub legend: Corner,
    /// The updates that the axis reaches at least, so that charts of one run can stand below each
    /// other.
    pub reach: Option<[f64; 2]>,
    /// What the horizontal axis measures.
    pub across: Across,
}

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct Error(String);

/// At most about `most` of the points: the first and the last, and of every stretch between them
/// the lowest and the highest, so that no spike is lost. What is not finite is left out.
pub fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let finite = points.iter().copied().filter(|p| p.1.is_finite());
    let points: Vec<(f64, f64)> = finite.collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return points;
    };
    if points.len() <= most.max(4) {
        return points;
    }
    let stretch = points.len().div_ceil((most.max(4) - 2) / 2);
    let mut kept = vec![*first];
    for part in points.chunks(stretch) {
        let extreme = |better: fn(f64, f64) -> bool| {
            let pick = |best: usize, i: usize| {
                if better(part[i].1, part[best].1) {
                    i
                } else {
                    best
                }
            };
            (0..part.len()).fold(0, pick)
        };
        let (low, high) = (extreme(|a, b| a < b), extreme(|a, b| a > b));
        kept.extend([part[low.min(high)], part[low.max(high)]]);
    }
    kept.push(*last);
    kept.dedup();
    kept
}

impl Chart {
    /// The colour of each series, by number.
    fn colours(&self) -> Vec<usize> {
        let mut next = 0;
        let colour = |s: &Series| {
            let own = next;
            next += usize::from(s.look != Look::Backdrop);
            own
        };
        self.series.iter().map(colour).collect()
    }

    /// Where a logarithmic axis is labelled: powers of ten, and some of their multiples if there are
    /// few. Empty where the usual places are better.
    fn ticks(&self, [low, high]: [f64; 2]) -> Vec<f64> {
        let decades = high - low;
        if !self.log || decades < 0.5 {
            return Vec::new();
        }
        let between: &[f64] = match decades {
            d if d < 1.0 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
            d if d < 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let every = (decades / 8.0).ceil().max(1.0) as usize;
        let powers = (low.floor() as i32..=high.ceil() as i32).step_by(every);
        let ticks = powers.flat_map(|p| between.iter().map(move |m| f64::from(p) + m.log10()));
        ticks.filter(|t| (low..=high).contains(t)).collect()
    }

    /// What values are multiplied by before they are drawn: a power of ten that brings the largest
    /// near 1, since the axes of charts are not made for rates of 1e-12.
    fn unit(&self) -> f64 {
        let values = self
            .series
            .iter()
            .flat_map(|s| &s.points)
            .map(|p| p.1.abs());
        let largest = values.filter(|v| v.is_finite()).fold(0.0, f64::max);
        if self.log || largest < f64::MIN_POSITIVE {
            return 1.0;
        }
        10f64.powi(-largest.log10().floor().clamp(-300.0, 300.0) as i32)
    }

    /// The points as they are drawn.
    fn scaled(&self) -> Vec<Series> {
        let unit = self.unit();
        let scale = |&(x, y): &(f64, f64)| (x, if self.log { y.log10() } else { y * unit });
        let points = |s: &Series| {
            s.points
                .iter()
                .map(scale)
                .filter(|p| p.1.is_finite())
                .collect()
        };
        self.series
            .iter()
            .map(|s| Series {
                name: s.name.clone(),
                points: points(s),
                look: s.look,
            })
            .collect()
    }

    /// What is drawn lies inside: [x, y], each [low, high], never empty.
    fn bounds(&self) -> Result<[[f64; 2]; 2], Error> {
        let series = self.scaled();
        let all = || series.iter().flat_map(|s| &s.points);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| {
                [low.min(v), high.max(v)]
            })
        };
        let reach = || self.reach.into_iter().flatten();
        let (x, mut y) = (
            range(&mut all().map(|p| p.0).chain(reach())),
            range(&mut all().map(|p| p.1)),
        );
        if !(x[0].is_finite() && y[0].is_finite()) {
            let why = if self.log {
                "; a logarithm needs positive values"
            } else {
                ""
            };
            return Err(Error(format!("no value is finite{why}")));
        }
        if !self.log && y[0] > 0.0 && y[0] < 0.5 * y[1] {
            y[0] = 0.0;
        }
        let widen = |[low, high]: [f64; 2]| {
            let size = low.abs().max(high.abs());
            let flat = high - low <= 1e-9 * size;
            let pad = if flat { 0.5 * size.max(1e-3) } else { 0.0 };
            [low - pad, high + pad]
        };
        Ok([widen(x), widen(y)])
    }

    fn label(&self, v: f64) -> String {
        let v = if self.log {
            10f64.powf(v)
        } else {
            v / self.unit()
        };
        match v.abs() {
            0.0 => "0".into(),
            a if (1e-3..1e4).contains(&a) => {
                let text = format!("{v:.4}");
                text.trim_end_matches('0').trim_end_matches('.').into()
            }
            _ => format!("{v:.2e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(log: bool, values: &[f64]) -> Chart {
        let points = (0..).map(f64::from).zip(values.iter().copied()).collect();
        Chart {
            title: "a rate".into(),
            y: "learning rate".into(),
            series: vec![Series {
                name: "cosine".into(),
                points,
                look: Look::Line,
            }],
            log,
            marks: vec![1.0],
            legend: Corner::UpperRight,
            reach: None,
            across: Across::Updates,
        }
    }

    /// Every form draws: a document that ends, a PNG's signature, as many lines as asked for.
    #[test]
    fn draws_in_every_form() {
        let chart = chart(false, &[0.1, 0.05, 0.0]);
        let svg = chart.svg(640, 400).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("learning rate") && svg.contains("a rate"));
        assert!(chart.png(320, 200).unwrap().starts_with(b"\x89PNG"));
        let text = chart.terminal(60, 12, false).unwrap();
        assert_eq!(text.lines().count(), 13);
        assert!(text.contains("0.1") && !text.contains('\x1b'));
        assert!(chart.terminal(60, 12, true).unwrap().contains("\x1b[34m"));
    }

    /// A constant rate, one update, a zero under a logarithm: nothing panics, nothing lies.
    #[test]
    fn draws_what_is_degenerate() {
        for values in [
            &[0.1, 0.1, 0.1][..],
            &[0.1],
            &[0.0, 0.0],
            &[1e-300, 3e-300],
            &[1e300, 0.0],
        ] {
            chart(false, values).svg(300, 200).unwrap();
            chart(false, values).terminal(10, 2, false).unwrap();
        }
        chart(true, &[0.1, 0.0, 1e-9]).svg(300, 200).unwrap();
        assert!(
            chart(true, &[0.0])
                .svg(300, 200)
                .unwrap_err()
                .to_string()
                .contains("positive")
        );
        assert!(chart(false, &[f64::NAN]).svg(300, 200).is_err());
    }

    /// A backdrop has the colour of what it stands behind, and no entry in the legend without a
    /// name; dots are dots; a logarithmic axis is labelled at powers of ten.
    #[test]
    fn looks_differ() {
        let mut chart = chart(true, &[1.0, 1e-6]);
        let line = chart.series[0].clone();
        let look = |name: &str, look| Series {
            name: name.into(),
            look,
            ..line.clone()
        };
        chart.series = vec![
            look("", Look::Backdrop),
            look("line", Look::Line),
            look("dots", Look::Points),
            look("band", Look::Band),
        ];
        assert_eq!(chart.colours(), [0, 0, 1, 2]);
        let svg = chart.svg(640, 400).unwrap();
        assert!(svg.contains("<circle") && svg.contains("opacity=\"0.35\""));
        for label in ["1.00e-4", "0.01", "dots"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
        assert!(chart.terminal(60, 12, false).unwrap().contains("dots"));
        let two = super::svg(&[chart.clone(), chart], 640, 800).unwrap();
        assert_eq!(two.matches("a rate").count(), 2);
    }

    /// What comes from outside cannot end a tag.
    #[test]
    fn names_are_escaped() {
        let mut chart = chart(false, &[0.1, 0.2]);
        chart.title = "<script>&".into();
        let svg = chart.svg(300, 200).unwrap();
        assert!(svg.contains("&lt;script&gt;&amp;") && !svg.contains("<script"));
    }

    /// Few enough points stay as they are; of many, spikes, ends and order are kept.
    #[test]
    fn thinning_keeps_extremes() {
        let mut points: Vec<_> = (0..100_000).map(|i| (f64::from(i), 1.0)).collect();
        (points[777].1, points[50_001].1, points[9].1) = (9.0, -9.0, f64::NAN);
        let thin = thinned(&points, 2000);
        assert!(thin.len() <= 2000, "{}", thin.len());
        assert!(thin.contains(&(777.0, 9.0)) && thin.contains(&(50_001.0, -9.0)));
        assert_eq!((thin[0].0, thin[thin.len() - 1].0), (0.0, 99_999.0));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(thinned(&points[..9], 9), points[..9]);
        assert_eq!(thinned(&points[9..10], 9), []);
    }
}
