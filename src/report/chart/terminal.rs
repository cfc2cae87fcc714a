//! Charts in a terminal, of Braille dots.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Rect},
    style::{Color as Ink, Style},
    symbols::Marker,
    widgets::{Axis, Chart as TerminalChart, Dataset, GraphType, Widget},
};

use super::{Chart, Error, Look, ticks::DIGITS};

/// The like of a picture's colours.
const INKS: [Ink; 7] = [
    Ink::Blue,
    Ink::Red,
    Ink::Green,
    Ink::Magenta,
    Ink::Yellow,
    Ink::Cyan,
    Ink::White,
];

impl Chart {
    /// Text of `width` columns and `height` lines, in colour if `colour`. Backdrops and marks are
    /// left out: dots have no shades.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn terminal(&self, width: u16, height: u16, colour: bool) -> Result<String, Error> {
        let area = Rect::new(0, 0, width.max(20), height.max(6));
        let mut buffer = Buffer::empty(area);
        self.paint(area, &mut buffer, false)?;
        Ok(format!("{}\n{}", self.title, as_text(&buffer, colour)))
    }

    /// Into cells of a terminal that has colours: backdrops and marks are grey. The title is left to
    /// whoever asks.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn render(&self, area: Rect, buffer: &mut Buffer) -> Result<(), Error> {
        self.paint(area, buffer, true)
    }

    fn paint(&self, area: Rect, buffer: &mut Buffer, grey: bool) -> Result<(), Error> {
        let (series, [x, y]) = (self.scaled(), self.bounds()?);
        let marks: Vec<_> = self.marks.iter().map(|&m| [(m, y[0]), (m, y[1])]).collect();
        let (behind, before): (Vec<_>, Vec<_>) = series
            .iter()
            .zip(self.colours())
            .partition(|(s, _)| s.look == Look::Backdrop);
        let marks = marks
            .iter()
            .map(|m| drawn("", Look::Line, Ink::DarkGray, m));
        let behind = behind.iter();
        let behind = behind.map(|(s, _)| drawn(&s.name, s.look, Ink::DarkGray, &s.points));
        let ink = |colour: &usize| INKS.get(colour % INKS.len()).copied().unwrap_or_default();
        let before = before
            .iter()
            .map(|(s, c)| drawn(&s.name, s.look, ink(c), &s.points));
        let datasets = match grey {
            true => marks.chain(behind).chain(before).collect(),
            false => before.collect(),
        };
        let [low, high] = y;
        let values = [low, low + 0.5 * (high - low), high].map(|v| self.label(v, DIGITS));
        TerminalChart::new(datasets)
            .x_axis(Axis::default().bounds(x).labels(self.across.labels(x)))
            .y_axis(Axis::default().bounds(y).labels(values))
            .hidden_legend_constraints((Constraint::Percentage(60), Constraint::Percentage(60)))
            .render(area, buffer);
        Ok(())
    }
}

/// One curve of dots.
fn drawn<'a>(name: &'a str, look: Look, ink: Ink, points: &'a [(f64, f64)]) -> Dataset<'a> {
    let graph = match look {
        Look::Points => GraphType::Scatter,
        _ => GraphType::Line,
    };
    let curve = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(graph)
        .style(Style::new().fg(ink))
        .data(points);
    match name {
        "" => curve,
        name => curve.name(name),
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
