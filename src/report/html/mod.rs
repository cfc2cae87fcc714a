//! `report.html`: a run on one page that needs nothing else, neither network nor files nor scripts.

mod figure;
mod view;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use view::View;

use super::{plots::Drawn, rows::Rows};
use crate::plan::{Plan, Program};

/// Everything that the page shows. What is empty or `None` leaves its section out.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// The run's name.
    pub name: String,
    /// What to know first, a line each.
    pub summary: Vec<String>,
    /// What the run was made with.
    pub settings: Vec<Setting>,
    /// Adapter, driver, versions: names and values.
    pub environment: Vec<(String, String)>,
    /// All updates and evaluations.
    pub rows: Rows,
    /// The schedule of the learning rate.
    pub schedule: Option<Drawn>,
    /// Which split was judged and by which weights, as the two that follow show it.
    pub judged: String,
    /// Which classes were taken for which.
    pub confusion: Option<Confusion>,
    /// The samples with the highest loss.
    pub worst: Vec<Sample>,
    /// What a training step computes and moves.
    pub cost: Vec<Cost>,
    /// Remarks: warnings of lint, what was stopped and resumed.
    pub notes: Vec<String>,
}

/// A flag of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The flag's name.
    pub key: String,
    /// Its value, as it would be written.
    pub value: String,
    /// Whether the run would have had it anyway.
    pub is_default: bool,
}

/// A confusion matrix.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Confusion {
    /// The classes' names, in the order of rows and columns.
    pub classes: Vec<String>,
    /// A row for each true class: how many of its samples were taken for which class.
    pub counts: Vec<Vec<u64>>,
}

/// A sample that the model got wrong, or nearly.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The true class.
    pub label: String,
    /// The class with the highest probability.
    pub predicted: String,
    /// That probability.
    pub probability: f64,
    /// The sample's loss.
    pub loss: f64,
    /// Its picture, if it is one.
    pub picture: Option<Picture>,
}

/// The pixels of a picture, `[channels, height, width]`; of one channel grey, of three colour. Of
/// another number the first is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// How many values a pixel has.
    pub channels: u32,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// A channel after the other, each row by row.
    pub pixels: Vec<u8>,
}

/// A dispatch of the training step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The kernel.
    pub op: String,
    /// Its sizes, for people.
    pub shapes: String,
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes that must cross the memory bus if nothing is cached.
    pub bytes: u64,
}

impl Cost {
    /// The dispatches of one of the plan's programs.
    pub fn of(plan: &Plan, program: &Program) -> Vec<Cost> {
        let dispatches = plan
            .dispatches
            .get(program.range.clone())
            .unwrap_or_default();
        let cost = |d: &crate::plan::Dispatch| Cost {
            op: d.op.name.into(),
            shapes: d.describe(),
            flops: d.flops(),
            bytes: d.bytes(),
        };
        dispatches.iter().map(cost).collect()
    }
}

/// The page. Every text from outside is escaped.
///
/// # Panics
/// If kiln's own template is broken, which a test would have seen: nothing in the report can.
#[allow(
    clippy::expect_used,
    reason = "nothing from outside has a part in the template"
)]
pub fn page(report: &RunReport) -> String {
    let whole_lines = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the usual delimiters");
    let mut templates = Environment::new();
    templates.set_syntax(whole_lines);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates
        .render_str(include_str!("report.html.j2"), Serde(View::of(report)))
        .expect("the template fits its view")
}
