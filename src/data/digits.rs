//! The embedded digits: 1,797 images of 8×8, the test set of the UCI data "Optical Recognition of Handwritten Digits"
//! (E. Alpaydin, C. Kaynak, 1998; CC BY 4.0), in the order in which scikit-learn ships them.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{
    Names,
    dataset::{Features, Split, Targets, Task},
    loaded::Loaded,
    split,
};

/// One line per image: 64 pixels from 0 to 16, row-major, and the digit.
const FILE: &[u8] = include_bytes!("../../data/digits.csv.gz");
const PIXELS: usize = 64;

/// All digits, their pixels scaled to [0, 1], split always alike: of each digit's images, in file order and counted
/// from 1, numbers 3, 8, 13, … (the third of every five) are test samples. That makes 1,438 and 359.
pub(super) fn load() -> Loaded {
    let (data, labels) = parse();
    // Bytes above 16 do not occur; they are given the same scale.
    let table = (0..=255u8).map(|byte| f32::from(byte) / 16.0).collect();
    let is_test = split::stratified(&labels, 0.2);
    let all = Split {
        len: labels.len(),
        features: Features::Bytes {
            data: data.into(),
            table,
        },
        targets: Targets::Classes(labels),
        names: Names::None,
    };
    Loaded {
        shape: vec![1, 8, 8],
        columns: Vec::new(),
        task: Task::Classification {
            classes: (0..10).map(|digit| digit.to_string()).collect(),
        },
        train: all.select(PIXELS, |row| is_test.get(row) == Some(&false)),
        val: None,
        test: Some(all.select(PIXELS, |row| is_test.get(row) == Some(&true))),
        test_fraction: None,
        origin: "of each class the third of every five images in file order is test data"
            .to_owned(),
    }
}

/// The pixels of all images, and the labels. The file is part of the program, so a fault in it is a fault of the build.
#[allow(
    clippy::expect_used,
    reason = "the file is part of the program, and a test reads it"
)]
fn parse() -> (Vec<u8>, Vec<u32>) {
    let mut text = String::new();
    GzDecoder::new(FILE)
        .read_to_string(&mut text)
        .expect("the embedded digits decompress");
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut values = line
            .split(',')
            .map(|cell| cell.parse::<u8>().expect("the embedded digits are numbers"));
        pixels.extend(values.by_ref().take(PIXELS));
        labels.extend(values.map(u32::from));
    }
    (pixels, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the embedded file: 1,797 images of 64 pixels from 0 to 16, the known number of each digit, and a
    /// checksum over all pixels and labels, so that neither an edit nor a wrong parse passes.
    #[test]
    fn the_embedded_file_is_the_known_one() {
        let (pixels, labels) = parse();
        assert_eq!((pixels.len(), labels.len()), (1797 * PIXELS, 1797));
        assert_eq!(pixels.iter().max(), Some(&16));
        let count = |digit| labels.iter().filter(|&&label| label == digit).count();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count),
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        );
        let mut crc = flate2::Crc::new();
        crc.update(&pixels);
        crc.update(&labels.iter().map(|&label| label as u8).collect::<Vec<_>>());
        assert_eq!(crc.sum(), CHECKSUM);
    }
    const CHECKSUM: u32 = 0xb89d_aea8;
}
