//! Data sets and samples.

use std::path::Path;

use kiln::data::{self, ImageSize, Options, TaskKind};

use super::{folder, write};

/// As images, as labels, and as samples to predict.
pub fn idx(input: &[u8]) {
    let dir = folder().join("idx");
    let (images, labels) = (
        dir.join("train-images-idx3-ubyte"),
        dir.join("train-labels-idx1-ubyte"),
    );
    write(&images, input);
    write(&labels, &[0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2]);
    load(&dir, &Options::default());
    write(
        &images,
        &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7],
    );
    write(&labels, input);
    load(&dir, &Options::default());
    let file = dir.join("samples-ubyte");
    write(&file, input);
    samples(&file, &[1, 2, 2]);
}

/// The same, and a table, in what gzip makes of the input.
pub fn gzip(input: &[u8]) {
    let file = folder().join("gzip/samples-ubyte.gz");
    write(&file, input);
    samples(&file, &[1, 2, 2]);
    let table = folder().join("gzip/table.csv.gz");
    write(&table, input);
    tables(&table);
}

/// A table with classes, with numbers to predict, and with neither.
pub fn csv(input: &[u8]) {
    let file = folder().join("table.csv");
    write(&file, input);
    tables(&file);
}

fn tables(file: &Path) {
    for task in [TaskKind::Classification, TaskKind::Regression] {
        let options = Options {
            target: Some("y".into()),
            task: Some(task),
            standardize: true,
            ..Options::default()
        };
        load(file, &options);
    }
    samples(file, &[2]);
    let known = ["a".to_owned(), "b".to_owned()];
    let _ = data::load_samples(&[file.to_owned()], (&[2], &known, Some("y")), None);
}

/// As samples, as targets, and as samples to predict.
pub fn npy(input: &[u8]) {
    let (x, y) = (folder().join("x.npy"), folder().join("y.npy"));
    let with_targets = |task| Options {
        targets: Some(y.clone()),
        task,
        standardize: true,
        ..Options::default()
    };
    write(&x, input);
    write(
        &y,
        &array(
            "<i4",
            "(6,)",
            &[0, 1, 0, 1, 0, 1].map(i32::to_le_bytes).concat(),
        ),
    );
    load(&x, &with_targets(None));
    samples(&x, &[1, 2, 2]);
    write(&x, &array("|u1", "(6, 1)", &[1, 2, 3, 4, 5, 6]));
    write(&y, input);
    load(&x, &with_targets(None));
    load(&x, &with_targets(Some(TaskKind::Regression)));
}

/// What `numpy.save` writes.
fn array(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), values].concat()
}

/// An archive of arrays, split here or split already.
pub fn npz(input: &[u8]) {
    let file = folder().join("data.npz");
    write(&file, input);
    load(&file, &Options::default());
    let options = Options {
        task: Some(TaskKind::Regression),
        test_fraction: Some(0.0),
        ..Options::default()
    };
    load(&file, &options);
}

/// A PNG or JPEG, brought to a size and as it is. Checksums are made good first: behind them it gets interesting.
pub fn picture(input: &[u8]) {
    let bytes = with_checksums(input);
    let dir = folder().join("pictures");
    for class in ["a", "b"] {
        write(&dir.join(class).join("0.png"), &bytes);
    }
    samples(&dir.join("a/0.png"), &[3, 40, 5]);
    load(
        &dir,
        &Options {
            image_size: Some(ImageSize {
                height: 3,
                width: 30,
            }),
            channels: Some(1),
            test_fraction: Some(0.0),
            ..Options::default()
        },
    );
    // As large as it is, unless it is larger than a picture ought to be that is read many times.
    if bytes.len() < 2000 {
        load(
            &dir,
            &Options {
                test_fraction: Some(0.0),
                ..Options::default()
            },
        );
    }
}

/// The same bytes, with the right checksum at the end of every chunk, if they are a PNG.
fn with_checksums(input: &[u8]) -> Vec<u8> {
    let mut png = input.to_vec();
    if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png;
    }
    let mut start = 8;
    while let Some(&[a, b, c, d]) = png.get(start..start + 4).and_then(<[u8]>::first_chunk) {
        let end = start + 8 + u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(chunk) = png.get(start + 4..end) else {
            break;
        };
        let mut crc = flate2::Crc::new();
        crc.update(chunk);
        let Some(sum) = png.get_mut(end..end + 4) else {
            break;
        };
        sum.copy_from_slice(&crc.sum().to_be_bytes());
        start = end + 4;
    }
    png
}

fn load(path: &Path, options: &Options) {
    if let Ok(data) = data::load(&path.to_string_lossy(), options) {
        data.digest();
    }
}

fn samples(path: &Path, shape: &[u32]) {
    let _ = data::load_samples(&[path.to_owned()], (shape, &[], None), None);
}
