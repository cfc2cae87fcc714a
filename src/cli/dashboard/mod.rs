//! A run that fills the terminal. The trainer hands rows over a few times a second and never waits;
//! a thread of its own keeps the history, draws, and reads the keys.

mod curve;
mod state;
pub(super) mod terminal;
#[cfg(test)]
mod tests;
mod view;

use std::{
    io,
    mem::take,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ratatui::crossterm::event::{self, Event};

use super::{
    screen::{About, Screen},
    signal::Signal,
};
use crate::{
    error::{Error, Result},
    files::write_atomically,
    run::FACTOR,
    train::{Evaluation, Update},
};
use state::{Action, State};

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(100);

/// Time between two hand-overs of rows. In between, an update costs a copy and a look at the clock.
const BATCH: Duration = Duration::from_millis(50);

/// What the trainer tells the thread that draws.
#[derive(Debug)]
enum Message {
    Rows(Vec<Update>),
    Evaluation(Evaluation),
    Past(Vec<Evaluation>),
    Checkpoint(u64, PathBuf),
    Factor(u64, f64),
    Note(String),
}

/// See the module.
pub(super) struct Dashboard {
    /// None once the run has ended: the thread then leaves.
    inbox: Option<Sender<Message>>,
    rows: Vec<Update>,
    sent: Instant,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Dashboard {
    /// Takes the terminal over. The keys raise `signal`.
    pub(super) fn open(about: About, signal: Signal) -> Result<Dashboard> {
        let fail = |e| {
            Error::Usage(format!(
                "--dashboard: the terminal cannot be taken over: {e}; remove the flag for plain lines"
            ))
        };
        let screen = terminal::enter().map_err(fail)?;
        let (inbox, messages) = channel();
        let show = move || {
            let shown = show(screen, State::new(about), &messages, &signal);
            terminal::leave();
            shown
        };
        let thread = thread::Builder::new().name("dashboard".into()).spawn(show);
        let thread = thread.map_err(|e| {
            terminal::leave();
            fail(e)
        })?;
        Ok(Dashboard {
            inbox: Some(inbox),
            rows: Vec::new(),
            sent: Instant::now(),
            thread: Some(thread),
        })
    }

    fn send(&self, message: Message) {
        // Where nobody draws any more, nothing is to be shown; `finish` says why.
        let _ = self.inbox.as_ref().map(|inbox| inbox.send(message));
    }

    fn flush(&mut self) {
        self.sent = Instant::now();
        if !self.rows.is_empty() {
            let rows = take(&mut self.rows);
            self.send(Message::Rows(rows));
        }
    }
}

impl Screen for Dashboard {
    fn update(&mut self, row: &Update) {
        self.rows.push(row.clone());
        if self.sent.elapsed() >= BATCH {
            self.flush();
        }
    }

    fn evaluation(&mut self, row: &Evaluation) {
        self.flush();
        self.send(Message::Evaluation(row.clone()));
    }

    fn past(&mut self, rows: &[Evaluation]) {
        self.send(Message::Past(rows.into()));
    }

    fn checkpoint(&mut self, step: u64, path: &Path) {
        self.flush();
        self.send(Message::Checkpoint(step, path.into()));
    }

    fn factor(&mut self, step: u64, factor: f64) {
        self.send(Message::Factor(step, factor));
    }

    fn note(&mut self, text: &str) {
        self.send(Message::Note(text.into()));
    }

    fn finish(&mut self) {
        self.flush();
        self.inbox = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Err(e))) => eprintln!("note: the dashboard ended early: {e}"),
            Some(Err(_)) => eprintln!("note: the dashboard ended early, by a fault of its own"),
            Some(Ok(Ok(()))) | None => {}
        }
    }
}

impl Drop for Dashboard {
    /// Also where an error or a panic passes by.
    fn drop(&mut self) {
        self.finish();
        terminal::leave();
    }
}

/// Draws until the run has ended.
fn show(
    mut screen: terminal::Screen,
    mut state: State,
    messages: &Receiver<Message>,
    signal: &Signal,
) -> io::Result<()> {
    let started = Instant::now();
    while terminal::active() {
        loop {
            match messages.try_recv() {
                Ok(message) => state.take(message),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
        if signal.raised() {
            state.stopping();
        }
        let elapsed = started.elapsed().as_secs_f64();
        screen.draw(|frame| view::draw(frame, &state, elapsed))?;
        keys(&mut state, signal);
    }
    Ok(())
}

/// What was typed until the next picture is due.
fn keys(state: &mut State, signal: &Signal) {
    let due = Instant::now() + FRAME;
    let left = || due.saturating_duration_since(Instant::now());
    while !left().is_zero() {
        match event::poll(left()) {
            Ok(true) => {}
            Ok(false) => return,
            // No keyboard: the run can still be watched.
            Err(_) => return thread::sleep(left()),
        }
        let action = match event::read() {
            Ok(Event::Key(key)) => state.key(key),
            _ => None,
        };
        match action {
            Some(Action::Stop) => signal.raise(),
            Some(Action::Factor(factor)) => steer(state, factor),
            None => {}
        }
    }
}

/// Writes the factor where the run looks for it, as a person would.
fn steer(state: &mut State, factor: f64) {
    let Some(run) = &state.about.run else {
        state.note("the rate cannot be changed: --no-out leaves no directory for lr.factor");
        return;
    };
    let file = Path::new(run).join(FACTOR);
    match write_atomically(&file, format!("{factor}\n").as_bytes()) {
        Ok(()) => {
            state.wanted = factor;
            state.note(&format!(
                "lr factor {factor} asked for, in {}",
                file.display()
            ));
        }
        Err(e) => state.note(&format!("the rate cannot be changed: {e}")),
    }
}
