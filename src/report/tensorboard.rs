//! TensorBoard's event files: `events.out.tfevents.…`, which `tensorboard --logdir runs` shows.
//!
//! A file is a sequence of records: the length of the data as 8 bytes (little-endian), the masked
//! CRC-32C of those, the data, the masked CRC-32C of the data. The data is an `Event` of
//! TensorFlow's `event.proto`; the first one names the version of the format.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use prost::Message;

use super::rows::{Row, Rows};
use crate::error::{Error, Result};

/// What the names of event files begin with: TensorBoard looks for it.
const PREFIX: &str = "events.out.tfevents.";
/// What the names of kiln's end with.
const SUFFIX: &str = ".kiln";

/// `Event` of `tensorflow/core/util/event.proto`, as far as scalars need it.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// `Summary` of `tensorflow/core/framework/summary.proto`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// `Summary.Value`, a number under a tag.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    /// One of several kinds of values in the original, hence there even if it is 0.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// A run's event file, which rows can be added to.
pub struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// Begins the event file of a run in its folder, which is made if there is none. TensorBoard reads
    /// every file of a folder, so those that kiln wrote before are removed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(dir: &Path, started: SystemTime) -> Result<Events> {
        fs::create_dir_all(dir).map_err(Error::io(dir))?;
        for entry in fs::read_dir(dir).map_err(Error::io(dir))?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                fs::remove_file(entry.path()).map_err(Error::io(&entry.path()))?;
            }
        }
        // A clock before 1970 only costs the name its number.
        let time = seconds(started);
        let path = dir.join(format!("{PREFIX}{}.{}{SUFFIX}", time as u64, host()));
        let mut file = File::create(&path).map_err(Error::io(&path))?;
        let version = What::FileVersion("brain.Event:2".into());
        let mut bytes = Vec::new();
        record(&mut bytes, (time, 0), version);
        file.write_all(&bytes).map_err(Error::io(&path))?;
        Ok(Events { path, file })
    }

    /// Adds rows, all of which get this time, as rows have none of their own: `loss`, `grad_norm`, `lr`
    /// and, where they are, `momentum`, `eval/loss` and `eval/accuracy`. Further fields have their names,
    /// those of evaluations under `eval/`: `ema_eval_loss` is `eval/ema_loss`.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn add(&mut self, rows: &Rows, time: SystemTime) -> Result<()> {
        self.file
            .write_all(&encoded(rows, seconds(time)))
            .map_err(Error::io(&self.path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A run's event file with all of its rows, at the time when it started; gives its path.
///
/// # Errors
/// If it cannot be written.
pub fn write(dir: &Path, rows: &Rows, started: SystemTime) -> Result<PathBuf> {
    let mut events = Events::create(dir, started)?;
    events.add(rows, started)?;
    Ok(events.path)
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs_f64()
}

fn encoded(rows: &Rows, time: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows.in_order() {
        let (step, value) = match row {
            Row::Update(u) => {
                let own = [("loss", u.loss), ("grad_norm", u.grad_norm), ("lr", u.lr)];
                let own = own.into_iter().chain(u.momentum.map(|m| ("momentum", m)));
                (u.step, scalars(own, &u.more))
            }
            Row::Evaluation(e) => {
                let own = std::iter::once(("eval_loss", e.eval_loss));
                let own = own.chain(e.eval_accuracy.map(|a| ("eval_accuracy", a)));
                (e.step, scalars(own, &e.more))
            }
        };
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        record(&mut bytes, (time, step), What::Summary(Summary { value }));
    }
    bytes
}

fn scalars<'a>(
    own: impl Iterator<Item = (&'a str, f64)>,
    more: &'a std::collections::BTreeMap<String, f64>,
) -> Vec<Scalar> {
    let more = more.iter().map(|(name, x)| (name.as_str(), *x));
    let scalar = |(name, x): (&str, f64)| Scalar {
        tag: tag(name),
        simple_value: Some(x as f32),
    };
    own.chain(more).map(scalar).collect()
}

/// TensorBoard groups by what stands before a slash.
fn tag(name: &str) -> String {
    match (name.strip_prefix("eval_"), name.split_once("_eval_")) {
        (Some(what), _) => format!("eval/{what}"),
        (None, Some((whose, what))) => format!("eval/{whose}_{what}"),
        (None, None) => name.into(),
    }
}

/// Appends an event as a record.
fn record(bytes: &mut Vec<u8>, (wall_time, step): (f64, i64), what: What) {
    let event = Event {
        wall_time,
        step,
        what: Some(what),
    };
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    bytes.extend(length);
    bytes.extend(masked_crc(&length).to_le_bytes());
    bytes.extend(&data);
    bytes.extend(masked_crc(&data).to_le_bytes());
}

/// The checksum, turned and shifted so that checksums of checksums stay good ones.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// The machine's name, which only tells files of the same second apart.
fn host() -> String {
    let name = env::var("HOSTNAME")
        .or_else(|_| env::var("COMPUTERNAME"))
        .or_else(|_| fs::read_to_string("/proc/sys/kernel/hostname"))
        .unwrap_or_default();
    let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let name: String = name.trim().chars().filter(fits).take(63).collect();
    if name.is_empty() {
        "localhost".into()
    } else {
        name
    }
}
