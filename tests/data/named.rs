//! The data sets that have a name, and names that no data set has.

use kiln::data::{Features, Options, TaskKind};

use super::{assert_consistent, classes, labels, load, outputs, refusal, values};

/// Protects the embedded digits: counts, shape, scale, the first image, and the documented fixed split, whose test
/// samples are the third of every five of each digit.
#[test]
fn digits() {
    let digits = load("digits", &Options::default());
    assert_consistent(&digits);
    let test = digits.test.as_ref().unwrap();
    assert_eq!(
        (digits.train.len, test.len, &digits.shape[..]),
        (1438, 359, &[1, 8, 8][..])
    );
    assert_eq!(
        classes(&digits),
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    );
    assert_eq!(
        values(&digits.train, 1, 64)[..8],
        [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]
    );
    // The file begins with the digits 0 to 9 twice, then 0 1 2 … in the third round, which is the test's.
    assert_eq!(
        labels(&digits.train)[..20],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
    assert_eq!(labels(test)[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let count = |digit| labels(test).iter().filter(|&&label| label == digit).count();
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count),
        [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    );
    assert_eq!(
        digits.summary,
        "digits: 1438 training and 359 test samples of 1×8×8, 10 classes; \
         of each class the third of every five images in file order is test data"
    );
    assert_eq!(
        digits,
        load(
            "digits",
            &Options {
                seed: 9,
                ..Options::default()
            }
        ),
        "the seed changes nothing"
    );
}

/// Protects the loader against the real Fashion-MNIST: counts, order and scale. Without the data it fails with the
/// sentence that says how to get it.
#[test]
fn fashion_mnist() {
    let fashion = load("fashion-mnist", &Options::default());
    assert_consistent(&fashion);
    assert_eq!(
        (fashion.train.len, fashion.test.as_ref().unwrap().len),
        (60_000, 10_000)
    );
    assert_eq!(fashion.shape, [1, 28, 28]);
    assert_eq!(classes(&fashion)[9], "Ankle boot");
    assert_eq!(labels(&fashion.train)[..8], [9, 0, 0, 3, 0, 2, 7, 2]);
    assert_eq!(
        labels(fashion.test.as_ref().unwrap())[..8],
        [9, 2, 1, 1, 6, 1, 4, 6]
    );
    let Features::Bytes { data, table } = &fashion.train.features else {
        panic!("expected bytes")
    };
    let mut crc = flate2::Crc::new();
    crc.update(&data[..6400 * 784]);
    assert_eq!(crc.sum(), FIRST_6400_IMAGES);
    for pixel in 0..=255u8 {
        assert_eq!(
            table[usize::from(pixel)].to_bits(),
            (f32::from(pixel) / 255f32).to_bits()
        );
    }
}
const FIRST_6400_IMAGES: u32 = 0xfe50_105d;

/// Protects the line: 100 points from the seed, split like a table, and near y = 2x + 1.
#[test]
fn line() {
    let all = |seed| {
        load(
            "line",
            &Options {
                seed,
                test_fraction: Some(0.0),
                ..Options::default()
            },
        )
    };
    let line = all(3);
    assert_consistent(&line);
    assert_eq!(
        (line.train.len, line.test.is_none(), &line.shape[..]),
        (100, true, &[1][..])
    );
    assert_ne!(all(3).train, all(4).train);
    let x = values(&line.train, 1, 1);
    assert!(x.iter().all(|x| (0.0..=1.0).contains(x)));
    let residual = x
        .iter()
        .zip(outputs(&line.train))
        .map(|(x, y)| y - 2.0 * x - 1.0);
    assert!((residual.sum::<f32>() / 100.0).abs() < 0.5);

    let split = load(
        "line",
        &Options {
            seed: 3,
            ..Options::default()
        },
    );
    let test = split.test.as_ref().unwrap();
    assert_eq!((split.train.len, test.len), (80, 20));
    let (train_x, test_x) = (values(&split.train, 1, 1), values(test, 1, 1));
    let mut train = train_x.iter().peekable();
    let mut test = test_x.iter().peekable();
    for x in &x {
        assert!(
            train.next_if_eq(&x).is_some() || test.next_if_eq(&x).is_some(),
            "both splits keep the order"
        );
    }
}

/// Protects against options that are ignored without a word.
#[test]
fn options_without_effect_are_errors() {
    let target = Options {
        target: Some("y".into()),
        ..Options::default()
    };
    let task = Options {
        task: Some(TaskKind::Regression),
        ..Options::default()
    };
    let fraction = Options {
        test_fraction: Some(0.1),
        ..Options::default()
    };
    let idx = tempfile::tempdir().unwrap();
    let idx = idx.path().to_str().unwrap();
    for (data, options, option) in [
        ("digits", &target, "--target"),
        ("digits", &task, "--task"),
        ("digits", &fraction, "--test-fraction"),
        ("fashion-mnist", &target, "--target"),
        ("fashion-mnist", &fraction, "--test-fraction"),
        ("line", &target, "--target"),
        ("line", &task, "--task"),
        (idx, &task, "--task"),
        (idx, &fraction, "--test-fraction"),
    ] {
        let message = refusal(data, options);
        assert!(
            message.starts_with(&format!("{option} has no effect on {data}: ")),
            "{message}"
        );
    }
}

/// Protects the person who mistypes a name or a path.
#[test]
fn unknown_names_are_errors_that_suggest() {
    let unknown = |name| refusal(name, &Options::default());
    assert_eq!(
        unknown("fashion_mnist"),
        "no data set `fashion_mnist`: it is no file or directory, and the names are digits, fashion-mnist, line; \
         did you mean `fashion-mnist`?"
    );
    assert!(unknown("no/such/file.csv").ends_with("the names are digits, fashion-mnist, line"));
    let file = tempfile::Builder::new()
        .suffix(".parquet")
        .tempfile()
        .unwrap();
    assert!(
        unknown(file.path().to_str().unwrap())
            .contains("expected FILE.csv or FILE.csv.gz with a header line")
    );
    assert_eq!(
        "clasification".parse::<TaskKind>().unwrap_err().to_string(),
        "--task clasification: expected `classification` or `regression`; did you mean `classification`?"
    );
    for kind in [TaskKind::Classification, TaskKind::Regression] {
        assert_eq!(kind.to_string().parse::<TaskKind>().unwrap(), kind);
    }
}
