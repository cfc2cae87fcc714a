//! TensorBoard's events of a run that goes on: a thread follows `metrics.jsonl`, so that the run itself
//! spends nothing on them.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use super::{rows::Rows, tensorboard::Events};
use crate::error::{Error, Result};

/// How often it looks for new rows.
const EVERY: Duration = Duration::from_secs(1);
/// The most bytes of rows taken at once.
const BITE: u64 = 1 << 20;

/// See the module.
pub struct Following {
    dir: PathBuf,
    stop: Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Following {
    /// Follows a file of rows from its beginning, into a new event file in a folder.
    pub fn start(metrics: PathBuf, dir: PathBuf) -> Following {
        let (stop, stopped) = channel();
        let folder = dir.clone();
        let thread = thread::spawn(move || follow(&metrics, &folder, &stopped));
        Following { dir, stop, thread }
    }

    /// Ends with the last row that is there.
    ///
    /// # Errors
    /// If rows could not be read, or events not written.
    pub fn finish(self) -> Result<()> {
        drop(self.stop);
        let gone = |_| {
            Err(Error::file(
                &self.dir,
                "the thread that writes to it failed",
            ))
        };
        self.thread.join().unwrap_or_else(gone)
    }
}

fn follow(metrics: &Path, dir: &Path, stopped: &Receiver<()>) -> Result<()> {
    let mut events = Events::create(dir, SystemTime::now())?;
    let mut file = File::open(metrics).map_err(Error::io(metrics))?;
    loop {
        let last = stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout);
        while let Some(rows) = next(&mut file, metrics)? {
            events.add(&rows, SystemTime::now())?;
        }
        if last {
            return Ok(());
        }
    }
}

/// The rows that came since, some of them if there are many; the file is left behind the last whole one.
fn next(file: &mut File, path: &Path) -> Result<Option<Rows>> {
    let mut bytes = Vec::new();
    let mut bite = file.by_ref().take(BITE);
    bite.read_to_end(&mut bytes).map_err(Error::io(path))?;
    let end = bytes.iter().rposition(|&b| b == b'\n');
    let whole = end.map_or(0, |last| last + 1);
    let torn = bytes.split_off(whole);
    file.seek(SeekFrom::Current(-(torn.len() as i64)))
        .map_err(Error::io(path))?;
    if whole == 0 {
        return Ok(None);
    }
    let mut rows = Rows::default();
    rows.extend(&bytes).map_err(|e| Error::file(path, e))?;
    Ok(Some(rows))
}
