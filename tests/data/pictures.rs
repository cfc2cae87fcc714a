//! Folders of pictures.

use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};
use kiln::data::{Features, ImageSize, Options};

use super::{assert_consistent, classes, labels, load, refusal};

/// A grey picture of one value.
fn grey(path: &Path, value: u8, width: u32, height: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(width, height, Luma([value]))
        .save(path)
        .unwrap();
}

fn red(path: &Path, width: u32, height: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(width, height, Rgb([250, 0, 0]))
        .save(path)
        .unwrap();
}

fn bytes(features: &Features) -> &[u8] {
    match features {
        Features::Bytes { data, .. } => data,
        Features::Floats(_) => panic!("expected bytes"),
    }
}

fn sized(height: u32, width: u32) -> Options {
    Options {
        image_size: Some(ImageSize { height, width }),
        ..Options::default()
    }
}

/// Two classes of five grey pictures each, 3 wide and 2 high; the value of a picture says which it is.
fn two_classes() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (class, first) in [("dog", 50), ("cat", 0)] {
        for i in (0..5).rev() {
            let extension = if i == 3 { "PNG" } else { "png" };
            grey(
                &dir.path().join(format!("{class}/{i}.{extension}")),
                first + i,
                3,
                2,
            );
        }
    }
    dir
}

/// Protects the order of classes and files, names, sizes and the split, and that what systems leave behind is passed
/// over.
#[test]
fn folders_are_classes() {
    let dir = two_classes();
    for junk in ["cat/.DS_Store", "cat/Thumbs.db", ".hidden", "README.md"] {
        std::fs::write(dir.path().join(junk), "no picture").unwrap();
    }
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    let name = dir.path().to_str().unwrap();
    let data = load(name, &Options::default());
    assert_consistent(&data);
    assert_eq!(data.shape, [1, 2, 3]);
    assert_eq!(classes(&data), ["cat", "dog"]);
    let test = data.test.as_ref().unwrap();
    assert!(data.val.is_none());
    let first = |split: &kiln::data::Split| -> Vec<u8> {
        bytes(&split.features)
            .chunks(6)
            .map(|sample| sample[0])
            .collect()
    };
    assert_eq!(first(&data.train), [0, 1, 3, 4, 50, 51, 53, 54]);
    assert_eq!((first(test), labels(test)), (vec![2, 52], &[0, 1][..]));
    assert_eq!(
        data.summary,
        format!(
            "{name}: 8 training and 2 test samples of 1×2×3, 2 classes; \
             0.2 of each class, evenly spaced, is test data"
        )
    );
    let whole = Options {
        test_fraction: Some(0.0),
        ..Options::default()
    };
    assert_eq!(load(name, &whole).train.len, 10);
}

/// Protects the choice of channels: grey only if all pictures are, else RGB, unless the user says.
#[test]
fn one_coloured_picture_makes_three_channels() {
    let dir = two_classes();
    red(&dir.path().join("dog/red.jpeg"), 3, 2);
    let name = dir.path().to_str().unwrap();
    let data = load(name, &Options::default());
    assert_consistent(&data);
    assert_eq!(data.shape, [3, 2, 3]);
    let last = bytes(&data.train.features).chunks(18).last().unwrap();
    assert!(last[0] > 200 && last[6] < 50 && last[12] < 50, "{last:?}");
    let grey = Options {
        channels: Some(1),
        ..Options::default()
    };
    assert_eq!(load(name, &grey).shape, [1, 2, 3]);
    let two = Options {
        channels: Some(2),
        ..Options::default()
    };
    assert_eq!(
        refusal(name, &two),
        "--channels 2: expected 1 (grey) or 3 (red, green, blue)"
    );
}

/// Protects against pictures of different sizes being stretched without a word, and resizing where it is asked for.
#[test]
fn different_sizes_need_a_size() {
    let dir = two_classes();
    let odd = dir.path().join("dog/z.jpg");
    grey(&odd, 77, 8, 9);
    let name = dir.path().to_str().unwrap();
    assert_eq!(
        refusal(name, &Options::default()),
        format!(
            "{}: 9x8 pixels (height x width), while {} has 2x3; \
             say with `--image-size HxW` what size all pictures are brought to",
            odd.display(),
            dir.path().join("cat/0.png").display()
        )
    );
    let data = load(name, &sized(4, 5));
    assert_consistent(&data);
    assert_eq!(data.shape, [1, 4, 5]);
    let last = bytes(&data.train.features).chunks(20).last().unwrap();
    assert!(last.iter().all(|&value| value.abs_diff(77) < 4), "{last:?}");
}

