//! Charts as SVG and PNG.

use std::{io::Cursor, ops::Range};

use plotters::{
    backend::{BitMapBackend, SVGBackend},
    chart::{ChartBuilder, SeriesLabelPosition},
    coord::{
        Shift,
        ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
        types::RangedCoordf64,
    },
    drawing::{DrawingArea, IntoDrawingArea},
    prelude::{Cartesian2d, ChartContext, Circle, DrawingBackend, LineSeries, PathElement},
    style::{Color, FontStyle, IntoTextStyle, RGBAColor, RGBColor, ShapeStyle, register_font},
};

use super::{Chart, Corner, Error, Look, ticks::Tick};

/// Colours that colour-blind people can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

pub(in crate::report) const FONT: &str = "sans-serif";
const WHITE: RGBColor = RGBColor(255, 255, 255);

/// What plotters says when it cannot draw.
pub(in crate::report) type Failed<B> =
    plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

/// An axis that is labelled at its own ticks.
struct Ticked {
    inner: RangedCoordf64,
    ticks: Vec<Tick>,
}

impl Ticked {
    fn new([low, high]: [f64; 2], ticks: Vec<Tick>) -> Ticked {
        let inner = (low..high).into();
        Ticked { inner, ticks }
    }
}

impl Ranged for Ticked {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.inner.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks.iter().map(|tick| tick.at).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.inner.range()
    }
}

impl ValueFormatter<f64> for Ticked {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.at == *value);
        tick.map_or(String::new(), |tick| tick.label.clone())
    }
}

impl Chart {
    /// An SVG document of `width` × `height` pixels.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn svg(&self, width: u32, height: u32) -> Result<String, Error> {
        svg(std::slice::from_ref(self), width, height)
    }

    /// A PNG file of `width` × `height` pixels.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn png(&self, width: u32, height: u32) -> Result<Vec<u8>, Error> {
        png(std::slice::from_ref(self), width, height)
    }

    fn draw_over<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        x: [f64; 2],
        y: [f64; 2],
    ) -> Result<(), Failed<B>> {
        let (width, height) = area.dim_in_pixel();
        let narrow = width < 500;
        let mut builder = ChartBuilder::on(area);
        if !self.title.is_empty() {
            builder.caption(&self.title, (FONT, 20));
        }
        // On a phone, text is larger and margins are smaller.
        let (margin, text) = if narrow { (6, 16) } else { (12, 13) };
        let described = if self.y.is_empty() { 0 } else { 20 };
        let most = (width as usize / if narrow { 80 } else { 70 }).clamp(2, 11);
        let across = self.ticks_across(x, most);
        let up = self.ticks_up(y, (height as usize / 36).clamp(3, 11));
        let half = widest(area, text, &across)? / 2;
        let beside = 56.max(widest(area, text, &up)? + 14);
        let mut chart = builder
            .margin(margin)
            .margin_right(margin.max(half))
            .x_label_area_size(36)
            .y_label_area_size(beside + described)
            .build_cartesian_2d(Ticked::new(x, across), Ticked::new(y, up))?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(self.across.name())
            .y_desc(&self.y)
            .label_style((FONT, text))
            .draw()?;
        self.draw_series(&mut chart, text)
    }

    fn draw_series<'a, B: DrawingBackend + 'a>(
        &self,
        chart: &mut ChartContext<'a, B, Cartesian2d<Ticked, Ticked>>,
        text: i32,
    ) -> Result<(), Failed<B>> {
        let grey = RGBColor(160, 160, 160).stroke_width(1);
        let y = chart.y_range();
        chart.draw_series(
            self.marks
                .iter()
                .map(|&x| PathElement::new([(x, y.start), (x, y.end)], grey)),
        )?;
        for (s, colour) in self.scaled().into_iter().zip(self.colours()) {
            let colour = COLOURS
                .get(colour % COLOURS.len())
                .unwrap_or(&RGBColor(0, 0, 0));
            let style = style(s.look, *colour);
            let drawn = match s.look {
                Look::Points => chart.draw_series(
                    s.points
                        .into_iter()
                        .map(|point| Circle::new(point, 4, style.filled())),
                )?,
                _ => chart.draw_series(LineSeries::new(s.points, style))?,
            };
            if s.name.is_empty() {
                continue;
            }
            let drawn = drawn.label(s.name);
            let line = move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 18, y)], style);
            let dot = move |(x, y): (i32, i32)| Circle::new((x + 9, y), 4, style.filled());
            match s.look {
                Look::Points => drawn.legend(dot),
                _ => drawn.legend(line),
            };
        }
        if self.series.iter().filter(|s| !s.name.is_empty()).count() > 1 {
            let corner = match self.legend {
                Corner::UpperRight => SeriesLabelPosition::UpperRight,
                Corner::LowerRight => SeriesLabelPosition::LowerRight,
            };
            chart
                .configure_series_labels()
                .position(corner)
                .background_style(WHITE.mix(0.85))
                .border_style(grey)
                .label_font((FONT, text))
                .draw()?;
        }
        Ok(())
    }
}

