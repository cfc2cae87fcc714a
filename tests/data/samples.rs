//! Samples without answers, and the statistics that a model keeps for them.

use std::path::{Path, PathBuf};

use image::{GrayImage, Luma};
use kiln::data::{Features, Options, Samples, Standardization, TaskKind, load_samples};

use super::{load, numpy::npy, refusal};

fn write(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn bits(features: &Features) -> Vec<u32> {
    match features {
        Features::Floats(values) => values.iter().map(|value| value.to_bits()).collect(),
        Features::Bytes { data, table } => {
            let table = table.iter().map(|value| value.to_bits());
            data.iter().map(|&byte| byte.into()).chain(table).collect()
        }
    }
}

fn samples(paths: &[PathBuf], shape: &[u32]) -> Samples {
    load_samples(paths, (shape, &[], None), None).unwrap_or_else(|error| panic!("{error}"))
}

fn error(path: &Path, shape: &[u32]) -> String {
    match load_samples(&[path.to_owned()], (shape, &[], None), None) {
        Ok(samples) => panic!("loaded: {:?}", samples.names),
        Err(error) => error.to_string(),
    }
}

fn through_json(statistics: &Standardization) -> Standardization {
    serde_json::from_str(&serde_json::to_string(statistics).unwrap()).unwrap()
}

/// Protects predictions from other inputs than in training: statistics that went through a file standardise bytes and
/// floats to the same bits as those that were fitted.
#[test]
fn saved_statistics_standardise_to_equal_bits() {
    let own = Options {
        standardize: true,
        ..Options::default()
    };
    for data in ["digits", "line"] {
        let trained = load(data, &own);
        let saved = through_json(trained.standardization.as_ref().unwrap());
        let given = Options {
            standardization: Some(saved.clone()),
            ..Options::default()
        };
        let again = load(data, &given);
        assert_eq!(bits(&again.train.features), bits(&trained.train.features));
        let [a, b] = [&again, &trained].map(|data| bits(&data.test.as_ref().unwrap().features));
        assert_eq!(a, b);
        assert_eq!(again.standardization, Some(saved.clone()));
        assert!(
            again
                .summary
                .ends_with("; standardised by the statistics given")
        );
        let mut plain = load(data, &Options::default()).train.features;
        saved.apply(&mut plain, &trained.shape).unwrap();
        assert_eq!(bits(&plain), bits(&trained.train.features));
    }
    let text = serde_json::to_string(&Standardization {
        mean: vec![0.1],
        std: vec![0.25],
    });
    assert_eq!(text.unwrap(), r#"{"mean":[0.1],"std":[0.25]}"#);
}

/// Protects against statistics of another model, or out of a damaged file.
#[test]
fn statistics_that_do_not_fit_are_refused() {
    let refused = |mean: &[f64], std: &[f64], expected: &str| {
        let given = Standardization {
            mean: mean.to_vec(),
            std: std.to_vec(),
        };
        let options = Options {
            standardization: Some(given),
            ..Options::default()
        };
        let message = refusal("digits", &options);
        assert!(
            message.starts_with("the means and standard deviations given do not fit: ")
                && message.contains(expected),
            "{message}"
        );
    };
    refused(
        &[0.0; 3],
        &[1.0; 3],
        "3 means and 3 deviations, but the samples are of shape [1, 8, 8]; expected 1",
    );
    refused(&[0.0], &[], "1 means and 0 deviations");
    refused(&[f64::NAN], &[1.0], "a mean is no finite number");
    refused(&[0.0], &[0.0], "a deviation is no number above 0");
    let both = Options {
        standardize: true,
        standardization: Some(Standardization {
            mean: vec![0.0],
            std: vec![1.0],
        }),
        ..Options::default()
    };
    assert!(refusal("digits", &both).contains("expected one or the other"));
}

/// Protects every kind of file that can be predicted from, alone and mixed: names, order and values.
#[test]
fn every_kind_of_file_gives_samples() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let png = dir.join("a.PNG");
    GrayImage::from_pixel(7, 9, Luma([51]))
        .save_with_format(&png, image::ImageFormat::Png)
        .unwrap();
    let idx = write(
        dir,
        "t10k-images-idx3-ubyte",
        &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 102, 153],
    );
    let shape = [1, 1, 2];
    let both = samples(&[png.clone(), idx.clone()], &shape);
    let (png_name, idx_name) = (png.display().to_string(), format!("{}[0]", idx.display()));
    assert_eq!(both.names, [png_name.clone(), idx_name]);
    let Features::Bytes { data, table } = &both.features else {
        panic!("expected bytes")
    };
    assert_eq!((&data[..], table[255]), (&[51, 51, 102, 153][..], 1.0));

    let csv = write(dir, "b.csv", b"p,q\n\n1,2\n3,4\n");
    let array = write(
        dir,
        "c.npy",
        &npy("<f4", &[1, 2], &[0, 0, 0, 0, 0, 0, 128, 63]),
    );
    let all = samples(
        &[png.clone(), csv.clone(), array.clone(), png.clone()],
        &shape,
    );
    let expected = [
        png_name.clone(),
        format!("{}:3", csv.display()),
        format!("{}:4", csv.display()),
        format!("{}[0]", array.display()),
        png_name,
    ];
    assert_eq!((all.len, &all.names[..]), (5, &expected[..]));
    let byte = 51.0 / 255.0;
    assert_eq!(
        all.features,
        Features::Floats(vec![byte, byte, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, byte, byte])
    );
    let colours = samples(&[png], &[3, 2, 2]);
    assert!(matches!(colours.features, Features::Bytes { data, .. } if *data == [51; 12]));
}

