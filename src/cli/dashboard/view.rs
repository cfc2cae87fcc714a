//! The dashboard's picture: the run above, its curves on the left, its rate on the right, what
//! happened below.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Style, Stylize},
    text::Line,
    widgets::{Block, Borders, Clear, Paragraph},
};

use super::state::State;
use crate::{
    cli::progress::{duration, significant},
    report::{
        chart::{Chart, Corner, Look, Series},
        plots,
    },
};

const KEYS: &str = "? help   q stop   +/- rate ×1.1 ×0.9   0 factor 1   p raw points";
/// The same where no directory carries a factor to the run.
const FEWER_KEYS: &str = "? help   q stop   p raw points";

const HELP: [&str; 9] = [
    "q, Ctrl-C   finish the update, save, leave;",
    "            once more, a second later: at once",
    "+  -        multiply the rate by 1.1, by 0.9",
    "0           the rate as the schedule says",
    "p           show or hide single batches' losses",
    "?  Esc      show or hide this",
    "",
    "The factor is written to lr.factor in the run's",
    "directory, where any program may write it.",
];

/// Draws the run `elapsed` seconds after it began or went on.
pub(super) fn draw(frame: &mut Frame, state: &State, elapsed: f64) {
    let area = frame.area();
    let log = match area.height {
        ..16 => 2,
        16..24 => 4,
        _ => 7,
    };
    let rows = [
        Constraint::Length(3),
        Constraint::Min(0),
        Constraint::Length(log),
        Constraint::Length(1),
    ];
    let [head, body, below, keys] = Layout::vertical(rows).areas(area);
    header(frame, head, state, elapsed);
    let columns = [Constraint::Percentage(55), Constraint::Percentage(45)];
    let [left, right] = Layout::horizontal(columns).areas(body);
    curves(frame, left, state);
    rate(frame, right, state);
    events(frame, below, state);
    frame.render_widget(
        Paragraph::new(if state.about.run.is_some() {
            KEYS
        } else {
            FEWER_KEYS
        })
        .dim(),
        keys,
    );
    if state.help {
        help(frame, area);
    }
}