/// What can be drawn as SVG and as PNG.
pub(in crate::report) trait Drawing {
    /// Over an area that is white.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), Failed<B>>;
}

/// Charts below each other, all of one size, inside their bounds.
struct Column<'a>(&'a [Chart], Vec<[[f64; 2]; 2]>);

impl Column<'_> {
    fn of(charts: &[Chart]) -> Result<Column<'_>, Error> {
        let bounds: Result<Vec<_>, Error> = charts.iter().map(Chart::bounds).collect();
        Ok(Column(charts, bounds?))
    }
}

impl Drawing for Column<'_> {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), Failed<B>> {
        let parts = area.split_evenly((self.0.len(), 1));
        let charts = self.0.iter().zip(&self.1).zip(&parts);
        charts
            .into_iter()
            .try_for_each(|((chart, &[x, y]), part)| chart.draw_over(part, x, y))
    }
}

/// An SVG document of charts below each other, all of one size.
///
/// # Errors
/// If there is nothing finite to draw.
pub fn svg(charts: &[Chart], width: u32, height: u32) -> Result<String, Error> {
    svg_of(&Column::of(charts)?, width, height)
}

/// A PNG file of charts below each other, all of one size.
///
/// # Errors
/// If there is nothing finite to draw.
pub fn png(charts: &[Chart], width: u32, height: u32) -> Result<Vec<u8>, Error> {
    png_of(&Column::of(charts)?, width, height)
}

/// An SVG document.
pub(in crate::report) fn svg_of(
    what: &impl Drawing,
    width: u32,
    height: u32,
) -> Result<String, Error> {
    let mut text = String::new();
    paint(what, SVGBackend::with_string(&mut text, (width, height)))?;
    Ok(text)
}

/// A PNG file.
pub(in crate::report) fn png_of(
    what: &impl Drawing,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, Error> {
    let mut pixels = vec![0; (width * height * 3) as usize];
    let size = (width, height);
    paint(what, BitMapBackend::with_buffer(&mut pixels, size))?;
    let mut file = Cursor::new(Vec::new());
    let image = image::RgbImage::from_raw(width, height, pixels);
    let image = image.ok_or_else(|| Error("its size does not fit its pixels".into()))?;
    let written = image.write_to(&mut file, image::ImageFormat::Png);
    written.map_err(|e| Error(e.to_string()))?;
    Ok(file.into_inner())
}

fn paint<B: DrawingBackend>(what: &impl Drawing, backend: B) -> Result<(), Error> {
    let failed = |e: Failed<B>| Error(e.to_string());
    // Registering the font again is harmless, and refused only if the font were broken.
    let font = epaint_default_fonts::UBUNTU_LIGHT;
    register_font(FONT, FontStyle::Normal, font).map_err(|_| Error("no font".into()))?;
    let whole = backend.into_drawing_area();
    whole.fill(&WHITE).map_err(failed)?;
    what.draw(&whole).map_err(failed)?;
    whole.present().map_err(failed)
}

/// How wide the widest label is.
fn widest<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    text: i32,
    ticks: &[Tick],
) -> Result<u32, Failed<B>> {
    let style = (FONT, text).into_text_style(area);
    let mut widest = 0;
    for tick in ticks {
        widest = widest.max(area.estimate_text_size(&tick.label, &style)?.0);
    }
    // Browsers have fonts of their own, some of them wider.
    Ok(widest * 6 / 5)
}

fn style(look: Look, colour: RGBColor) -> ShapeStyle {
    let (colour, width): (RGBAColor, u32) = match look {
        Look::Line | Look::Points => (colour.to_rgba(), 2),
        Look::Backdrop => (colour.mix(0.3), 1),
        Look::Band => (colour.mix(0.35), 7),
    };
    colour.stroke_width(width)
}
