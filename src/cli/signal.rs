//! How a person ends a run: by a signal, or by a key of the dashboard.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use super::dashboard::terminal;
use crate::error::{Error, Result};

/// Two signals closer than this are one: wrappers signal the process and its group, and keys repeat.
const SAME_SIGNAL: Duration = Duration::from_millis(100);

/// What tells the run that it is to be ended.
pub(super) const STOPPING: &str = "stopping after the updates in flight; once more to stop at once";

/// Whether the run is to end after the updates in flight.
#[derive(Clone, Default)]
pub(super) struct Signal(Arc<OnceLock<Instant>>);

impl Signal {
    /// Whether it was raised.
    pub(super) fn raised(&self) -> bool {
        self.0.get().is_some()
    }

    /// Asks the run to end after the updates in flight; another time, later, ends the process at once.
    pub(super) fn raise(&self) {
        let now = Instant::now();
        let first = *self.0.get_or_init(|| now);
        if first == now && !terminal::active() {
            eprintln!("{STOPPING}");
        } else if now.saturating_duration_since(first) >= SAME_SIGNAL {
            terminal::leave();
            std::process::exit(130);
        }
    }
}

/// Ctrl-C and SIGTERM raise it.
pub(super) fn stop_on_signal() -> Result<Signal> {
    let signal = Signal::default();
    let handler = signal.clone();
    ctrlc::set_handler(move || handler.raise())
        .map_err(|e| Error::Usage(format!("signals cannot be handled here: {e}")))?;
    Ok(signal)
}
