//! Charts in a terminal, of Braille dots.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Rect},
    style::{Color as Ink, Style},
    symbols::Marker,
    widgets::{Axis, Chart as TerminalChart, Dataset, GraphType, Widget},
};

use super::{Chart, Error, Look};

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
    /// Text of `width` columns and `height` lines, in colour if `colour`. Backdrops are left out:
    /// dots have no shades.
    ///
    /// # Errors
    /// If there is nothing finite to draw.
    pub fn terminal(&self, width: u16, height: u16, colour: bool) -> Result<String, Error> {
        let (series, [x, y]) = (self.scaled(), self.bounds()?);
        let shown = series.iter().zip(self.colours());
        let shown = shown.filter(|(s, _)| s.look != Look::Backdrop);
        let datasets = shown.map(|(s, colour)| {
            let graph = match s.look {
                Look::Points => GraphType::Scatter,
                _ => GraphType::Line,
            };
            Dataset::default()
                .name(s.name.as_str())
                .marker(Marker::Braille)
                .graph_type(graph)
                .style(Style::new().fg(INKS[colour % INKS.len()]))
                .data(&s.points)
        });
        let axis = |[low, high]: [f64; 2], label: &dyn Fn(f64) -> String| {
            let labels = [0.0, 0.5, 1.0].map(|z| label(low + (high - low) * z));
            Axis::default().bounds([low, high]).labels(labels)
        };
        let chart = TerminalChart::new(datasets.collect())
            .x_axis(axis(x, &|v| self.across.label(v)))
            .y_axis(axis(y, &|v| self.label(v)))
            .hidden_legend_constraints((Constraint::Percentage(60), Constraint::Percentage(60)));
        let area = Rect::new(0, 0, width.max(20), height.max(6));
        let mut buffer = Buffer::empty(area);
        chart.render(area, &mut buffer);
        Ok(format!("{}\n{}", self.title, as_text(&buffer, colour)))
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