fn header(frame: &mut Frame, area: Rect, state: &State, elapsed: f64) {
    let about = &state.about;
    let done = state.done();
    let per_second = done.saturating_sub(about.step) as f64 / elapsed.max(1e-3);
    let left = about.steps.saturating_sub(done) as f64 / per_second;
    let percent = 100.0 * done as f64 / about.steps.max(1) as f64;
    let epochs = |step: u64| step as f64 / about.updates_per_epoch.max(1) as f64;
    let name = about.run.as_deref().unwrap_or("a run without a directory");
    let what = format!(
        "  {} ({} parameters) on {}",
        about.model, about.parameters, about.data
    );
    let now = format!(
        "{done}/{} updates ({percent:.1}%)  epoch {:.2}/{}  {} left  {:.0} samples/s  {} so far",
        about.steps,
        epochs(done),
        trimmed(epochs(about.steps)),
        duration(left),
        per_second * about.batch_size as f64,
        duration(elapsed),
    );
    let lines = vec![
        Line::from(vec![name.to_string().bold(), what.into()]),
        Line::from(about.device.as_str()).dim(),
        Line::from(now),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

/// Two decimals, where they say something.
fn trimmed(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Losses and, where there is room for a second chart, accuracies.
fn curves(frame: &mut Frame, area: Rect, state: &State) {
    let latest = state.evaluation.as_ref().and_then(|row| row.eval_accuracy);
    let text = latest.map(|a| format!("accuracy {:.2}%", a * 100.0));
    let reach = [state.about.step as f64, state.done() as f64];
    match text {
        Some(text) if area.height >= 14 => {
            let parts = [Constraint::Percentage(60), Constraint::Percentage(40)];
            let [upper, lower] = Layout::vertical(parts).areas(area);
            losses(frame, upper, state, "", reach);
            let series = vec![drawn("", state.accuracy.means(), Look::Line)];
            let chart = plots::chart("accuracy", series, false, Vec::new(), Corner::LowerRight);
            panel(frame, lower, &text, chart, reach);
        }
        text => losses(frame, area, state, &text.unwrap_or_default(), reach),
    }
}

/// The training's losses, smoothed over raw, and the evaluations'.
fn losses(frame: &mut Frame, area: Rect, state: &State, more: &str, reach: [f64; 2]) {
    let (smooth, _) = plots::smoothed(&state.loss.means());
    let mut series = vec![
        drawn("training", smooth, Look::Line),
        drawn("evaluation", state.eval_loss.means(), Look::Line),
    ];
    if state.raw {
        series.insert(0, drawn("", state.loss.points(), Look::Backdrop));
    }
    let mut title = match &state.last {
        Some(row) => format!("loss {:.4}", row.loss),
        None => "loss".into(),
    };
    if let Some(row) = &state.evaluation {
        title += &format!("  evaluation {:.4}", row.eval_loss);
    }
    if !more.is_empty() {
        title += &format!("  {more}");
    }
    let log = plots::is_wide(series.iter().flat_map(|s| &s.points).map(|p| p.1));
    let chart = plots::chart("loss", series, log, Vec::new(), Corner::UpperRight);
    panel(frame, area, &title, chart, reach);
}

/// The schedule over the whole run, the rates that were applied, and where the run is.
fn rate(frame: &mut Frame, area: Rect, state: &State) {
    let about = &state.about;
    let rates = about.rates.rates.iter();
    let planned: Vec<_> = rates.map(|&(step, rate)| (step as f64, rate)).collect();
    let applied = state.rate.points();
    let top = planned
        .iter()
        .chain(&applied)
        .map(|p| p.1)
        .fold(0.0, f64::max);
    let now = state.done() as f64;
    let series = vec![
        drawn("schedule", planned, Look::Line),
        drawn("applied", applied, Look::Line),
        drawn("now", vec![(now, 0.0), (now, top)], Look::Line),
    ];
    let title = match &state.last {
        Some(row) => format!("lr {}", significant(row.lr)),
        None => "lr".into(),
    };
    let factor = match (state.factor, state.wanted) {
        (f, w) if f != w => format!("  factor {f}, {w} asked for"),
        (1.0, _) => String::new(),
        (f, _) => format!("  factor {f}"),
    };
    let joints = about.rates.joints.iter().map(|&j| j as f64).collect();
    let chart = plots::chart("lr", series, false, joints, Corner::UpperRight);
    panel(
        frame,
        area,
        &(title + &factor),
        chart,
        [0.0, about.steps as f64],
    );
}

fn drawn(name: &str, points: Vec<(f64, f64)>, look: Look) -> Series {
    Series {
        name: name.into(),
        points,
        look,
    }
}

/// A chart in a frame, if there is something to draw and room for it.
fn panel(frame: &mut Frame, area: Rect, title: &str, chart: Option<Chart>, reach: [f64; 2]) {
    let block = Block::bordered()
        .border_style(Style::new().fg(Color::DarkGray))
        .title(Line::from(format!(" {title} ")).style(Style::new().fg(Color::Reset).bold()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let chart = chart.map(|chart| Chart {
        reach: Some(reach),
        ..chart
    });
    let done = chart.map(|chart| chart.render(inner, frame.buffer_mut()));
    if !matches!(done, Some(Ok(()))) {
        frame.render_widget(Paragraph::new("nothing yet").dim(), inner);
    }
}

/// The latest lines of the log.
fn events(frame: &mut Frame, area: Rect, state: &State) {
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(Style::new().fg(Color::DarkGray));
    let room = usize::from(block.inner(area).height);
    let first = state.log.len().saturating_sub(room);
    let lines = state
        .log
        .iter()
        .skip(first)
        .map(|text| Line::from(text.as_str()));
    let lines: Vec<_> = lines.collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn help(frame: &mut Frame, area: Rect) {
    let (width, height) = (54.min(area.width), (HELP.len() as u16 + 2).min(area.height));
    let window = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let lines: Vec<_> = HELP.iter().map(|&line| Line::from(line)).collect();
    frame.render_widget(Clear, window);
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" keys ")),
        window,
    );
}
