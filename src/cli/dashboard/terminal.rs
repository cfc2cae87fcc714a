//! The terminal is taken over and given back: by the end, an error, a panic, a second signal.

use std::{
    io::{self, Stdout, stdout},
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor, execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};

/// What is drawn on.
pub(super) type Screen = Terminal<CrosstermBackend<Stdout>>;

/// Whether the terminal is ours.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Before a panic is told, the terminal is given back.
static HOOK: Once = Once::new();

/// Takes the terminal over.
pub(super) fn enter() -> io::Result<Screen> {
    HOOK.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            leave();
            told(what);
        }));
    });
    ACTIVE.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode().and_then(|()| {
        execute!(stdout(), EnterAlternateScreen, cursor::Hide)?;
        Terminal::new(CrosstermBackend::new(stdout()))
    });
    entered.inspect_err(|_| leave())
}

/// Gives it back, once, from whichever thread.
pub(in crate::cli) fn leave() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        // Each as far as it goes: whoever leaves because of an error has something else to say.
        let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// Whether it is taken over, so that nothing else may be printed on it.
pub(in crate::cli) fn active() -> bool {
    ACTIVE.load(Ordering::SeqCst)
}
