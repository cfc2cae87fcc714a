//! A run in a process of its own: what fails in it fails alone.

use std::{
    ffi::OsString,
    fs::File,
    io::{Read, Seek},
    process::{self, Command, Stdio},
    time::Duration,
};

use crate::cli::signal::Signal;
use crate::error::{Error, Result};

/// Time between two looks at the process.
const LOOKS: Duration = Duration::from_millis(50);

/// See the module.
pub(super) struct Child {
    process: process::Child,
    said: File,
}

/// How it ended.
pub(super) struct Ended {
    /// Its exit code; none if a signal killed it.
    pub(super) code: Option<i32>,
    /// What it said last on standard error.
    pub(super) message: String,
}

impl Child {
    /// Starts this program with other arguments.
    pub(super) fn start(args: &[OsString]) -> Result<Child> {
        let program = std::env::current_exe().map_err(Error::io("this program".as_ref()))?;
        let said = tempfile::tempfile().map_err(Error::io("a temporary file".as_ref()))?;
        let stderr = said
            .try_clone()
            .map_err(Error::io("a temporary file".as_ref()))?;
        let process = Command::new(&program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(Error::io(&program))?;
        Ok(Child { process, said })
    }

    /// Waits for its end. Once `stop` is set it is asked to stop, as a terminal does, and waited for while
    /// it saves.
    pub(super) fn wait(mut self, stop: &Signal) -> Result<Ended> {
        let mut asked = false;
        let status = loop {
            let ended = self.process.try_wait();
            if let Some(status) = ended.map_err(Error::io("a run".as_ref()))? {
                break status;
            }
            if stop.raised() && !asked {
                asked = true;
                self.ask();
            }
            std::thread::sleep(LOOKS);
        };
        let mut text = Vec::new();
        // The message is a help, not the result.
        let _ = self
            .said
            .rewind()
            .and_then(|()| self.said.read_to_end(&mut text));
        Ok(Ended {
            code: status.code(),
            message: last_error(&String::from_utf8_lossy(&text)),
        })
    }

    /// A terminal signals every process of its foreground; whoever signals this one alone means the run too.
    /// Signals close to each other are one to it.
    fn ask(&self) {
        #[cfg(unix)]
        {
            let id = self.process.id().to_string();
            // Without that program the run ends by itself, and the sweep after it.
            let _ = Command::new("kill").args(["-INT", &id]).status();
        }
    }
}

/// The lines from the last `error:` on, else the last line.
fn last_error(text: &str) -> String {
    let text = text.trim();
    match text.rfind("error: ") {
        Some(at) => text.split_at(at + "error: ".len()).1.into(),
        None => text.lines().last().unwrap_or_default().into(),
    }
}
