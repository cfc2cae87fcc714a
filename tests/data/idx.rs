//! Directories of IDX files: what is read, and what is said about files that are wrong.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use kiln::data::{self, Options};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{assert_consistent, classes, labels, load, refusal, values};

fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Pixels that differ from their neighbours.
fn pixels(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 37 % 256) as u8).collect()
}

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// A directory with three training and two test images of 2×3 in three classes.
fn good() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, TRAIN_IMAGES, &idx(&[3, 2, 3], &pixels(18)));
    write(&dir, TRAIN_LABELS, &idx(&[3], &[2, 0, 1]));
    write(&dir, TEST_IMAGES, &idx(&[2, 2, 3], &pixels(12)));
    write(&dir, TEST_LABELS, &idx(&[2], &[1, 2]));
    dir
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) {
    fs::write(dir.path().join(name), bytes).unwrap();
}

fn path(dir: &TempDir) -> &str {
    dir.path().to_str().unwrap()
}

/// The message about a good directory in which one file was replaced, without the directory.
fn refusal_with(name: &str, bytes: &[u8]) -> String {
    let dir = good();
    write(&dir, name, bytes);
    let message = refusal(path(&dir), &Options::default());
    let prefix = format!("{}{}", path(&dir), std::path::MAIN_SEPARATOR);
    message
        .strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{message}"))
        .to_owned()
}

/// Protects reading: non-square images, labels, exact scaling, and the file's order.
#[test]
fn images_are_read_as_written() {
    let dir = good();
    let dataset = load(path(&dir), &Options::default());
    assert_consistent(&dataset);
    assert_eq!(dataset.shape, [1, 2, 3]);
    assert_eq!(classes(&dataset), ["0", "1", "2"]);
    assert_eq!(labels(&dataset.train), [2, 0, 1]);
    assert_eq!(labels(dataset.test.as_ref().unwrap()), [1, 2]);
    let expected: Vec<f32> = pixels(18)
        .into_iter()
        .map(|pixel| f32::from(pixel) / 255f32)
        .collect();
    assert_eq!(values(&dataset.train, 1, 6), expected);
    assert!(
        dataset
            .summary
            .ends_with("3 training and 2 test samples of 1×2×3, 3 classes; split as the files are")
    );
}

/// Protects every spelling in use: gzipped or not, with a dot or a dash, with channels, and without a test split.
#[test]
fn other_spellings_are_read() {
    let expected = load(path(&good()), &Options::default());
    let dir = tempfile::tempdir().unwrap();
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let bytes = fs::read(good().path().join(name)).unwrap();
        let dotted = name.replace("-idx", ".idx");
        // Two gzip members, one after the other, are one file too.
        let (start, end) = bytes.split_at(5);
        write(
            &dir,
            &format!("{dotted}.gz"),
            &[gzip(start), gzip(end)].concat(),
        );
    }
    let dotted = load(path(&dir), &Options::default());
    assert_eq!((dotted.train, dotted.test), (expected.train, expected.test));

    let dir = tempfile::tempdir().unwrap();
    write(
        &dir,
        "train-images-idx4-ubyte",
        &idx(&[2, 3, 1, 2], &pixels(12)),
    );
    write(&dir, TRAIN_LABELS, &idx(&[2], &[1, 0]));
    let channels = load(path(&dir), &Options::default());
    assert_consistent(&channels);
    assert_eq!(
        (&channels.shape[..], channels.test.is_none()),
        (&[3, 1, 2][..], true)
    );
    assert!(
        channels
            .summary
            .contains("no test samples of 3×1×2, 2 classes; no t10k files, so no test split")
    );
}

/// Protects against half a split, or none.
#[test]
fn missing_files_are_named() {
    for (absent, split) in [
        (TRAIN_IMAGES, "train"),
        (TRAIN_LABELS, "train"),
        (TEST_IMAGES, "t10k"),
        (TEST_LABELS, "t10k"),
    ] {
        let dir = good();
        fs::remove_file(dir.path().join(absent)).unwrap();
        let message = refusal(path(&dir), &Options::default());
        assert!(
            message.contains(&format!("there is no file {absent}")),
            "{split}: {message}"
        );
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(path(&empty), &Options::default()).contains(TRAIN_IMAGES));
}

/// Protects against headers that lie or that belong to other data; each message names file, byte and expectation.
#[test]
fn wrong_headers_are_refused() {
    let wrong = |bytes: &[u8]| refusal_with(TRAIN_IMAGES, bytes);
    assert_eq!(
        wrong(b"\x89PNG\r\n"),
        "train-images-idx3-ubyte: byte 0: found 0x89 0x50; expected 0x00 0x00, which every IDX file begins with"
    );
    assert_eq!(
        wrong(&[0, 0, 0x0d, 3, 0, 0, 0, 1]),
        "train-images-idx3-ubyte: byte 2: found element type 0x0d (32-bit floats); \
         expected 0x08, unsigned bytes: kiln reads no other type"
    );
    assert_eq!(
        wrong(&[0, 0, 8, 1]),
        "train-images-idx3-ubyte: byte 3: found 1 as the number of dimensions; expected 3 or 4"
    );
    assert!(wrong(&[]).starts_with(
        "train-images-idx3-ubyte: byte 0: found the end of the file; expected an IDX header"
    ));
    assert!(
        wrong(&[0, 0, 8, 3, 0, 0])
            .starts_with("train-images-idx3-ubyte: byte 6: found the end of the file")
    );
    assert_eq!(
        wrong(&idx(&[0, 2, 3], &[])),
        "train-images-idx3-ubyte: byte 4: found dimension 0 of size 0; expected at least 1"
    );
    assert!(
        wrong(&idx(&[u32::MAX; 4], &[]))
            .contains("byte 4: found dimensions [4294967295, 4294967295,")
    );
    assert_eq!(
        wrong(&idx(&[4, 2, 3], &pixels(24))).replace(TRAIN_LABELS, "LABELS"),
        "LABELS: byte 4: found 3 labels; expected 4, as many as there are train images"
    );
    assert!(
        wrong(&idx(&[3, 4097, 1, 1], &pixels(3 * 4097))).starts_with(
            "train-images-idx3-ubyte: byte 8: found 4097 channels; expected at most 4096"
        )
    );
    assert_eq!(
        refusal_with(TEST_IMAGES, &idx(&[2, 3, 2], &pixels(12))),
        "t10k-images-idx3-ubyte: byte 8: found images of shape [1, 3, 2]; expected [1, 2, 3], the shape of the training images"
    );
}

