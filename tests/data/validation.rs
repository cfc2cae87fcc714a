//! Validation splits: a part of the training samples, or data of their own.

use std::path::Path;

use image::{GrayImage, Luma};
use kiln::data::{Dataset, Options, Split, TaskKind};

use super::{assert_consistent, labels, load, outputs, refusal, values};

fn fraction(fraction: f64, seed: u64) -> Options {
    Options {
        val_fraction: Some(fraction),
        seed,
        ..Options::default()
    }
}

fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Protects the test split from being touched, each class from being left out, and the seed's word on who is chosen.
#[test]
fn a_fraction_is_taken_from_each_class_by_the_seed() {
    let plain = load("digits", &Options::default());
    let data = load("digits", &fraction(0.1, 3));
    assert_consistent(&data);
    let val = data.val.as_ref().unwrap();
    assert_eq!(data.test, plain.test);
    assert_eq!(data.evaluated(), Some(val));
    assert_eq!(plain.evaluated(), plain.test.as_ref());
    let count = |split: &Split, digit| {
        labels(split)
            .iter()
            .filter(|&&label| label == digit)
            .count()
    };
    for digit in 0..10 {
        let share = (count(&plain.train, digit) as f64 * 0.1).round() as usize;
        assert_eq!(count(val, digit), share);
        assert_eq!(
            count(&data.train, digit) + share,
            count(&plain.train, digit)
        );
    }
    assert_eq!(load("digits", &fraction(0.1, 3)), data);
    assert_ne!(load("digits", &fraction(0.1, 4)).val, data.val);
    assert_eq!(
        data.summary,
        format!(
            "digits: {} training, {} validation and 359 test samples of 1×8×8, 10 classes; of each class the third of \
             every five images in file order is test data; 0.1 of the rest, chosen by seed 3, is validation data",
            data.train.len, val.len
        )
    );
    // In file order, both of them, and nobody twice.
    let (train, val) = (values(&data.train, 1, 64), values(val, 1, 64));
    let (mut train, mut val) = (train.chunks(64).peekable(), val.chunks(64).peekable());
    for sample in values(&plain.train, 1, 64).chunks(64) {
        assert!(
            train.next_if_eq(&sample).is_some() || val.next_if_eq(&sample).is_some(),
            "both splits keep the order"
        );
    }
}

/// Protects standardising from looking at the validation split.
#[test]
fn validation_samples_do_not_standardise() {
    let scaled = |options: Options| Options {
        standardize: true,
        test_fraction: Some(0.0),
        ..options
    };
    let plain = load("line", &fraction(0.5, 1));
    let data = load("line", &scaled(fraction(0.5, 1)));
    let raw = load(
        "line",
        &Options {
            standardize: false,
            ..scaled(fraction(0.5, 1))
        },
    );
    let x = values(&raw.train, 1, 1);
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    assert_eq!(data.standardization.as_ref().unwrap().mean, [mean]);
    assert_eq!((raw.train.len, raw.val.unwrap().len), (50, 50));
    assert!(data.val.is_some() && plain.test.is_some());
}

/// Protects against fractions that leave a split empty or mean nothing.
#[test]
fn fractions_out_of_range_are_refused() {
    for bad in [0.0, 1.0, -0.5, f64::NAN] {
        assert_eq!(
            refusal("digits", &fraction(bad, 0)),
            format!(
                "--val-fraction {bad}: expected a fraction of the training samples, above 0 and below 1"
            )
        );
    }
    assert_eq!(
        refusal("line", &fraction(0.001, 0)),
        "--val-fraction 0.001: of the training samples (80), this leaves none for the validation split; \
         use a greater fraction"
    );
    let both = Options {
        val: Some("x.csv".into()),
        ..fraction(0.5, 0)
    };
    assert_eq!(
        refusal("line", &both),
        "--val has no effect on line: it is a file or directory of the same kind; use `--val-fraction`; leave it out"
    );
}

fn table(dir: &Path, val: &str, task: TaskKind) -> Result<Dataset, String> {
    let data = file(dir, "train.csv", "a,b,y\n1,2,7\n3,4,5\n5,6,7\n7,8,5\n");
    let options = Options {
        target: Some("y".into()),
        task: Some(task),
        test_fraction: Some(0.0),
        val: Some(val.to_owned()),
        ..Options::default()
    };
    kiln::data::load(&data, &options).map_err(|error| error.to_string())
}

/// Protects tables for validation: the training table's columns and classes, whatever the order of rows.
#[test]
fn a_table_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let val = file(dir.path(), "val.csv", "a,b,y\n9,10,7\n11,12,7\n");
    let data = table(dir.path(), &val, TaskKind::Classification).unwrap();
    assert_consistent(&data);
    assert_eq!((data.train.len, data.test.is_none()), (4, true));
    assert_eq!(labels(data.val.as_ref().unwrap()), [1, 1], "5 is class 0");
    let data = table(dir.path(), &val, TaskKind::Regression).unwrap();
    assert_eq!(outputs(data.evaluated().unwrap()), [7.0, 7.0]);

    let refused = |text, expected: &str| {
        let val = file(dir.path(), "val.csv", text);
        let message = table(dir.path(), &val, TaskKind::Classification).unwrap_err();
        assert!(message.contains(expected), "{message}");
    };
    refused(
        "b,a,y\n1,2,7\n",
        "val.csv: line 1: the columns are `b`, `a`, `y`; expected those of ",
    );
    refused(
        "a,b,y\n1,2,6\n",
        "val.csv: column `y`: no training row is of the class `6`; expected the classes that there are",
    );
    let message = table(dir.path(), "digits", TaskKind::Regression).unwrap_err();
    assert!(
        message.starts_with("--val digits: digits; expected data of the same kind as the table "),
        "{message}"
    );
}

/// Protects pictures for validation: classes by name, and the size and channels of those for training.
#[test]
fn pictures_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let picture = |path: &str, value, side| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_pixel(side, side, Luma([value]))
            .save(path)
            .unwrap();
    };
    for class in ["a", "b", "c"] {
        picture(&format!("train/{class}/0.png"), 1, 2);
        picture(&format!("train/{class}/1.png"), 2, 2);
    }
    picture("held/c/0.png", 3, 2);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let options = Options {
        val: Some(path("held")),
        test_fraction: Some(0.0),
        ..Options::default()
    };
    let data = load(&path("train"), &options);
    assert_consistent(&data);
    assert_eq!(labels(data.val.as_ref().unwrap()), [2]);
    picture("held/c/0.png", 3, 5);
    let message = refusal(&path("train"), &options);
    assert!(
        message.contains("held: the pictures are of [5, 5] pixels, those for training of [2, 2]"),
        "{message}"
    );
    picture("held/d/0.png", 3, 2);
    let message = refusal(&path("train"), &options);
    assert!(
        message.contains("held/d: there is no class `d`"),
        "{message}"
    );
}
