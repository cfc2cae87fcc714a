//! TensorBoard's event files, read back: by a reader that shares nothing with the writer, and by
//! TensorBoard's own where Python has it.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use kiln::report::{rows::Rows, tensorboard::write};

use super::{rows, skipped};
use crate::cli::{folder, success};

/// Tag, step → value.
type Scalars = BTreeMap<String, Vec<(u64, f32)>>;

/// CRC-32C bit by bit (Castagnoli's polynomial, reflected), and TensorFlow's mask.
fn masked_crc(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (head, rest) = bytes.split_at(n);
    *bytes = rest;
    head
}

/// The data of every record, its checksums checked.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = take(&mut bytes, 8);
        let crc = |bytes: &mut &[u8]| u32::from_le_bytes(take(bytes, 4).try_into().unwrap());
        assert_eq!(crc(&mut bytes), masked_crc(length), "of a length");
        let length = u64::from_le_bytes(length.try_into().unwrap());
        let data = take(&mut bytes, length as usize);
        assert_eq!(crc(&mut bytes), masked_crc(data), "of data");
        found.push(data);
    }
    found
}

/// A message's fields: number, and a varint's value or the bytes of anything else.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = take(bytes, 1)[0];
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (value, data) = match key & 7 {
            0 => (varint(&mut bytes), &[][..]),
            1 => (0, take(&mut bytes, 8)),
            2 => {
                let length = varint(&mut bytes) as usize;
                (0, take(&mut bytes, length))
            }
            5 => (0, take(&mut bytes, 4)),
            kind => panic!("wire type {kind}"),
        };
        found.push((key >> 3, value, data));
    }
    found
}

/// What the file says, and the time of its events.
fn decoded(bytes: &[u8]) -> (Scalars, f64) {
    let (mut scalars, mut time) = (Scalars::new(), 0.0);
    for (index, event) in records(bytes).into_iter().enumerate() {
        let mut step = 0;
        for (number, value, data) in fields(event) {
            match number {
                1 => time = f64::from_le_bytes(data.try_into().unwrap()),
                2 => step = value,
                3 => assert_eq!((index, data), (0, &b"brain.Event:2"[..])),
                5 => {
                    for (number, _, value) in fields(data) {
                        assert_eq!(number, 1);
                        let parts: BTreeMap<u64, &[u8]> = fields(value)
                            .into_iter()
                            .map(|(n, _, data)| (n, data))
                            .collect();
                        let tag = String::from_utf8(parts[&1].to_vec()).unwrap();
                        let x = f32::from_le_bytes(parts[&2].try_into().unwrap());
                        scalars.entry(tag).or_default().push((step, x));
                    }
                }
                other => panic!("field {other}"),
            }
        }
    }
    (scalars, time)
}

/// Every number of every row, under its tag and step.
fn wanted() -> Scalars {
    let rows = rows(60);
    let mut want = Scalars::new();
    let mut put =
        |tag: &str, step, x: f64| want.entry(tag.into()).or_default().push((step, x as f32));
    for u in &rows.updates {
        put("loss", u.step, u.loss);
        put("grad_norm", u.step, u.grad_norm);
        put("lr", u.step, u.lr);
    }
    for e in &rows.evaluations {
        put("eval/loss", e.step, e.eval_loss);
        put("eval/accuracy", e.step, e.eval_accuracy.unwrap());
        put("eval/ema_loss", e.step, e.more["ema_eval_loss"]);
        put("eval/ema_accuracy", e.step, e.more["ema_eval_accuracy"]);
    }
    want
}

fn written(dir: &Path) -> Vec<u8> {
    let started = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
    let path = write(dir, &rows(60), started).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("events.out.tfevents.1700000000.") && name.ends_with(".kiln"));
    fs::read(path).unwrap()
}

#[test]
fn event_files_hold_every_number() {
    let dir = tempfile::tempdir().unwrap();
    let (scalars, time) = decoded(&written(dir.path()));
    assert_eq!(scalars, wanted());
    assert_eq!(time, 1_700_000_000.25);
}

/// The checksum of the standard's example: "123456789" gives e3069283.
#[test]
fn the_independent_checksum_is_castagnolis() {
    let unmasked = masked_crc(b"123456789").wrapping_sub(0xa282_ead8);
    assert_eq!(unmasked.rotate_left(15), 0xe306_9283);
}

/// The only event file of a run: tag, step → value.
fn of_run(dir: &Path) -> Scalars {
    let mut files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let (file, more) = (files.next().expect("an event file"), files.next());
    assert_eq!(more, None);
    decoded(&fs::read(file).unwrap()).0
}

/// Events are there while the run goes on, and a run that was killed and went on has each once.
#[test]
fn events_follow_a_run() {
    let dir = folder();
    let events = dir.path().join("run/tensorboard");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    let args = "train --device cpu --epochs 100000 --save-every 20 --quiet --out run";
    command.current_dir(dir.path()).args(args.split(' '));
    let mut child = command.spawn().expect("the binary runs");
    let size = || {
        let file = fs::read_dir(&events).ok()?.flatten().next()?;
        Some(file.metadata().ok()?.len())
    };
    let more = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        size() > Some(10_000)
    });
    let going = child.try_wait().expect("it can be asked").is_none();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert!(more && going, "{:?} bytes of events", size());
    success(
        "resume run --device cpu --until eval_loss<=1e9 --quiet",
        dir.path(),
    );
    let found = of_run(&events);
    let metrics = Rows::read(&dir.path().join("run/metrics.jsonl")).unwrap();
    let losses = metrics.updates.iter().map(|u| (u.step, u.loss as f32));
    assert_eq!(found["loss"], losses.collect::<Vec<_>>());
    let rates = metrics.updates.iter().map(|u| (u.step, u.lr as f32));
    assert_eq!(found["lr"], rates.collect::<Vec<_>>());
    success("report run", dir.path());
    assert_eq!(of_run(&events), found);
}

/// Prints tag, step and value, a line each, as TensorBoard's own accumulator has them.
const READER: &str = r#"
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
for tag in events.Tags()["scalars"]:
    for e in events.Scalars(tag):
        print(tag, e.step, repr(e.value), e.wall_time)
for tag in events.Tags()["tensors"]:
    for e in events.Tensors(tag):
        print(tag, e.step, repr(float(e.tensor_proto.float_val[0])), e.wall_time)
"#;

#[test]
fn tensorboard_reads_event_files() {
    let python = env::var("KILN_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python)
        .args(["-c", "import tensorboard"])
        .output();
    if !has.is_ok_and(|out| out.status.success()) {
        let why = format!("{python} has no `tensorboard`; name one that has with KILN_TEST_PYTHON");
        skipped("report::tensorboard::tensorboard_reads_event_files", &why);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let out = Command::new(&python)
        .args(["-c", READER])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut scalars = Scalars::new();
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let [tag, step, value, time] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(time, "1700000000.25");
        let point = (step.parse().unwrap(), value.parse::<f64>().unwrap() as f32);
        scalars.entry(tag.into()).or_default().push(point);
    }
    assert_eq!(scalars, wanted());
}
