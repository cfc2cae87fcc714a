//! TensorBoard's event files: `events.out.tfevents.…`, which `tensorboard --logdir runs` shows.
//!
//! A file is a sequence of records: the length of the data as 8 bytes (little-endian), the masked
//! CRC-32C of those, the data, the masked CRC-32C of the data. The data is an `Event` of
//! TensorFlow's `event.proto`; the first one names the version of the format.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use prost::Message;

use super::rows::{Row, Rows};
use crate::{error::Result, files::write_atomically};

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

/// Writes the run's event file into a folder, and gives its path. All events have the time at which
/// the run started, as rows have none of their own.
///
/// # Errors
/// If it cannot be written.
pub fn write(dir: &Path, rows: &Rows, started: SystemTime) -> Result<PathBuf> {
    // A clock before 1970 only costs the name its number.
    let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("events.out.tfevents.{}.{}.kiln", since.as_secs(), host());
    let path = dir.join(name);
    write_atomically(&path, &events(rows, since.as_secs_f64()))?;
    Ok(path)
}

/// The file's bytes, `wall_time` in seconds since 1970: `loss`, `grad_norm`, `lr` and, where they
/// are, `momentum`, `eval/loss` and `eval/accuracy`. Further fields have their names, those that
/// begin with `eval_` under `eval/`.
pub fn events(rows: &Rows, wall_time: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let event = |step, what| Event {
        wall_time,
        step,
        what: Some(what),
    };
    record(
        &mut bytes,
        &event(0, What::FileVersion("brain.Event:2".into())),
    );
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
        record(&mut bytes, &event(step, What::Summary(Summary { value })));
    }
    bytes
}

fn scalars<'a>(
    own: impl Iterator<Item = (&'a str, f64)>,
    more: &'a std::collections::BTreeMap<String, f64>,
) -> Vec<Scalar> {
    let more = more.iter().map(|(name, x)| (name.as_str(), *x));
    let scalar = |(name, x): (&str, f64)| Scalar {
        tag: match name.strip_prefix("eval_") {
            Some(name) => format!("eval/{name}"),
            None => name.into(),
        },
        simple_value: Some(x as f32),
    };
    own.chain(more).map(scalar).collect()
}

/// Appends an event as a record.
fn record(bytes: &mut Vec<u8>, event: &Event) {
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