/// Protects against files shorter or longer than their header says, plain and gzipped, and against damaged compression.
#[test]
fn wrong_lengths_are_refused() {
    let (short, long) = (idx(&[3, 2, 3], &pixels(17)), idx(&[3, 2, 3], &pixels(19)));
    assert_eq!(
        refusal_with(TRAIN_IMAGES, &short),
        "train-images-idx3-ubyte: byte 33: found the end of the file (at the latest); \
         expected 18 bytes from byte 16 on, for the dimensions [3, 2, 3]"
    );
    assert_eq!(
        refusal_with(TRAIN_IMAGES, &gzip(&short)),
        "train-images-idx3-ubyte: decompressed byte 33: found the end of the file; \
         expected 18 bytes from byte 16 on, for the dimensions [3, 2, 3]"
    );
    assert_eq!(
        refusal_with(TRAIN_IMAGES, &long),
        "train-images-idx3-ubyte: byte 34: found further bytes; \
         expected the end of the file, after 18 bytes from byte 16 on, for the dimensions [3, 2, 3]"
    );
    assert!(
        refusal_with(TRAIN_IMAGES, &gzip(&long))
            .contains("decompressed byte 34: found further bytes")
    );

    let mut damaged = gzip(&idx(&[3, 2, 3], &pixels(18)));
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let message = refusal_with(TRAIN_IMAGES, &damaged);
    assert!(
        message.starts_with("train-images-idx3-ubyte: cannot be read after decompressed byte 34"),
        "{message}"
    );
    let cut = &gzip(&idx(&[3, 2, 3], &pixels(18)))[..20];
    assert!(refusal_with(TRAIN_IMAGES, cut).starts_with("train-images-idx3-ubyte: cannot be read"));
}

/// Protects the loss from labels that no output stands for.
#[test]
fn labels_beyond_the_classes_are_refused() {
    assert_eq!(
        refusal_with(TEST_LABELS, &idx(&[2], &[1, 3])),
        "t10k-labels-idx1-ubyte: byte 9: found label 3; expected 0 to 2, the classes of the training labels"
    );
}

/// Protects memory: promises of up to 4 GiB in headers must not be given it, neither where the size of the file betrays
/// them nor where only reading does. The peak is the process's address space, so the bound leaves room for the other
/// tests and for the arenas of their threads.
#[test]
#[cfg(target_os = "linux")]
fn no_memory_is_taken_for_promises() {
    let peak_kib = || -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmPeak:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let before = peak_kib();
    let promise = u32::MAX - 1;
    let plain = refusal_with(TRAIN_LABELS, &idx(&[promise], &[0; 64]));
    assert!(
        plain.starts_with(
            "train-labels-idx1-ubyte: byte 72: found the end of the file (at the latest)"
        ),
        "{plain}"
    );
    // Two files of 4.2 MB that could, were they compressed well enough, hold what they promise: reading finds out.
    let noise: Vec<u8> = (0..4_200_000u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect();
    let dir = tempfile::tempdir().unwrap();
    for (name, dims) in [
        (TRAIN_IMAGES, &[promise, 1, 1][..]),
        (TRAIN_LABELS, &[promise][..]),
    ] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(&idx(dims, &noise)).unwrap();
        write(&dir, name, &encoder.finish().unwrap());
    }
    let read = refusal(path(&dir), &Options::default());
    assert!(
        read.contains(
            "train-labels-idx1-ubyte: decompressed byte 4200008: found the end of the file;"
        ),
        "{read}"
    );
    assert!(
        peak_kib() - before < 3 << 20,
        "{} KiB taken",
        peak_kib() - before
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Protects against panics and inconsistent data: a directory with one file cut, lengthened or changed somewhere
    /// either loads into something consistent or is refused with a message that names a file in it.
    #[test]
    fn mutated_directories_load_consistently_or_are_refused(
        file in prop::sample::select(vec![TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS]),
        gzipped: bool,
        position in 0.0..1.0,
        mutation in prop_oneof![
            any::<u8>().prop_map(Mutation::Set), Just(Mutation::Cut), any::<u8>().prop_map(Mutation::Insert),
        ],
    ) {
        let dir = good();
        let target = dir.path().join(file);
        let mut bytes = fs::read(&target).unwrap();
        if gzipped {
            bytes = gzip(&bytes);
        }
        let position = (bytes.len() as f64 * position) as usize;
        mutation.apply(&mut bytes, position);
        fs::write(&target, bytes).unwrap();
        match data::load(path(&dir), &Options::default()) {
            Ok(dataset) => assert_consistent(&dataset),
            Err(error) => prop_assert!(error.to_string().starts_with(path(&dir)), "{}", error),
        }
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(u8),
    Cut,
    Insert(u8),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>, position: usize) {
        match *self {
            Mutation::Set(byte) => bytes[position] = byte,
            Mutation::Cut => bytes.truncate(position),
            Mutation::Insert(byte) => bytes.insert(position, byte),
        }
    }
}
