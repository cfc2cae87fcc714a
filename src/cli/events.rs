//! A run as a stream of JSON, an object per line, for other programs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    screen::{About, End, Screen},
    tell,
};
use crate::train::{Evaluation, Update};

/// Time between two updates that are told of; `metrics.jsonl` has every one.
const UPDATES: Duration = Duration::from_millis(100);

/// A line of the stream.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Start(&'a About),
    Update(&'a Update),
    Evaluation(&'a Evaluation),
    Checkpoint { step: u64, path: String },
    Factor { step: u64, factor: f64 },
    Note { text: &'a str },
    End(&'a End<'a>),
}

/// See the module.
pub(super) struct Events {
    told: Option<Instant>,
    /// The last update, if nothing was told of it.
    waiting: Option<Update>,
}

impl Events {
    /// Tells what begins.
    pub(super) fn new(about: &About) -> Events {
        write(&Event::Start(about));
        let mut events = Events {
            told: None,
            waiting: None,
        };
        about.remarks.iter().for_each(|text| events.note(text));
        events
    }

    fn flush(&mut self) {
        if let Some(row) = self.waiting.take() {
            self.told = Some(Instant::now());
            write(&Event::Update(&row));
        }
    }
}

impl Screen for Events {
    fn update(&mut self, row: &Update) {
        self.waiting = Some(row.clone());
        if self.told.is_none_or(|at| at.elapsed() >= UPDATES) {
            self.flush();
        }
    }

    fn evaluation(&mut self, row: &Evaluation) {
        self.flush();
        write(&Event::Evaluation(row));
    }

    fn checkpoint(&mut self, step: u64, path: &Path) {
        self.flush();
        let path = path.display().to_string();
        write(&Event::Checkpoint { step, path });
    }

    fn factor(&mut self, step: u64, factor: f64) {
        write(&Event::Factor { step, factor });
    }

    fn note(&mut self, text: &str) {
        write(&Event::Note { text });
    }

    fn finish(&mut self) {
        self.flush();
    }

    fn end(&mut self, end: &End) {
        write(&Event::End(end));
    }
}

/// A run that has nothing left to do.
pub(super) fn complete(end: &End) {
    write(&Event::End(end));
}

fn write(event: &Event) {
    match serde_json::to_string(event) {
        Ok(line) => tell(format_args!("{line}")),
        Err(e) => eprintln!("note: an event cannot be written as JSON: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the line is what the files say, with the event's name in front.
    #[test]
    fn events_are_flat_objects() {
        let row = Update {
            step: 7,
            epoch: 0.5,
            lr: 1e-9,
            groups: Default::default(),
            momentum: None,
            loss: f64::NAN,
            grad_norm: 2.0,
            skipped: 0,
        };
        let text = serde_json::to_string(&Event::Update(&row)).unwrap();
        assert_eq!(
            text,
            r#"{"event":"update","step":7,"epoch":0.5,"lr":1e-9,"loss":null,"grad_norm":2.0}"#
        );
        let end = End {
            reason: "time",
            step: 8,
            seconds: 1.5,
            run: None,
            best: None,
        };
        assert_eq!(
            serde_json::to_string(&Event::End(&end)).unwrap(),
            r#"{"event":"end","reason":"time","step":8,"seconds":1.5,"run":null,"best":null}"#
        );
    }
}