/// Protects predictions from files that are none, or of another shape than the model's.
#[test]
fn files_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let csv = write(dir, "b.csv", b"p,q,y\n1,2,3\n");
    assert!(
        error(&csv, &[2]).contains(
            "line 1: there are 3 columns, `p`, `q`, `y`; expected 2, one for each feature"
        )
    );
    let text = write(dir, "b.txt", b"hello");
    assert!(
        error(&text, &[2]).contains("kiln reads no samples from this kind of file; expected .png")
    );
    let array = write(dir, "c.npy", &npy("<f4", &[1, 2], &[0; 8]));
    assert!(error(&array, &[3]).contains("samples of shape [2]; expected [3] of each"));
    let picture = dir.join("a.png");
    GrayImage::new(2, 2).save(&picture).unwrap();
    assert!(error(&picture, &[4]).contains("pictures cannot become samples of shape [4]"));
    assert!(error(&dir.join("none.png"), &[1, 2, 2]).contains("none.png: cannot be read"));
    assert!(
        load_samples(&[], (&[2], &[], None), None)
            .unwrap_err()
            .to_string()
            .contains("no samples were given")
    );
}

/// Protects the person whose table has no header from losing its first row, and from riddles about its columns.
#[test]
fn a_table_without_a_header_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let options = |target: &str| Options {
        target: Some(target.into()),
        task: Some(TaskKind::Regression),
        ..Options::default()
    };
    let numbers = write(dir.path(), "n.csv", b"5.1,3.5,0\n4.9,3.0,1\n");
    assert!(
        refusal(numbers.to_str().unwrap(), &options("0"))
            .ends_with("line 1: there are only numbers; expected a header line with the names of the columns, so put one before the data")
    );
    let mixed = write(dir.path(), "m.csv", b"5.1,3.5,setosa\n4.9,3.0,virginica\n");
    assert!(
        refusal(mixed.to_str().unwrap(), &options("species"))
            .contains("(numbers: is the header line with the names of the columns missing?)")
    );
    let years = write(dir.path(), "y.csv", b"1999,2000\n1,2\n3,4\n5,6\n");
    assert_eq!(load(years.to_str().unwrap(), &options("2000")).shape, [1]);
}
