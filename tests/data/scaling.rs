//! What is done to all data alike: standardising and limiting.

use std::io::Write;

use kiln::data::{Dataset, Options, TaskKind};

use super::{assert_consistent, labels, load, outputs, refusal, values};

/// A table of ten rows: x counts, c is constant; with the test fraction 0.2.
fn table(options: Options) -> Result<Dataset, String> {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "x,c,y").unwrap();
    for row in 0..10 {
        writeln!(file, "{row},5,{row}").unwrap();
    }
    let options = Options {
        target: Some("y".into()),
        task: Some(TaskKind::Regression),
        ..options
    };
    kiln::data::load(file.path().to_str().unwrap(), &options).map_err(|error| error.to_string())
}

/// Protects standardising from looking at the test split, at the limit or at the targets, and from dividing by zero:
/// the statistics are the whole training split's, and both splits are scaled by them.
#[test]
fn standardising_uses_the_training_split_alone() {
    let plain = table(Options::default()).unwrap();
    let scaled = table(Options {
        standardize: true,
        limit: Some(3),
        ..Options::default()
    })
    .unwrap();
    assert_consistent(&scaled);
    let x = |split| {
        values(split, 2, 1)
            .chunks(2)
            .map(|row| row[0])
            .collect::<Vec<f32>>()
    };
    let training = x(&plain.train);
    let mean = training.iter().map(|&x| f64::from(x)).sum::<f64>() / 8.0;
    let std = (training
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / 8.0)
        .sqrt();
    let expected = |x: Vec<f32>| {
        x.into_iter()
            .map(|x| ((f64::from(x) - mean) / std) as f32)
            .collect::<Vec<f32>>()
    };
    assert_eq!(x(&scaled.train), expected(training)[..3]);
    assert_eq!(
        x(scaled.test.as_ref().unwrap()),
        expected(x(plain.test.as_ref().unwrap()))
    );
    assert!(
        values(&scaled.train, 2, 1)
            .chunks(2)
            .all(|row| row[1] == 0.0)
    );
    let statistics = scaled.standardization.unwrap();
    assert_eq!(
        (&statistics.mean[..], &statistics.std[..]),
        (&[mean, 5.0][..], &[std, 1.0][..])
    );
    assert_eq!(outputs(&scaled.train), outputs(&plain.train)[..3].to_vec());
    assert!(scaled.summary.ends_with(
        "; standardised (1 constant, divided by 1); limited to the first 3 of 8 training samples"
    ));
    assert_eq!(plain.standardization, None);
}

/// Protects images: their table carries the standardisation, so the bytes stay as they were.
#[test]
fn images_are_standardised_through_their_table() {
    let digits = load(
        "digits",
        &Options {
            standardize: true,
            ..Options::default()
        },
    );
    assert_consistent(&digits);
    let training = values(&digits.train, 1, 64);
    let n = training.len() as f64;
    let mean = training.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let std = (training
        .iter()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>()
        / n)
        .sqrt();
    assert!(
        mean.abs() < 1e-6 && (std - 1.0).abs() < 1e-6,
        "{mean} {std}"
    );
    let plain = load("digits", &Options::default());
    let statistics = digits.standardization.unwrap();
    let test = values(digits.test.as_ref().unwrap(), 1, 64);
    for (after, before) in test.iter().zip(values(plain.test.as_ref().unwrap(), 1, 64)) {
        assert_eq!(
            *after,
            ((f64::from(before) - statistics.mean[0]) / statistics.std[0]) as f32
        );
    }
}

/// Protects the network from an infinity made by standardising: a test value far outside the training data.
#[test]
fn overflow_by_standardising_is_refused() {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    // The third row of the class `a` is the test row.
    write!(file, "x,y\n1e-40,a\n2e-40,a\n1e30,a\n1e-40,b\n").unwrap();
    let options = Options {
        target: Some("y".into()),
        task: Some(TaskKind::Classification),
        standardize: true,
        ..Options::default()
    };
    let message = refusal(file.path().to_str().unwrap(), &options);
    assert!(
        message.starts_with("--standardize: test sample 0 (counted from 0), feature 0: "),
        "{message}"
    );
}

/// Protects the limit: the first samples in file order, the test split whole, and no more than there are.
#[test]
fn the_limit_takes_the_first_samples() {
    let plain = load("digits", &Options::default());
    let limited = load(
        "digits",
        &Options {
            limit: Some(13),
            ..Options::default()
        },
    );
    assert_consistent(&limited);
    assert_eq!(limited.train.len, 13);
    assert_eq!(labels(&limited.train), &labels(&plain.train)[..13]);
    assert_eq!(
        values(&limited.train, 1, 64),
        values(&plain.train, 1, 64)[..13 * 64]
    );
    assert_eq!(limited.test, plain.test);
    assert_eq!(
        load(
            "digits",
            &Options {
                limit: Some(1438),
                ..Options::default()
            }
        )
        .train,
        plain.train
    );
    assert_eq!(
        refusal(
            "digits",
            &Options {
                limit: Some(1439),
                ..Options::default()
            }
        ),
        "--limit 1439: digits has 1438 training samples; expected no more than that"
    );
    assert_eq!(
        refusal(
            "digits",
            &Options {
                limit: Some(0),
                ..Options::default()
            }
        ),
        "--limit 0: expected at least 1 training sample"
    );
}
