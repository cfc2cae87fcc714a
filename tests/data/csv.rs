//! Tables: what is read, how they are split, and what is said about files that are wrong.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use kiln::data::{self, Options, Task, TaskKind};
use proptest::prelude::*;
use tempfile::{Builder, NamedTempFile};

use super::{assert_consistent, classes, labels, load, outputs, refusal, values};

fn file(contents: &[u8]) -> NamedTempFile {
    let mut file = Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(contents).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

fn options(target: &str, task: TaskKind, fraction: f64) -> Options {
    Options {
        target: Some(target.into()),
        task: Some(task),
        test_fraction: Some(fraction),
        ..Options::default()
    }
}

fn regression(fraction: f64) -> Options {
    options("y", TaskKind::Regression, fraction)
}

fn classification(fraction: f64) -> Options {
    options("y", TaskKind::Classification, fraction)
}

/// The message about a table, without the path at its beginning.
fn refusal_of(contents: &str, options: &Options) -> String {
    let file = file(contents.as_bytes());
    let message = refusal(path(&file), options);
    message
        .strip_prefix(&format!("{}: ", path(&file)))
        .unwrap_or(&message)
        .to_owned()
}

/// Protects reading: every row in file order, features in column order without the target, plain or gzipped, whatever
/// the line ends, with quotes and spaces.
#[test]
fn tables_are_read_in_file_order() {
    let text = "a,y,b\n1,10,2\n\n3,20,-4e-1\n\"5\", 30 ,6\n";
    let plain = load(path(&file(text.as_bytes())), &regression(0.0));
    assert_consistent(&plain);
    assert_eq!((&plain.shape[..], plain.test.is_none()), (&[2][..], true));
    assert_eq!(values(&plain.train, 2, 1), [1.0, 2.0, 3.0, -0.4, 5.0, 6.0]);
    assert_eq!(outputs(&plain.train), [10.0, 20.0, 30.0]);
    assert_eq!(
        plain.task,
        Task::Regression {
            outputs: vec!["y".into()]
        }
    );
    assert!(plain.summary.ends_with(
        "3 training and no test samples of 2 features, regression of y; no test split, as asked"
    ));

    let crlf = load(
        path(&file(text.replace('\n', "\r\n").as_bytes())),
        &regression(0.0),
    );
    assert_eq!(crlf.train, plain.train);
    let gz = Builder::new().suffix(".csv.gz").tempfile().unwrap();
    let mut encoder = GzEncoder::new(gz.as_file(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
    assert_eq!(load(path(&gz), &regression(0.0)).train, plain.train);
}

/// Protects class names and their order, and the split by class: evenly spaced, the same for every seed, in file order.
#[test]
fn classification_is_split_by_class() {
    let mut text = String::from("x,y\n");
    for row in 0..20 {
        text += &format!("{row},{}\n", ["rose", "lily"][row % 2]);
    }
    let file = file(text.as_bytes());
    let dataset = load(path(&file), &classification(0.2));
    assert_consistent(&dataset);
    assert_eq!(classes(&dataset), ["lily", "rose"]);
    let test = dataset.test.as_ref().unwrap();
    // Rows 2 and 7 of each class of ten.
    assert_eq!(values(test, 1, 1), [4.0, 5.0, 14.0, 15.0]);
    assert_eq!(labels(test), [1, 0, 1, 0]);
    let train = values(&dataset.train, 1, 1);
    assert_eq!((train.len(), train.is_sorted()), (16, true));
    let other_seed = load(
        path(&file),
        &Options {
            seed: 8,
            ..classification(0.2)
        },
    );
    assert_eq!(
        (other_seed.train, other_seed.test),
        (dataset.train.clone(), dataset.test.clone())
    );
    let default = load(
        path(&file),
        &Options {
            test_fraction: None,
            ..classification(0.2)
        },
    );
    assert_eq!(default, dataset, "0.2 is the default");
}

/// Protects the split of a regression: the given share of rows, chosen by the seed, in file order.
#[test]
fn regression_is_split_by_the_seed() {
    let text: String = std::iter::once("x,y\n".to_owned())
        .chain((0..50).map(|row| format!("{row},{row}\n")))
        .collect();
    let file = file(text.as_bytes());
    let of_seed = |seed| {
        load(
            path(&file),
            &Options {
                seed,
                ..regression(0.3)
            },
        )
    };
    let dataset = of_seed(1);
    assert_consistent(&dataset);
    let (train, test) = (
        values(&dataset.train, 1, 1),
        values(dataset.test.as_ref().unwrap(), 1, 1),
    );
    assert_eq!((train.len(), test.len()), (35, 15));
    assert!(train.is_sorted() && test.is_sorted());
    assert_eq!(dataset.train, of_seed(1).train);
    assert_ne!(dataset.train, of_seed(2).train);
    assert!(
        dataset
            .summary
            .ends_with("; 0.3 of the rows, chosen by seed 1, is test data")
    );
}

/// Protects the person who leaves out or mistypes an option.
#[test]
fn missing_and_wrong_options_are_explained() {
    let table = "width,height,kind\n1,2,a\n";
    assert_eq!(
        refusal_of(table, &Options::default()),
        "--target is missing: say which column is to be predicted, `--target COLUMN`, of `width`, `height`, `kind`"
    );
    assert_eq!(
        refusal_of(
            table,
            &Options {
                target: Some("kind".into()),
                ..Options::default()
            }
        ),
        "--task is missing: say what `kind` is: `--task classification` or `--task regression`"
    );
    assert_eq!(
        refusal_of(table, &options("hight", TaskKind::Regression, 0.0)),
        "there is no column `hight` among `width`, `height`, `kind`; did you mean `height`?"
    );
    assert!(
        refusal_of("a;y\n1;2\n", &regression(0.0))
            .ends_with("(one column: kiln expects commas between the cells)")
    );
    for fraction in [1.0, -0.1, f64::NAN] {
        let message = refusal_of(table, &regression(fraction));
        assert!(
            message.contains(
                "expected a fraction of the rows, at least 0 (no test split) and below 1"
            ),
            "{message}"
        );
    }
}

/// Protects against headers that leave a column's meaning open.
#[test]
fn wrong_headers_are_refused() {
    let wrong = |text| refusal_of(text, &regression(0.0));
    assert_eq!(
        wrong(""),
        "line 1: the file is empty; expected a header line with the names of the columns"
    );
    assert_eq!(
        wrong("\na,y,a\n1,2,3\n"),
        "line 2: two columns are called `a`; expected different names"
    );
    assert_eq!(
        wrong(",a,y\n0,1,2\n"),
        "line 1: column 1 has no name; name it, or remove it if it only numbers the rows"
    );
    assert_eq!(
        wrong("y\n1\n"),
        "line 1: `y` is the only column; expected others to predict it from"
    );
    assert_eq!(
        wrong("a,y\n\n"),
        "line 1: the file ends; expected rows of data after the header"
    );
}

/// Protects against every cell that is no usable number, and against ragged rows; each message says where.
#[test]
fn wrong_cells_are_refused() {
    let wrong = |text: &str| refusal_of(text, &regression(0.0));
    let number = "expected a number such as 1.5 or -2e3; drop or encode columns of text";
    assert_eq!(
        wrong("a,y\n1,2\n\nx,3\n"),
        format!("line 4, column `a`: found `x`; {number}")
    );
    assert_eq!(
        wrong("a,y\r\n1,2\r\n1,b\r\n"),
        format!("line 3, column `y`: found `b`; {number}")
    );
    assert_eq!(
        wrong("a,y\n1,\n"),
        "line 2, column `y`: found nothing; expected a number; fill the cell in, or drop the row or the column"
    );
    for cell in ["inf", "-infinity", "NaN", "1e39"] {
        assert_eq!(
            wrong(&format!("a,y\n{cell},1\n")),
            format!(
                "line 2, column `a`: found `{cell}`; expected a finite number within the range of f32, ±3.4e38"
            )
        );
    }
    assert_eq!(
        wrong("a,y\n1,2\n3\n"),
        "line 3: a row of length 1; expected length 2, which the header has"
    );
    assert_eq!(
        wrong("a,y\n1,2,3\n"),
        "line 2: a row of length 3; expected length 2, which the header has"
    );
    assert_eq!(
        wrong("a,y\n\"1,2\n"),
        "line 2: a quotation mark is opened and not closed on this line"
    );
    let classes = |text| refusal_of(text, &classification(0.0));
    assert!(
        classes("a,y\n1,\n").starts_with(
            "line 2, column `y`: found nothing; expected the name or number of a class"
        )
    );
    assert_eq!(
        classes("a,y\n1,u\n2,u\n"),
        "column `y`: every row is of the class `u`; expected at least two classes to tell apart"
    );
}

/// Protects splits from being empty: one row cannot be divided, but can be trained on whole.
#[test]
fn tables_too_small_to_split_are_refused() {
    assert_eq!(
        refusal_of("a,y\n1,2\n", &regression(0.2)),
        "--test-fraction 0.2: of the data's rows (1), this leaves none for the test split; \
         use a greater fraction, or 0 for no test split"
    );
    assert_eq!(
        refusal_of("a,y\n1,2\n3,4\n", &regression(0.9)),
        "--test-fraction 0.9: of the data's rows (2), this leaves none for the training split; use a smaller fraction"
    );
    assert_eq!(
        load(path(&file(b"a,y\n1,2\n")), &regression(0.0)).train.len,
        1
    );
}

/// A table of random size with numbers as features and a few classes.
fn table() -> impl Strategy<Value = String> {
    (1usize..5, 2usize..30).prop_flat_map(|(columns, rows)| {
        prop::collection::vec((prop::collection::vec(-1e3f32..1e3, columns), 0..3u8), rows)
            .prop_map(move |rows| {
                let names: Vec<String> = (0..columns).map(|column| format!("x{column}")).collect();
                let mut text = format!("{},y\n", names.join(","));
                for (features, class) in rows {
                    let cells: Vec<String> = features.iter().map(f32::to_string).collect();
                    text += &format!("{},{class}\n", cells.join(","));
                }
                text
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Protects numbers: what was written with all its digits is read bit for bit, as many rows as there are.
    #[test]
    fn tables_come_back_bit_for_bit(text in table()) {
        let dataset = load(path(&file(text.as_bytes())), &regression(0.0));
        assert_consistent(&dataset);
        let cells = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect::<Vec<f32>>();
        let mut rows: Vec<Vec<f32>> = text.lines().skip(1).map(cells).collect();
        let targets: Vec<f32> = rows.iter_mut().map(|row| row.pop().unwrap()).collect();
        prop_assert_eq!(values(&dataset.train, 1, 1), rows.concat());
        prop_assert_eq!(outputs(&dataset.train), targets);
    }

    /// Protects against panics and inconsistent data: a table cut or changed anywhere, with any options, loads into
    /// something consistent or is refused.
    #[test]
    fn mutated_tables_load_consistently_or_are_refused(
        text in table(),
        gzipped: bool,
        task in prop::sample::select(vec![TaskKind::Classification, TaskKind::Regression]),
        fraction in prop_oneof![Just(0.0), 0.0..1.0],
        standardize: bool,
        changes in prop::collection::vec(
            (0.0..1.0, prop_oneof![prop::sample::select(b"\"\r\n,.e-\xff0".to_vec()), any::<u8>()]), 0..4),
        cut in prop_oneof![Just(1.0), 0.0..1.0],
    ) {
        let mut bytes = text.into_bytes();
        if gzipped {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&bytes).unwrap();
            bytes = encoder.finish().unwrap();
        }
        for (position, byte) in changes {
            let position = (bytes.len() as f64 * position) as usize;
            bytes[position] = byte;
        }
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        let file = file(&bytes);
        let options = Options { standardize, ..options("y", task, fraction) };
        if let Ok(dataset) = data::load(path(&file), &options) {
            assert_consistent(&dataset);
            let rows = dataset.train.len + dataset.test.as_ref().map_or(0, |test| test.len);
            prop_assert!(gzipped || rows < fs::read(file.path()).unwrap().split(|&byte| byte == b'\n').count());
        }
    }
}
