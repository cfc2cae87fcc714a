//! Runs that differ in two settings, as a map: a row and a column for each value, in each cell what its runs reached.

use plotters::{
    coord::Shift,
    drawing::DrawingArea,
    prelude::{DrawingBackend, Rectangle},
    style::{
        BLACK, Color, IntoFont, RGBColor, TextStyle, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    chart::{self, Drawing, Error, FONT, Failed},
    numbers::short,
};
use crate::sweep::{Planned, Settings};

/// The runs of one cell: one for each seed.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Cell {
    /// What the runs reached.
    pub values: Vec<f64>,
    /// Runs that reached nothing: they failed.
    pub failed: usize,
    /// What is set for this cell alone, as `lr 0.03`.
    pub own: Vec<String>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap {
    /// Above everything.
    pub title: String,
    /// The settings that rows differ in.
    pub down: String,
    /// The setting that columns differ in.
    pub across: String,
    /// What each row is called, from the top.
    pub rows: Vec<String>,
    /// What each column is called.
    pub columns: Vec<String>,
    /// Of each row, a cell for each column.
    pub cells: Vec<Vec<Cell>>,
    /// Whether values are shares, written as percentages, of which higher ones are brighter; else losses, of which
    /// lower ones are.
    pub share: bool,
}

/// Which settings rows and columns differ in, and which are every cell's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Axes {
    down: Vec<String>,
    across: String,
    own: Vec<String>,
}

/// What stands for a setting that a run does not give.
const NOT_GIVEN: &str = "-";

fn value<'a>(run: &'a Settings, key: &str) -> &'a str {
    let found = run.iter().find(|(k, _)| k == key);
    found.map_or(NOT_GIVEN, |(_, value)| value)
}

/// Each of them once, in order.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

impl Axes {
    /// The last setting that varies, the seed aside, is that of the columns, another one that of the rows. A setting
    /// that the row decides, as an optimiser its rate, stands beside its name; what only both decide stands in the cells.
    ///
    /// # Errors
    /// If no two settings decide the others.
    pub fn of(settings: &[Settings]) -> Result<Axes, String> {
        let keys = settings.iter().flatten().map(|(key, _)| key.as_str());
        let keys = distinct(keys.filter(|key| *key != "seed"));
        let number = |keys: &[&str]| {
            let values = |run| keys.iter().map(|key| value(run, key)).collect::<Vec<_>>();
            distinct(settings.iter().map(values)).len()
        };
        let keys: Vec<&str> = keys.into_iter().filter(|key| number(&[key]) > 1).collect();
        let all = number(&keys);
        let others = |across: &str| -> Vec<&str> {
            let all = keys.iter().copied();
            all.filter(|key| *key != across).collect()
        };
        let by_row = |across: &str| {
            let down = others(across);
            let rows = number(&down);
            down.into_iter().find(|key| number(&[key]) == rows)
        };
        let by_both = |across: &str| {
            let mut down = others(across).into_iter();
            down.find(|key| number(&[key, across]) == all)
        };
        let last_first = || keys.iter().copied().rev();
        let found = last_first()
            .find_map(|across| Some((by_row(across)?, across)))
            .or_else(|| last_first().find_map(|across| Some((by_both(across)?, across))));
        let (first, across) = found.ok_or_else(|| {
            let found = match &keys[..] {
                [] => "none varies".into(),
                [key] => format!("only {key} varies"),
                keys => format!("{} vary, and no two decide the others", keys.join(", ")),
            };
            format!("a heat map needs two settings that vary besides the seed; here {found}")
        })?;
        let rest = others(across).into_iter().filter(|key| *key != first);
        let (beside, own): (Vec<&str>, Vec<&str>) =
            rest.partition(|key| number(&[first, key]) == number(&[first]));
        let owned = |keys: Vec<&str>| keys.into_iter().map(String::from).collect();
        Ok(Axes {
            down: owned([vec![first], beside].concat()),
            across: across.into(),
            own: owned(own),
        })
    }
}

