//! What the template is given: texts and pictures, no numbers left to format.

use serde::Serialize;

use super::{
    Confusion, Cost, RunReport, Sample,
    figure::{Figure, data_uri},
};
use crate::report::{
    numbers::{grouped, percent, prefixed, short},
    plots,
    rows::Rows,
};

/// More classes than this have no room for a matrix; their confusions are listed.
const MATRIX: usize = 40;

/// A class with a longer name than this is a number at the head of its column.
const HEAD: usize = 12;

/// Pairs of classes that are listed.
const PAIRS: usize = 5;

#[derive(Serialize)]
pub(super) struct View<'a> {
    name: &'a str,
    version: &'static str,
    summary: &'a [String],
    tiles: Vec<Tile>,
    figures: Vec<Figure>,
    schedule: Option<Schedule<'a>>,
    judged: &'a str,
    confusion: Option<Matrix<'a>>,
    worst: Vec<Card<'a>>,
    changed: Vec<[&'a str; 2]>,
    defaults: Vec<[&'a str; 2]>,
    environment: &'a [(String, String)],
    cost: Vec<[String; 5]>,
    total: [String; 3],
    notes: &'a [String],
}

/// A number that matters.
#[derive(Serialize)]
struct Tile {
    label: String,
    value: String,
    note: String,
}

#[derive(Serialize)]
struct Schedule<'a> {
    text: &'a str,
    joints: Vec<[String; 2]>,
}

#[derive(Serialize)]
struct Matrix<'a> {
    classes: &'a [String],
    /// Whether rows and columns have numbers, as the names are too long for heads.
    numbered: bool,
    rows: Vec<Line<'a>>,
    pairs: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    class: &'a str,
    cells: Vec<Cell>,
    right: String,
}

#[derive(Serialize)]
struct Cell {
    count: u64,
    /// How strongly it is coloured, from 0 to 1: its share of the row.
    share: String,
    kind: &'static str,
    title: String,
}

#[derive(Serialize)]
struct Pair<'a> {
    label: &'a str,
    predicted: &'a str,
    count: String,
    share: String,
}

#[derive(Serialize)]
struct Card<'a> {
    uri: Option<String>,
    label: &'a str,
    predicted: &'a str,
    right: bool,
    probability: String,
    loss: String,
}

impl<'a> View<'a> {
    pub(super) fn of(report: &'a RunReport) -> View<'a> {
        let rows = &report.rows;
        let figures = [
            ("Loss", plots::loss(rows)),
            ("Accuracy", plots::accuracy(rows)),
            ("Learning rate", plots::rate(rows, report.schedule.as_ref())),
        ];
        let settings = |default: bool| {
            let kind = report
                .settings
                .iter()
                .filter(move |s| s.is_default == default);
            kind.map(|s| [s.key.as_str(), s.value.as_str()]).collect()
        };
        View {
            name: &report.name,
            version: env!("CARGO_PKG_VERSION"),
            summary: &report.summary,
            tiles: tiles(rows),
            figures: figures
                .into_iter()
                .filter_map(|(title, chart)| Figure::of(title, chart))
                .collect(),
            schedule: report.schedule.as_ref().map(schedule),
            judged: &report.judged,
            confusion: report.confusion.as_ref().and_then(matrix),
            worst: report.worst.iter().map(card).collect(),
            changed: settings(false),
            defaults: settings(true),
            environment: &report.environment,
            cost: report.cost.iter().map(cost).collect(),
            total: total(&report.cost),
            notes: &report.notes,
        }
    }
}

fn tiles(rows: &Rows) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut tile = |label: &str, value, note| {
        tiles.push(Tile {
            label: label.into(),
            value,
            note,
        });
    };
    if let Some(best) = rows.most_accurate() {
        let last = rows.evaluations.iter().rev().find_map(|e| e.eval_accuracy);
        let note = format!(
            "after {} updates; {} at the end",
            grouped(best.0),
            percent(last.unwrap_or(best.1))
        );
        tile("Best accuracy", percent(best.1), note);
    }
    if let (Some(best), Some(last)) = (rows.lowest_eval_loss(), rows.evaluations.last()) {
        let note = format!(
            "after {} updates; {} at the end",
            grouped(best.0),
            short(last.eval_loss)
        );
        tile("Best evaluation loss", short(best.1), note);
    }
    if let Some(last) = rows.updates.last() {
        let (smooth, span) = plots::smoothed(&plots::losses(&rows.updates));
        let mean = smooth.last().map_or(f64::NAN, |p| p.1);
        let note = match span {
            1 => "of the last batch".into(),
            span => format!("mean over about the last {span} updates"),
        };
        tile("Training loss", short(mean), note);
        let evaluated = rows.evaluations.last().map_or(0.0, |e| e.epoch);
        let note = format!("{} epochs", short(last.epoch.max(evaluated)));
        tile("Updates", grouped(last.step.saturating_add(1)), note);
    }
    tiles.extend(averages(rows));
    tiles
}

