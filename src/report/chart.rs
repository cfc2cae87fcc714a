//! Line charts over updates: in the terminal, as SVG, as PNG.

use std::io::Cursor;

use plotters::{
    backend::{BitMapBackend, SVGBackend},
    chart::{ChartBuilder, SeriesLabelPosition},
    coord::{Shift, types::RangedCoordf64},
    drawing::{DrawingArea, IntoDrawingArea},
    prelude::{Cartesian2d, ChartContext, DrawingBackend, LineSeries, PathElement},
    style::{Color, FontStyle, RGBColor, ShapeStyle, register_font},
};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Rect},
    style::{Color as Ink, Style},
    symbols::Marker,
    widgets::{Axis, Chart as TerminalChart, Dataset, GraphType, Widget},
};

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As the legend calls it.
    pub name: String,
    /// (update, value), in order; gaps are drawn as straight lines.
    pub points: Vec<(f64, f64)>,
}

/// Some curves over one axis of updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Above everything.
    pub title: String,
    /// What the vertical axis measures.
    pub y: String,
    /// The curves; at most a handful can be told apart.
    pub series: Vec<Series>,
    /// Draw the logarithm of the values; those that are not positive are left out.
    pub log: bool,
    /// Updates to mark with a vertical line: joints of a schedule, the present.
    pub marks: Vec<f64>,
}

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct Error(String);

/// Colours that colour-blind people can tell apart (Okabe and Ito), for pictures.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Their like in a terminal.
const INKS: [Ink; 7] = [
    Ink::Blue,
    Ink::Red,
    Ink::Green,
    Ink::Magenta,
    Ink::Yellow,
    Ink::Cyan,
    Ink::White,
];

const FONT: &str = "sans-serif";

impl Chart {
    /// An SVG document of `width` × `height` pixels.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn svg(&self, width: u32, height: u32) -> Result<String, Error> {
        let mut text = String::new();
        self.draw(SVGBackend::with_string(&mut text, (width, height)).into_drawing_area())?;
        Ok(text)
    }

    /// A PNG file of `width` × `height` pixels.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn png(&self, width: u32, height: u32) -> Result<Vec<u8>, Error> {
        let mut pixels = vec![0; (width * height * 3) as usize];
        self.draw(BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area())?;
        let mut file = Cursor::new(Vec::new());
        let image = image::RgbImage::from_raw(width, height, pixels);
        let image = image.ok_or_else(|| Error("its size does not fit its pixels".into()))?;
        let written = image.write_to(&mut file, image::ImageFormat::Png);
        written.map_err(|e| Error(e.to_string()))?;
        Ok(file.into_inner())
    }

    /// Text of `width` columns and `height` lines, in colour if `colour`.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn terminal(&self, width: u16, height: u16, colour: bool) -> Result<String, Error> {
        let (series, [x, y]) = (self.scaled(), self.bounds()?);
        let datasets = series.iter().zip(INKS.iter().cycle()).map(|(s, ink)| {
            Dataset::default()
                .name(s.name.as_str())
                .marker(Marker::Braille)
                .graph_type(GraphType::Line)
                .style(Style::new().fg(*ink))
                .data(&s.points)
        });
        let axis = |[low, high]: [f64; 2], label: &dyn Fn(f64) -> String| {
            let labels = [0.0, 0.5, 1.0].map(|z| label(low + (high - low) * z));
            Axis::default().bounds([low, high]).labels(labels)
        };
        let chart = TerminalChart::new(datasets.collect())
            .x_axis(axis(x, &|v| format!("{v:.0}")))
            .y_axis(axis(y, &|v| self.label(v)))
            .hidden_legend_constraints((Constraint::Percentage(60), Constraint::Percentage(60)));
        let area = Rect::new(0, 0, width.max(20), height.max(6));
        let mut buffer = Buffer::empty(area);
        chart.render(area, &mut buffer);
        Ok(format!("{}\n{}", self.title, as_text(&buffer, colour)))
    }

    fn draw<B: DrawingBackend>(&self, area: DrawingArea<B, Shift>) -> Result<(), Error> {
        // Registering the font again is harmless, and refused only if the font were broken.
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        register_font(FONT, FontStyle::Normal, font).map_err(|_| Error("no font".into()))?;
        let failed = |e: &dyn std::fmt::Display| Error(e.to_string());
        let [x, y] = self.bounds()?;
        let white = RGBColor(255, 255, 255);
        area.fill(&white).map_err(|e| failed(&e))?;
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, (FONT, 20))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(76)
            .build_cartesian_2d(x[0]..x[1], y[0]..y[1])
            .map_err(|e| failed(&e))?;
        chart
            .configure_mesh()
            .light_line_style(white)
            .x_desc("update")
            .y_desc(&self.y)
            .x_label_formatter(&|v| format!("{v:.0}"))
            .y_label_formatter(&|v| self.label(*v))
            .label_style((FONT, 13))
            .draw()
            .map_err(|e| failed(&e))?;
        self.draw_series(&mut chart, y).map_err(|e| failed(&e))?;
        area.present().map_err(|e| failed(&e))
    }

    fn draw_series<'a, B: DrawingBackend + 'a>(
        &self,
        chart: &mut ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
        y: [f64; 2],
    ) -> Result<(), plotters::drawing::DrawingAreaErrorKind<B::ErrorType>> {
        let grey = RGBColor(160, 160, 160).stroke_width(1);
        chart.draw_series(
            self.marks
                .iter()
                .map(|&x| PathElement::new([(x, y[0]), (x, y[1])], grey)),
        )?;
        for (s, colour) in self.scaled().into_iter().zip(COLOURS.iter().cycle()) {
            let style: ShapeStyle = colour.stroke_width(2);
            let swatch = move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 18, y)], style);
            chart
                .draw_series(LineSeries::new(s.points, style))?
                .label(s.name)
                .legend(swatch);
        }
        if self.series.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(RGBColor(255, 255, 255).mix(0.85))
                .border_style(grey)
                .label_font((FONT, 13))
                .draw()?;
        }
        Ok(())
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
        let (x, mut y) = (
            range(&mut all().map(|p| p.0)),
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

/// A terminal's cells as lines, with the colour of each run of cells if wanted.
fn as_text(buffer: &Buffer, colour: bool) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut ink = Ink::Reset;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            if colour && cell.fg != ink {
                ink = cell.fg;
                line.push_str(&escape(ink));
            }
            line.push_str(cell.symbol());
        }
        text.push_str(line.trim_end());
        text.push_str(if colour && ink != Ink::Reset {
            "\x1b[0m\n"
        } else {
            "\n"
        });
    }
    text
}

/// The ANSI escape of one of [`INKS`].
fn escape(ink: Ink) -> String {
    let code = match ink {
        Ink::Red => 31,
        Ink::Green => 32,
        Ink::Yellow => 33,
        Ink::Blue => 34,
        Ink::Magenta => 35,
        Ink::Cyan => 36,
        Ink::White => 37,
        _ => 0,
    };
    format!("\x1b[{code}m")
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
            }],
            log,
            marks: vec![1.0],
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
}