impl Heatmap {
    /// Of runs and what each reached, none if it failed.
    pub fn of(title: String, axes: &Axes, runs: &[(Planned, Option<f64>)], share: bool) -> Heatmap {
        let row = |run: &Planned| {
            let values = axes.down.iter().map(|key| value(&run.settings, key));
            values.collect::<Vec<_>>().join(", ")
        };
        let column = |run: &Planned| value(&run.settings, &axes.across).to_string();
        let rows = distinct(runs.iter().map(|(run, _)| row(run)));
        let columns = distinct(runs.iter().map(|(run, _)| column(run)));
        let cell = |at: &String, over: &String| {
            let here = runs
                .iter()
                .filter(|(run, _)| row(run) == *at && column(run) == *over);
            let mut cell = Cell::default();
            for (run, value) in here {
                let own = axes
                    .own
                    .iter()
                    .map(|key| (key, self::value(&run.settings, key)));
                cell.own = own.map(|(key, value)| format!("{key} {value}")).collect();
                match value.filter(|v| v.is_finite()) {
                    Some(value) => cell.values.push(value),
                    None => cell.failed += 1,
                }
            }
            cell
        };
        let cells = rows
            .iter()
            .map(|at| columns.iter().map(|over| cell(at, over)).collect());
        Heatmap {
            title,
            down: axes.down.join(", "),
            across: axes.across.clone(),
            cells: cells.collect(),
            rows,
            columns,
            share,
        }
    }
}

impl Cell {
    /// The mean of the runs that reached something.
    pub fn mean(&self) -> Option<f64> {
        let n = self.values.len();
        (n > 0).then(|| self.values.iter().sum::<f64>() / n as f64)
    }

    /// Half the distance between the highest and the lowest; none for one run.
    pub fn half_range(&self) -> Option<f64> {
        let over = |pick: fn(f64, f64) -> f64| self.values.iter().copied().reduce(pick);
        let [low, high] = [over(f64::min)?, over(f64::max)?];
        (self.values.len() > 1).then_some((high - low) / 2.0)
    }

    /// What stands in it, one line or two.
    fn lines(&self, share: bool) -> Vec<String> {
        let number = |x: f64| match share {
            true => format!("{:.1}", 100.0 * x),
            false => short(x),
        };
        let value = self.mean().map(|mean| match self.half_range() {
            Some(half) => format!("{} ± {}", number(mean), number(half)),
            None => number(mean),
        });
        let all = self.failed + self.values.len();
        let failed = match self.failed {
            0 => None,
            1 if all == 1 => Some("failed".into()),
            failed => Some(format!("{failed} of {all} failed")),
        };
        let found = value.into_iter().chain(failed);
        match self.failed + self.values.len() {
            0 => Vec::new(),
            _ => found.chain(self.own.iter().cloned()).collect(),
        }
    }
}

/// Size of text, pixels.
const TEXT: u32 = 13;
/// Distance between lines of text, and the least height of a cell, pixels.
const LINE: u32 = 17;
const CELL: u32 = 30;
/// Around everything, pixels.
const PAD: u32 = 12;
/// The title and what columns are called.
const HEAD: u32 = PAD + 64;

/// How wide a text is at most, in pixels: browsers have fonts of their own.
fn width(text: &str) -> u32 {
    text.chars().count() as u32 * 15 / 2 + 10
}

impl Heatmap {
    /// Width of what stands left of the cells, width and height of a cell.
    fn measures(&self) -> [u32; 3] {
        let widest = |texts: &mut dyn Iterator<Item = u32>| texts.max().unwrap_or(0);
        let names = [&self.down].into_iter().chain(&self.rows);
        let left = widest(&mut names.map(|name| width(name)));
        let lines = || {
            self.cells
                .iter()
                .flatten()
                .map(|cell| cell.lines(self.share))
        };
        let texts = self.columns.iter().cloned().chain(lines().flatten());
        let across = widest(&mut texts.map(|text| width(&text))).max(84);
        let tall = widest(&mut lines().map(|lines| lines.len() as u32 * LINE + 8));
        [left + PAD, across, tall.max(CELL)]
    }

    /// Width and height, pixels: as much as its texts need.
    pub fn size(&self) -> (u32, u32) {
        let [left, across, tall] = self.measures();
        let cells = left + across * self.columns.len() as u32;
        let title = width(&self.title) * 5 / 4;
        let below = tall * self.rows.len() as u32;
        (PAD + cells.max(title) + PAD, HEAD + below + PAD)
    }

    /// An SVG document.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn svg(&self) -> Result<String, Error> {
        let (width, height) = self.size();
        chart::svg_of(self, width, height)
    }

    /// A PNG file.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let (width, height) = self.size();
        chart::png_of(self, width, height)
    }

    /// The lowest and the highest mean.
    fn range(&self) -> [f64; 2] {
        let means = self.cells.iter().flatten().filter_map(Cell::mean);
        means.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| {
            [low.min(x), high.max(x)]
        })
    }

    /// A cell's colour, grey if it has no value.
    fn colour(&self, cell: &Cell, [low, high]: [f64; 2]) -> RGBColor {
        let Some(mean) = cell.mean() else {
            return RGBColor(225, 225, 225);
        };
        let share = match high > low {
            true => (mean - low) / (high - low),
            false => 0.5,
        };
        viridis(if self.share { share } else { 1.0 - share })
    }
}

