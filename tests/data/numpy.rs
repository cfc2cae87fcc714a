//! Arrays as NumPy writes them.

use std::{io::Write, path::Path};

use kiln::data::{Features, Options, Targets, TaskKind};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{assert_consistent, classes, labels, load, outputs, refusal, values};

/// What `numpy.save` writes.
pub(super) fn npy(descr: &str, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let dims: String = shape.iter().map(|dim| format!("{dim}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

fn floats(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

fn integers(values: impl IntoIterator<Item = i64>) -> Vec<u8> {
    values.into_iter().flat_map(i64::to_le_bytes).collect()
}

/// What `numpy.savez_compressed` or `numpy.savez` write.
fn npz(path: &Path, arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> String {
    let mut zip = ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

fn whole() -> Options {
    Options {
        test_fraction: Some(0.0),
        ..Options::default()
    }
}

/// Protects what keras and PyTorch users have: bytes of images with integer classes, packed or not, split here.
#[test]
fn images_and_classes_from_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    let pixels: Vec<u8> = (0..60).collect();
    let arrays = [
        ("x", npy("|u1", &[10, 2, 3], &pixels)),
        ("y", npy("<i8", &[10], &integers((0..10).map(|i| i % 2)))),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let path = npz(&dir.path().join("data.npz"), &arrays, method);
        let data = load(&path, &whole());
        assert_consistent(&data);
        assert_eq!((&data.shape[..], data.train.len), (&[1, 2, 3][..], 10));
        assert_eq!(classes(&data), ["0", "1"]);
        assert_eq!(labels(&data.train)[..4], [0, 1, 0, 1]);
        let Features::Bytes { data: bytes, .. } = &data.train.features else {
            panic!("expected bytes")
        };
        assert_eq!(**bytes, pixels);
        assert_eq!(values(&data.train, 1, 6)[51], 51.0 / 255.0);
        let split = load(&path, &Options::default());
        assert_eq!((split.train.len, split.test.unwrap().len), (8, 2));
    }
}

/// Protects floats with floats: a regression, of several outputs too, from two files.
#[test]
fn numbers_to_predict_from_two_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let x = write(
        "x.npy",
        npy("<f4", &[4, 3], &floats((0..12).map(|i| i as f32))),
    );
    let y = write("y.npy", npy("<f4", &[4], &floats([0.5, 1.5, 2.0, 3.0])));
    let options = |targets: &Path, task| Options {
        targets: Some(targets.to_owned()),
        task,
        ..whole()
    };
    let name = x.to_str().unwrap();
    let data = load(name, &options(&y, None));
    assert_consistent(&data);
    assert_eq!(data.shape, [3]);
    assert_eq!(outputs(&data.train), [0.5, 1.5, 2.0, 3.0]);
    let two = write(
        "two.npy",
        npy("<f4", &[4, 2], &floats((0..8).map(|i| i as f32))),
    );
    let data = load(name, &options(&two, None));
    assert_consistent(&data);
    assert!(matches!(
        data.train.targets,
        Targets::Values { width: 2, .. }
    ));
    let labels = write("labels.npy", npy("<i8", &[4, 1], &integers([3, 0, 1, 0])));
    assert_eq!(classes(&load(name, &options(&labels, None))).len(), 4);
    let data = load(name, &options(&labels, Some(TaskKind::Regression)));
    assert_eq!(outputs(&data.train), [3.0, 0.0, 1.0, 0.0]);

    let classification = Some(TaskKind::Classification);
    for (targets, task, expected) in [
        (
            &y,
            classification,
            "y.npy: found 0.5 at [0]; expected a class, a whole number",
        ),
        (
            &two,
            classification,
            "expected one class for each sample, so save `y.argmax(1)`",
        ),
    ] {
        let message = refusal(name, &options(targets, task));
        assert!(message.contains(expected), "{message}");
    }
    assert!(
        refusal(name, &whole()).contains("--targets is missing: name the file with the answers")
    );
    let short = write("short.npy", npy("<i8", &[3], &integers([0, 1, 0])));
    assert!(refusal(name, &options(&short, None)).contains("short.npy: 3 targets; expected 4"));
    let nan = write(
        "nan.npy",
        npy("<f4", &[4], &floats([0.0, f32::NAN, 0.0, 0.0])),
    );
    assert!(
        refusal(name, &options(&nan, None)).contains("found NaN at [1]; expected a finite number")
    );
    let csv = write("t.csv", b"a,b\n1,2\n".to_vec());
    let given = options(&y, None);
    assert!(refusal(csv.to_str().unwrap(), &given).starts_with("--targets has no effect on "));
}

/// Protects keras's naming: splits that come with the data stay as they are, with the classes of the training split.
#[test]
fn splits_may_be_arrays() {
    let dir = tempfile::tempdir().unwrap();
    let x = |n: usize| npy("<f4", &[n, 2], &floats((0..2 * n).map(|i| i as f32)));
    let y = |labels: &[i64]| npy("<i8", &[labels.len()], &integers(labels.to_vec()));
    let path = dir.path().join("data.npz");
    let save = |arrays: &[(&str, Vec<u8>)]| npz(&path, arrays, CompressionMethod::Deflated);
    let train = [("X_train", x(3)), ("y_train", y(&[0, 1, 2]))];
    let name = save(&[&train[..], &[("x_test", x(2)), ("y_test", y(&[1, 2]))]].concat());
    let data = load(&name, &Options::default());
    assert_consistent(&data);
    assert_eq!((data.train.len, data.val.is_none()), (3, true));
    assert_eq!(labels(data.test.as_ref().unwrap()), [1, 2]);
    let message = refusal(&name, &whole());
    assert!(
        message.contains("its splits are arrays of their own"),
        "{message}"
    );

    let name = save(&[&train[..], &[("x_val", x(1)), ("y_val", y(&[2]))]].concat());
    let data = load(&name, &Options::default());
    assert_consistent(&data);
    assert_eq!(labels(data.evaluated().unwrap()), [2]);
    let again = Options {
        val_fraction: Some(0.5),
        ..Options::default()
    };
    assert!(refusal(&name, &again).contains("its validation split comes with the data"));

    let refused = |more: &[(&str, Vec<u8>)], expected: &str| {
        let name = save(&[&train[..], more].concat());
        let message = refusal(&name, &Options::default());
        assert!(message.contains(expected), "{message}");
    };
    refused(
        &[("x_test", x(2)), ("y_test", y(&[1, 3]))],
        "array `y_test`: found 3 at [1]; expected a class from 0 to 2, the classes of the training targets",
    );
    refused(&[("x_test", x(2))], "there is `x_test`, but no `y_test`");
    refused(
        &[
            ("x_val", npy("<f4", &[1, 3], &floats([0.0; 3]))),
            ("y_val", y(&[1])),
        ],
        "array `x_val`: samples of shape [3]; expected [2]",
    );
    let name = save(&[("a", x(2)), ("b", x(2))]);
    let message = refusal(&name, &Options::default());
    assert!(
        message.contains("the arrays are `a`, `b`; expected `x` and `y`, or `x_train`"),
        "{message}"
    );
}

/// Protects against learning from rows of pixels taken for channels: keras's order of dimensions is refused.
#[test]
fn channels_last_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let arrays = [
        ("x", npy("|u1", &[2, 5, 5, 3], &[0; 150])),
        ("y", npy("<i8", &[2], &integers([0, 1]))),
    ];
    let name = npz(
        &dir.path().join("a.npz"),
        &arrays,
        CompressionMethod::Stored,
    );
    let message = refusal(&name, &whole());
    assert!(
        message.contains("array `x`: ") && message.contains("`x.transpose(0, 3, 1, 2)`"),
        "{message}"
    );
}

/// Protects memory and the process: damaged archives, and arrays that promise more than their file can hold.
#[test]
fn archives_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let y = npy("<i8", &[2], &integers([0, 1]));
    let arrays = [("x", npy("<f8", &[400_000_000, 1], &[])), ("y", y.clone())];
    let path = dir.path().join("a.npz");
    let name = npz(&path, &arrays, CompressionMethod::Deflated);
    assert!(refusal(&name, &whole()).contains("takes 3200000000 bytes, but at most 0 follow"));
    let arrays = [("x", npy("<f4", &[2, 1], &floats([1.0, 2.0]))), ("y", y)];
    let whole_file = std::fs::read(npz(&path, &arrays, CompressionMethod::Deflated)).unwrap();
    for at in (0..whole_file.len()).step_by(3) {
        let mut damaged = whole_file.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(data) = kiln::data::load(&name, &whole()) {
            assert_consistent(&data);
        }
        std::fs::write(&path, &whole_file[..at]).unwrap();
        assert!(refusal(&name, &whole()).contains("the archive cannot be read"));
    }
}
