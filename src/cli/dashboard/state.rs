//! What the dashboard knows of the run, and what its keys do.

use std::collections::VecDeque;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Message, curve::Curve};
use crate::{
    cli::{
        progress::{evaluated, factored},
        screen::About,
        signal::STOPPING,
    },
    train::{Evaluation, Update},
};

/// Lines that the log remembers.
const LOG: usize = 200;

/// What a key asks of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    Stop,
    Factor(f64),
}

/// See the module.
pub(super) struct State {
    pub(super) about: About,
    pub(super) loss: Curve,
    pub(super) rate: Curve,
    pub(super) eval_loss: Curve,
    pub(super) accuracy: Curve,
    pub(super) last: Option<Update>,
    pub(super) evaluation: Option<Evaluation>,
    /// The live factor in force, and the one asked for.
    pub(super) factor: f64,
    pub(super) wanted: f64,
    pub(super) log: VecDeque<String>,
    /// Whether single batches' losses are drawn behind their mean.
    pub(super) raw: bool,
    pub(super) help: bool,
    stopping: bool,
}

impl State {
    pub(super) fn new(about: About) -> State {
        let log = about.remarks.iter().cloned().collect();
        State {
            about,
            loss: Curve::new(),
            rate: Curve::new(),
            eval_loss: Curve::new(),
            accuracy: Curve::new(),
            last: None,
            evaluation: None,
            factor: 1.0,
            wanted: 1.0,
            log,
            raw: true,
            help: false,
            stopping: false,
        }
    }

    /// Takes in what the trainer tells.
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Rows(rows) => rows.into_iter().for_each(|row| {
                self.loss.push(row.step, row.loss);
                self.rate.push(row.step, row.lr);
                self.last = Some(row);
            }),
            Message::Evaluation(row) => {
                self.note(&evaluated(&row));
                self.judged(row);
            }
            Message::Past(rows) => rows.into_iter().for_each(|row| self.judged(row)),
            Message::Checkpoint(step, path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy();
                self.note(&format!("checkpoint {name} after {step} updates"));
            }
            Message::Factor(step, factor) => {
                // What was asked for meanwhile is still to come.
                if self.wanted == self.factor {
                    self.wanted = factor;
                }
                self.factor = factor;
                self.note(&factored(step, factor));
            }
            Message::Note(text) => self.note(&text),
        }
    }

    fn judged(&mut self, row: Evaluation) {
        self.eval_loss.push(row.step, row.eval_loss);
        if let Some(accuracy) = row.eval_accuracy {
            self.accuracy.push(row.step, accuracy);
        }
        self.evaluation = Some(row);
    }

    /// A line of the log.
    pub(super) fn note(&mut self, text: &str) {
        self.log.push_back(text.into());
        while self.log.len() > LOG {
            self.log.pop_front();
        }
    }

    /// Says once that the run is asked to end.
    pub(super) fn stopping(&mut self) {
        if !self.stopping {
            self.stopping = true;
            self.note(STOPPING);
        }
    }

    /// What a key does here, and what it asks of the run.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Some(Action::Stop),
            KeyCode::Char('q') => return Some(Action::Stop),
            KeyCode::Char('+' | '=') => return Some(Action::Factor(rounded(self.wanted * 1.1))),
            KeyCode::Char('-') => return Some(Action::Factor(rounded(self.wanted * 0.9))),
            KeyCode::Char('0') => return Some(Action::Factor(1.0)),
            KeyCode::Char('p') => self.raw = !self.raw,
            KeyCode::Char('?') => self.help = !self.help,
            KeyCode::Esc => self.help = false,
            _ => {}
        }
        None
    }

    /// Updates applied so far.
    pub(super) fn done(&self) -> u64 {
        self.last
            .as_ref()
            .map_or(self.about.step, |row| row.step + 1)
    }
}

/// Four significant digits, so that what is written can be read.
fn rounded(factor: f64) -> f64 {
    let text = format!("{factor:.3e}");
    text.parse().unwrap_or(factor)
}