impl Drawing for Heatmap {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), Failed<B>> {
        let [left, across, tall] = self.measures().map(|x| x as i32);
        let (pad, head) = (PAD as i32, HEAD as i32);
        let write = |text: &str, size: u32, colour: RGBColor, side: HPos, at: (i32, i32)| {
            let style = TextStyle::from((FONT, size).into_font()).color(&colour);
            area.draw_text(text, &style.pos(Pos::new(side, VPos::Center)), at)
        };
        let name = |text: &str, side: HPos, at: (i32, i32)| write(text, TEXT, BLACK, side, at);
        write(&self.title, 16, BLACK, HPos::Left, (pad, pad + 10))?;
        let middle = pad + left + across * self.columns.len() as i32 / 2;
        name(&self.across, HPos::Center, (middle, head - 32))?;
        name(&self.down, HPos::Left, (pad, head - 12))?;
        let place = |column: i32| pad + left + across * column;
        for (i, column) in (0..).zip(&self.columns) {
            name(column, HPos::Center, (place(i) + across / 2, head - 12))?;
        }
        let range = self.range();
        for (j, (row, cells)) in (0..).zip(self.rows.iter().zip(&self.cells)) {
            let top = head + tall * j;
            name(row, HPos::Left, (pad, top + tall / 2))?;
            for (i, cell) in (0..).zip(cells) {
                let colour = self.colour(cell, range);
                let corners = [(place(i), top), (place(i) + across - 1, top + tall - 1)];
                area.draw(&Rectangle::new(corners, colour.filled()))?;
                let lines = cell.lines(self.share);
                let first = top + tall / 2 - LINE as i32 * (lines.len() as i32 - 1) / 2;
                for (k, line) in (0..).zip(&lines) {
                    let at = (place(i) + across / 2, first + LINE as i32 * k);
                    write(line, TEXT, over(colour), HPos::Center, at)?;
                }
            }
        }
        Ok(())
    }
}

/// Matplotlib's viridis at even steps: as bright as the value is high, so that it survives grey print and every kind of
/// colour blindness.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
];

/// The colour of a number from 0 to 1.
fn viridis(x: f64) -> RGBColor {
    let at = x.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let step = |i: f64| VIRIDIS.get(i as usize).copied().unwrap_or_default();
    let ([r, g, b], [s, h, c]) = (step(at.floor()), step(at.ceil()));
    let mix = |a: u8, b: u8| (f64::from(a) + at.fract() * (f64::from(b) - f64::from(a))).round();
    RGBColor(mix(r, s) as u8, mix(g, h) as u8, mix(b, c) as u8)
}

