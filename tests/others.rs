//! Data that a run has not seen: all of it is judged, by the columns and the sizes of the run, and its worst samples
//! are named.

use std::{fs, path::Path};

use serde_json::Value;

use crate::cli::{folder, refusal, success};

/// Fifteen pictures of each of two classes, dark and bright.
fn pictures(dir: &Path, side: u32) {
    for (class, value) in [("bright", 200u8), ("dark", 20)] {
        fs::create_dir_all(dir.join(class)).unwrap();
        for i in 0..15 {
            let pixel = image::Luma([value + i]);
            let picture = image::GrayImage::from_pixel(side, side, pixel);
            picture
                .save(dir.join(class).join(format!("{i:02}.png")))
                .unwrap();
        }
    }
}

fn judged(args: &str, dir: &Path) -> Value {
    let said = success(&format!("eval {args} --device cpu --json"), dir);
    serde_json::from_str(&said).expect("one object")
}

/// Protects the judgement from being one of a fifth of the pictures, and from pictures of another size; those that
/// have a test split of their own are judged by that.
#[test]
fn every_picture_of_a_folder_is_judged() {
    let dir = folder();
    let dir = dir.path();
    pictures(&dir.join("small"), 8);
    pictures(&dir.join("large"), 11);
    let train = "train --data small --model \"Flatten Linear(2)\" --device cpu --epochs 20 --quiet --out run";
    success(train, dir);
    for data in ["small", "large"] {
        let found = judged(&format!("run --data {data} --worst 1"), dir);
        assert_eq!(
            (&found["samples"], &found["split"]),
            (&30.into(), &"given".into())
        );
        let worst = found["worst"][0]["name"].as_str().expect("a name");
        assert!(dir.join(worst).is_file(), "{worst}");
    }
    assert_eq!(judged("run --data small --split test", dir)["samples"], 6);
    assert_eq!(judged("run", dir)["samples"], 6);
    for split in ["train", "test"] {
        pictures(&dir.join("divided").join(split), 8);
    }
    fs::remove_file(dir.join("divided/test/dark/00.png")).unwrap();
    let found = judged("run --data divided", dir);
    assert_eq!(
        (&found["samples"], &found["split"]),
        (&29.into(), &"test".into())
    );
    // A folder of pictures is asked about whole, in the order of the names.
    let said = success("predict run large/dark --device cpu", dir);
    let names: Vec<&str> = said
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert_eq!(names.len(), 15, "{said}");
    assert!(names.is_sorted() && names[0].ends_with("00.png"), "{said}");
    let e = refusal("predict run large --device cpu", dir, 2);
    assert!(e.contains("there are no pictures in this folder"), "{e}");
}

/// Protects whoever brings a table: columns are compared before their number is, the target may stay in what is to be
/// predicted, and the worst rows of a regression are named with what was expected of them.
#[test]
fn tables_are_compared_by_their_columns() {
    let dir = folder();
    let dir = dir.path();
    let rows: String = (0..40)
        .map(|i| format!("{i},{},{}\n", i % 7, 3 * i))
        .collect();
    fs::write(dir.join("t.csv"), format!("a,b,y\n{rows}")).unwrap();
    let train = "train --data t.csv --target y --task regression --model linear --device cpu --lr 1e-4 --epochs 2 --quiet";
    success(&format!("{train} --out plain"), dir);
    success(&format!("{train} --standardize --out scaled"), dir);
    fs::write(dir.join("more.csv"), "a,b,c,y\n1,2,3,4\n5,6,7,8\n").unwrap();
    fs::write(dir.join("less.csv"), "a,y\n1,2\n3,4\n").unwrap();
    for run in ["plain", "scaled"] {
        for (file, part) in [
            ("more.csv", "the model does not know `c`"),
            ("less.csv", "the model was trained on `b` too"),
        ] {
            let e = refusal(&format!("eval {run} --data {file} --device cpu"), dir, 2);
            assert!(
                e.contains(part) && !e.contains("standard deviations"),
                "{e}"
            );
        }
        let with = success(&format!("predict {run} t.csv --device cpu"), dir);
        fs::write(
            dir.join("bare.csv"),
            format!("a,b\n{}", rows_without_target(&rows)),
        )
        .unwrap();
        let without = success(&format!("predict {run} bare.csv --device cpu"), dir);
        let answers = |said: &str| -> Vec<String> {
            let answer = |line: &str| line.split_once("  ").map(|(_, answer)| answer.to_string());
            said.lines().filter_map(answer).collect()
        };
        assert_eq!(answers(&with), answers(&without));
        let e = refusal(&format!("predict {run} more.csv --device cpu"), dir, 2);
        assert!(e.contains("the model does not know `c`"), "{e}");
    }
    let found = judged("plain --data t.csv --worst 2", dir);
    assert_eq!(found["samples"], 40);
    let worst = &found["worst"];
    let error = |i: usize| worst[i]["squared_error"].as_f64().expect("a number");
    assert!(error(0) >= error(1) && worst[2].is_null(), "{worst}");
    let number = |i: usize, of: &str| worst[i][of][0].as_f64().expect("a number");
    let own = (number(0, "prediction") - number(0, "goal")).powi(2);
    assert!((own - error(0)).abs() < 1e-3 * own, "{worst}");
    let index = worst[0]["index"].as_u64().unwrap();
    assert_eq!(
        worst[0]["name"],
        format!("t.csv:{}", index + 2),
        "after the header, from 1"
    );
    let said = success("eval plain --data t.csv --worst 1 --device cpu", dir);
    assert!(
        said.contains("squared error") && said.contains("(t.csv:"),
        "{said}"
    );
}

fn rows_without_target(rows: &str) -> String {
    let bare = rows.lines().filter_map(|row| row.rsplit_once(','));
    bare.map(|(row, _)| format!("{row}\n")).collect()
}
