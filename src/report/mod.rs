//! What a run or a schedule looks like: charts for terminals, browsers and papers.

pub mod chart;
pub mod schedule;