/// What can be read on a colour, by its luma (ITU-R BT.601).
fn over(RGBColor(r, g, b): RGBColor) -> RGBColor {
    let luma = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if luma > 128.0 { BLACK } else { WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{axis, grid, plan};

    fn settings(rows: &[&[(&str, &str)]]) -> Vec<Settings> {
        let own = |row: &&[(&str, &str)]| row.iter().map(|&(k, v)| (k.into(), v.into())).collect();
        rows.iter().map(own).collect()
    }

    fn axes(texts: &[&str]) -> Result<Axes, String> {
        let axes: Vec<_> = texts.iter().map(|text| axis(text).unwrap()).collect();
        Axes::of(&grid(&axes))
    }

    /// Rows and columns are those that were asked for, whatever stays the same, and the seed is no setting of its own.
    #[test]
    fn two_settings_make_a_map() {
        let found = axes(&["lr=1,2", "epochs=3", "schedule=a;b", "seed=0,1"]).unwrap();
        assert_eq!(
            (&found.down[..], &found.across[..]),
            (&["lr".to_string()][..], "schedule")
        );
        for (texts, why) in [
            (&["epochs=3"][..], "none varies"),
            (&["lr=1,2", "seed=0,1"], "only lr varies"),
            (
                &["lr=1,2", "schedule=a;b", "momentum=1,2"],
                "lr, schedule, momentum vary",
            ),
        ] {
            let e = axes(texts).unwrap_err();
            assert!(e.contains(why), "{e}");
        }
    }

    /// An optimiser with a rate of its own is one row, also where two have the same rate.
    #[test]
    fn what_another_setting_decides_belongs_to_its_row() {
        let row = |o, lr, s| [("lr", lr), ("optimizer", o), ("schedule", s)];
        let rows = [
            row("SGD", "0.1", "a"),
            row("SGD", "0.1", "b"),
            row("Adam", "0.01", "a"),
            row("Lion", "0.01", "b"),
        ];
        let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| &row[..]).collect();
        let rows = settings(&rows);
        let axes = Axes::of(&rows).unwrap();
        let runs: Vec<_> = plan(&rows, &[0, 1])
            .into_iter()
            .map(|run| (run, Some(0.5)))
            .collect();
        let map = Heatmap::of("t".into(), &axes, &runs, true);
        assert_eq!(map.down, "optimizer, lr");
        assert_eq!(map.rows, ["SGD, 0.1", "Adam, 0.01", "Lion, 0.01"]);
        let counts = map
            .cells
            .iter()
            .map(|row| row.iter().map(|cell| cell.values.len()).collect());
        let counts: Vec<Vec<usize>> = counts.collect();
        assert_eq!(counts, [[2, 2], [2, 0], [0, 2]]);
    }

    /// A rate that neither the optimiser nor the schedule decides alone stands where they meet.
    #[test]
    fn what_row_and_column_decide_stands_in_the_cell() {
        let row = |o, lr, s| [("optimizer", o), ("lr", lr), ("schedule", s)];
        let rows = [
            row("SGD", "0.1", "a"),
            row("SGD", "0.3", "b"),
            row("Adam", "0.1", "a"),
            row("Adam", "0.1", "b"),
        ];
        let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| &row[..]).collect();
        let rows = settings(&rows);
        let axes = Axes::of(&rows).unwrap();
        let runs = plan(&rows, &[]).into_iter().map(|run| (run, Some(0.5)));
        let runs: Vec<_> = runs.collect();
        let map = Heatmap::of("t".into(), &axes, &runs, true);
        assert_eq!((&map.down[..], &map.across[..]), ("optimizer", "schedule"));
        assert_eq!(map.rows, ["SGD", "Adam"]);
        let lines = map.cells.iter().flatten().map(|cell| cell.lines(true));
        let lines: Vec<String> = lines.map(|lines| lines.join(" / ")).collect();
        assert_eq!(
            lines,
            [
                "50.0 / lr 0.1",
                "50.0 / lr 0.3",
                "50.0 / lr 0.1",
                "50.0 / lr 0.1"
            ]
        );
    }

    /// A cell says mean and half the range, and how many runs are missing from it.
    #[test]
    fn cells_say_what_they_stand_for() {
        let cell = |values: &[f64], failed| Cell {
            values: values.to_vec(),
            failed,
            own: Vec::new(),
        };
        assert_eq!(cell(&[0.9, 0.96], 0).lines(true), ["93.0 ± 3.0"]);
        assert_eq!(cell(&[0.5], 2).lines(true), ["50.0", "2 of 3 failed"]);
        assert_eq!(cell(&[], 1).lines(true), ["failed"]);
        assert_eq!(cell(&[0.25, 0.5], 0).lines(false), ["0.375 ± 0.125"]);
        assert!(cell(&[], 0).lines(true).is_empty());
    }

    /// Better is brighter, in accuracies and in losses; text is dark on bright and bright on dark; and both forms draw,
    /// also where nothing varies or nothing ended.
    #[test]
    fn better_is_brighter() {
        let axes = axes(&["lr=1,2", "schedule=a;b"]).unwrap();
        let rows = grid(&[axis("lr=1,2").unwrap(), axis("schedule=a;b").unwrap()]);
        let map = |values: [Option<f64>; 4], share| {
            let runs: Vec<_> = plan(&rows, &[]).into_iter().zip(values).collect();
            Heatmap::of("a < b".into(), &axes, &runs, share)
        };
        let values = [Some(0.125), Some(0.5), Some(f64::NAN), None];
        for (share, low) in [(true, viridis(0.0)), (false, viridis(1.0))] {
            let map = map(values, share);
            assert_eq!(map.colour(&map.cells[0][0], map.range()), low);
            let svg = map.svg().unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            assert!(
                svg.contains("schedule") && svg.contains("a &lt; b"),
                "{svg}"
            );
            assert_eq!(svg.matches("failed").count(), 2);
            assert!(map.png().unwrap().starts_with(b"\x89PNG"));
        }
        assert!(map([Some(0.5); 4], true).svg().is_ok() && map([None; 4], true).png().is_ok());
        assert_eq!((over(viridis(0.0)), over(viridis(1.0))), (WHITE, BLACK));
        let luma = |x: f64| {
            let RGBColor(r, g, b) = viridis(x);
            0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
        };
        assert!((1..=20).all(|i| luma(f64::from(i) / 20.0) > luma(f64::from(i - 1) / 20.0)));
    }
}