/// What averages of the weights found at the last evaluation.
fn averages(rows: &Rows) -> impl Iterator<Item = Tile> {
    let tile = |(prefix, name): &(&str, &str)| {
        let last = &rows.evaluations.last()?.more;
        let loss = short(*last.get(&format!("{prefix}_eval_loss"))?);
        let (value, note) = match last.get(&format!("{prefix}_eval_accuracy")) {
            Some(accuracy) => (
                percent(*accuracy),
                format!("accuracy at the end; loss {loss}"),
            ),
            None => (loss, "evaluation loss at the end".into()),
        };
        Some(Tile {
            label: format!("{name} weights"),
            value,
            note,
        })
    };
    plots::AVERAGES.iter().filter_map(tile)
}

fn schedule(drawn: &plots::Drawn) -> Schedule<'_> {
    let joint = |&joint: &u64| {
        let rate = drawn.rates.iter().find(|(step, _)| *step == joint);
        [
            grouped(joint),
            rate.map_or(String::new(), |(_, rate)| short(*rate)),
        ]
    };
    Schedule {
        text: &drawn.text,
        joints: drawn.joints.iter().take(30).map(joint).collect(),
    }
}

/// None if it is not a square of as many classes as there are names.
#[allow(
    clippy::indexing_slicing,
    reason = "it is a square of n, and n are the names"
)]
fn matrix(confusion: &Confusion) -> Option<Matrix<'_>> {
    let Confusion { classes, counts } = confusion;
    let n = classes.len();
    if n == 0 || counts.len() != n || counts.iter().any(|row| row.len() != n) {
        return None;
    }
    let sums: Vec<u64> = counts.iter().map(|row| row.iter().sum()).collect();
    let share = |count: u64, row: usize| count as f64 / sums[row].max(1) as f64;
    let mut wrong: Vec<(usize, usize, u64)> = (0..n * n)
        .map(|i| (i / n, i % n, counts[i / n][i % n]))
        .filter(|&(row, column, count)| row != column && count > 0)
        .collect();
    wrong.sort_by_key(|&(.., count)| std::cmp::Reverse(count));
    let pairs = wrong.iter().take(PAIRS).map(|&(row, column, count)| Pair {
        label: &classes[row],
        predicted: &classes[column],
        count: grouped(count),
        share: percent(share(count, row)),
    });
    let line = |row: usize| Line {
        class: &classes[row],
        cells: (0..n)
            .map(|column| {
                let (count, share) = (counts[row][column], share(counts[row][column], row));
                let right = row == column;
                Cell {
                    count,
                    // A few mistakes among many hits must still be seen.
                    share: format!(
                        "{:.3}",
                        if right {
                            0.85 * share
                        } else {
                            share.sqrt() * 0.9
                        }
                    ),
                    kind: match (count, right) {
                        (0, _) => "none",
                        (_, true) => "right",
                        (_, false) => "wrong",
                    },
                    title: format!(
                        "{} taken for {}: {}",
                        classes[row],
                        classes[column],
                        percent(share)
                    ),
                }
            })
            .collect(),
        right: percent(share(counts[row][row], row)),
    };
    let rows = if n > MATRIX { 0 } else { n };
    Some(Matrix {
        classes,
        numbered: classes.iter().any(|name| name.chars().count() > HEAD),
        rows: (0..rows).map(line).collect(),
        pairs: pairs.collect(),
    })
}

fn card(sample: &Sample) -> Card<'_> {
    Card {
        uri: sample.picture.as_ref().and_then(data_uri),
        label: &sample.label,
        predicted: &sample.predicted,
        right: sample.label == sample.predicted,
        probability: percent(sample.probability),
        loss: short(sample.loss),
    }
}

fn cost(cost: &Cost) -> [String; 5] {
    [
        cost.op.clone(),
        cost.shapes.clone(),
        prefixed(cost.flops),
        prefixed(cost.bytes),
        intensity(cost.flops, cost.bytes),
    ]
}

fn total(costs: &[Cost]) -> [String; 3] {
    let sum = |of: fn(&Cost) -> u64| costs.iter().map(of).fold(0, u64::saturating_add);
    let (flops, bytes) = (sum(|c| c.flops), sum(|c| c.bytes));
    [prefixed(flops), prefixed(bytes), intensity(flops, bytes)]
}

fn intensity(flops: u64, bytes: u64) -> String {
    match bytes {
        0 => "–".into(),
        bytes => format!("{:.2}", flops as f64 / bytes as f64),
    }
}