/// Protects the layout that data sets are published in: splits as folders, classes by name wherever they are.
#[test]
fn splits_may_be_folders() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["a", "b", "c"] {
        for i in 0..4 {
            grey(&dir.path().join(format!("train/{class}/{i}.png")), i, 2, 2);
        }
    }
    grey(&dir.path().join("test/c/0.png"), 9, 2, 2);
    let name = dir.path().to_str().unwrap();
    let data = load(name, &Options::default());
    assert_consistent(&data);
    assert_eq!((data.train.len, data.val.is_none()), (12, true));
    assert_eq!(labels(data.test.as_ref().unwrap()), [2]);
    grey(&dir.path().join("val/b/0.png"), 8, 2, 2);
    let data = load(name, &Options::default());
    assert_consistent(&data);
    assert_eq!(labels(data.evaluated().unwrap()), [1]);
    assert_eq!(labels(data.test.as_ref().unwrap()), [2]);
    let fraction = Options {
        test_fraction: Some(0.1),
        ..Options::default()
    };
    assert_eq!(
        refusal(name, &fraction),
        format!(
            "--test-fraction has no effect on {name}: its splits are the folders in it; leave it out"
        )
    );
    grey(&dir.path().join("test/bb/0.png"), 9, 2, 2);
    let message = refusal(name, &Options::default());
    assert!(
        message.ends_with(
            "test/bb: there is no class `bb` among the training pictures; \
             expected the same names of folders"
        ) || message.ends_with("did you mean `b`?"),
        "{message}"
    );
    std::fs::remove_dir_all(dir.path().join("test/bb")).unwrap();
    grey(&dir.path().join("more/a/0.png"), 9, 2, 2);
    let message = refusal(name, &Options::default());
    assert!(
        message.contains("more: a folder beside `train`"),
        "{message}"
    );
}

/// Protects against pictures that are silently left out, or that are none: each is named.
#[test]
fn what_does_not_belong_is_named() {
    let refused = |spoil: &dyn Fn(&Path), expected: &str| {
        let dir = two_classes();
        spoil(dir.path());
        let message = refusal(dir.path().to_str().unwrap(), &Options::default());
        assert!(message.contains(expected), "{message}");
    };
    let write = |path: &'static str, contents: &'static [u8]| {
        move |dir: &Path| std::fs::write(dir.join(path), contents).unwrap()
    };
    refused(
        &write("cat/notes.txt", b"x"),
        "cat/notes.txt: no picture by its name; expected .png, .jpg or .jpeg",
    );
    refused(
        &write("cat/7.png", b"x"),
        "cat/7.png: its contents are neither a PNG nor a JPEG picture",
    );
    refused(
        &write("cat/7.jpg", b"\xff\xd8\xff\xe0"),
        "cat/7.jpg: the picture cannot be read: ",
    );
    refused(
        &|dir| {
            let png = std::fs::read(dir.join("cat/1.png")).unwrap();
            std::fs::write(dir.join("cat/1.png"), &png[..png.len() - 20]).unwrap();
        },
        "cat/1.png: the picture cannot be read: ",
    );
    refused(
        &|dir| std::fs::create_dir(dir.join("emu")).unwrap(),
        "emu: a class without pictures; expected at least one PNG or JPEG file",
    );
    refused(
        &|dir| std::fs::create_dir(dir.join("cat/more")).unwrap(),
        "cat/more: a folder within the folder of a class",
    );
    refused(
        &|dir| grey(&dir.join("loose.png"), 1, 3, 2),
        "loose.png: a picture outside of the folders of classes",
    );
    refused(
        &|dir| std::fs::remove_dir_all(dir.join("cat")).unwrap(),
        "`dog` is the only folder; expected at least two classes",
    );
}

/// Protects files outside of the directory: a link may lead around in it, but not out.
#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let (dir, elsewhere) = (two_classes(), two_classes());
    symlink("0.png", dir.path().join("cat/again.png")).unwrap();
    let name = dir.path().to_str().unwrap();
    assert_eq!(load(name, &Options::default()).train.len, 9);
    for (target, link) in [("dog", "emu"), ("dog/0.png", "cat/x.png")] {
        let link = dir.path().join(link);
        symlink(elsewhere.path().join(target), &link).unwrap();
        let message = refusal(name, &Options::default());
        assert!(
            message.starts_with(&format!(
                "{}: a link that leads out of the data's directory, to ",
                link.display()
            )),
            "{message}"
        );
        std::fs::remove_file(link).unwrap();
    }
}
