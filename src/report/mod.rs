//! What a run or a schedule looks like: charts for terminals, browsers and papers.

pub mod chart;
pub mod compare;
pub mod csv;
pub mod heatmap;
pub mod html;
pub mod live;
pub mod lr_find;
pub(crate) mod numbers;
pub mod plots;
pub mod rows;
pub mod schedule;
pub mod tensorboard;
