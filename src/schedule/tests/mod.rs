//! The run and the helpers that the tests of schedules share.

mod language;
mod laws;
mod lint;
mod values;

use super::*;

fn run() -> Run {
    Run {
        base_lr: 0.1,
        base_momentum: Some(0.9),
        updates: Some(1000),
        epoch_updates: Some(100.0),
        batch: Some(32),
    }
}

fn resolved(text: &str) -> Schedule {
    let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{e}"));
    spec.resolve(&run()).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(text: &str) -> String {
    match text.parse::<Spec>().and_then(|spec| spec.resolve(&run())) {
        Ok(schedule) => panic!("{text} is {schedule}"),
        Err(error) => error.to_string(),
    }
}
