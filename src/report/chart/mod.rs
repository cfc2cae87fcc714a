//! Line charts over updates: in the terminal, as SVG, as PNG.

mod picture;
mod terminal;
mod ticks;

pub(super) use picture::{Drawing, FONT, Failed, png_of, svg_of};
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
    /// (update, value), in order; what is not finite is left out, and the line goes on behind it.
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
    /// Draw the logarithm of the values; those that have none lie on the lower edge, which is labelled 0.
    pub log: bool,
    /// Values that the vertical axis never leaves, and spans if nothing moves: [0, 1] for a share.
    pub within: Option<[f64; 2]>,
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
        // The first of equals; nothing here is NaN.
        let value = |&(_, &(_, y)): &(usize, &(f64, f64))| y;
        let points = || part.iter().enumerate();
        let low = points().reduce(|best, next| {
            if value(&next) < value(&best) {
                next
            } else {
                best
            }
        });
        let high = points().reduce(|best, next| {
            if value(&next) > value(&best) {
                next
            } else {
                best
            }
        });
        let mut both: Vec<_> = low.into_iter().chain(high).collect();
        both.sort_by_key(|(at, _)| *at);
        kept.extend(both.into_iter().map(|(_, point)| *point));
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

    /// Where a logarithmic axis has what has no logarithm: a bit below the lowest value that has one. None if
    /// there are not both.
    fn floor(&self) -> Option<f64> {
        let values = self.series.iter().flat_map(|s| &s.points).map(|p| p.1);
        let (with, without): (Vec<f64>, Vec<f64>) =
            values.filter(|v| v.is_finite()).partition(|v| *v > 0.0);
        if !self.log || with.is_empty() || without.is_empty() {
            return None;
        }
        let [low, high] = range(with.into_iter().map(f64::log10));
        Some(low - (0.08 * (high - low)).max(0.1))
    }

    /// The points as they are drawn.
    fn scaled(&self) -> Vec<Series> {
        let (unit, floor) = (self.unit(), self.floor().unwrap_or(f64::NAN));
        let scale = |&(x, y): &(f64, f64)| match self.log {
            false => (x, y * unit),
            true if y > 0.0 => (x, y.log10()),
            true => (x, if y.is_finite() { floor } else { y }),
        };
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
        let reach = || self.reach.into_iter().flatten();
        let (x, mut y) = (
            range(all().map(|p| p.0).chain(reach())),
            range(all().map(|p| p.1)),
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
        let x = match self.across {
            // An axis of whole numbers has at least two.
            Across::Updates if x[0] == x[1] => [x[0], x[0] + 1.0],
            _ => widened(x),
        };
        Ok([x, self.kept_within(y)])
    }

    /// A vertical range that is not empty, and not wider than it may be.
    fn kept_within(&self, y: [f64; 2]) -> [f64; 2] {
        let wide = widened(y);
        match self.within.filter(|_| !self.log) {
            None => wide,
            Some(within) => {
                let [least, most] = within.map(|v| v * self.unit());
                match wide == y {
                    true => [y[0].max(least), y[1].min(most)],
                    false => [least, most],
                }
            }
        }
    }
}

/// The lowest and the highest.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| {
        [low.min(v), high.max(v)]
    })
}

/// A range around what does not move.
fn widened([low, high]: [f64; 2]) -> [f64; 2] {
    let size = low.abs().max(high.abs());
    let flat = high - low <= 1e-9 * size;
    let pad = if flat { 0.5 * size.max(1e-3) } else { 0.0 };
    [low - pad, high + pad]
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn chart(log: bool, values: &[f64]) -> Chart {
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
            within: None,
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

    /// A share's axis ends at 1, also where nothing moves; what moves little is still seen from near.
    #[test]
    fn an_axis_stays_within() {
        let vertical = |values: &[f64]| {
            let chart = Chart {
                within: Some([0.0, 1.0]),
                ..chart(false, values)
            };
            chart.bounds().unwrap()[1].map(|v| v / chart.unit())
        };
        assert_eq!(vertical(&[1.0, 1.0]), [0.0, 1.0]);
        assert_eq!(vertical(&[0.0, 0.0]), [0.0, 1.0]);
        assert_eq!(vertical(&[0.05]), [0.0, 1.0]);
        assert_eq!(vertical(&[0.75, 0.875]), [0.75, 0.875]);
    }

    /// A value of zero has no logarithm: it is drawn on the lower edge, below all that have one, and not
    /// joined over.
    #[test]
    fn zeros_lie_on_the_edge_of_a_logarithm() {
        let chart = chart(true, &[1.0, 0.0, 1e-3, f64::NAN]);
        let points = &chart.scaled()[0].points;
        let [_, [low, high]] = chart.bounds().unwrap();
        assert_eq!(points[..2], [(0.0, 0.0), (1.0, low)]);
        assert_eq!((points.len(), high), (3, 0.0));
        assert!(low < -3.1 && chart.svg(400, 300).unwrap().contains("\n0\n"));
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
        for label in ["1e-4", "0.01", "dots"] {
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
