//! Images in IDX files, named as MNIST's are, in one directory.

use std::path::{Path, PathBuf};

use super::{
    Error, Names,
    dataset::{Features, Shape, Split, Targets, Task, pixel_table},
    idx::IdxFile,
    loaded::Loaded,
};

/// Fashion-MNIST's classes, as its authors name them (H. Xiao, K. Rasul, R. Vollgraf, 2017, arXiv:1708.07747).
const FASHION_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Each channel costs a table of 1 KiB, so a small file could ask for gigabytes of them.
const MAX_CHANNELS: u32 = 4096;

/// Fashion-MNIST from a directory, which must have both splits.
pub(super) fn load_fashion_mnist(dir: &Path) -> Result<Loaded, Error> {
    if !dir.is_dir() {
        return Err(Error::FashionMnistMissing {
            dir: dir.to_owned(),
        });
    }
    let loaded = load_with_classes(dir, Some(&FASHION_CLASSES))?;
    if loaded.test.is_none() {
        return Err(missing(dir, "t10k", Part::Images));
    }
    Ok(loaded)
}

/// Any directory with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, and perhaps the same for `t10k`;
/// `train-images.idx3-ubyte` and so on is understood too, `idx4` for images with channels, and each may end in `.gz`
/// (where a file is there both ways, the plain one is read). The classes are numbered from 0 to the greatest training
/// label.
pub(super) fn load(dir: &Path) -> Result<Loaded, Error> {
    load_with_classes(dir, None)
}

/// Whether a directory has any of these files.
pub(super) fn are_in(dir: &Path) -> bool {
    let any = |split| {
        find(dir, split, Part::Images).is_some() || find(dir, split, Part::Labels).is_some()
    };
    any("train") || any("t10k")
}

fn load_with_classes(dir: &Path, classes: Option<&[&str]>) -> Result<Loaded, Error> {
    let mut train = Pair::find(dir, "train")?.ok_or_else(|| missing(dir, "train", Part::Images))?;
    let mut test = Pair::find(dir, "t10k")?;
    let shape = train.shape();
    if let Some(test) = test.as_ref().filter(|test| test.shape() != shape) {
        let found = format!("images of shape {:?}", test.shape());
        return Err(test.images.error(
            8,
            found,
            format!("{shape:?}, the shape of the training images"),
        ));
    }

    let labels = train.labels(classes.map(<[_]>::len), "the names of the classes")?;
    let classes: Vec<String> = match classes {
        Some(names) => names.iter().map(|&name| name.to_owned()).collect(),
        None => (0..=labels.iter().copied().max().unwrap_or(0))
            .map(|class| class.to_string())
            .collect(),
    };
    let origin = match &test {
        Some(_) => "split as the files are",
        None => "no t10k files, so no test split",
    };
    // Decompressing takes longer than everything else until the first update.
    let (train, test) = rayon::join(
        || train.read(&shape, labels),
        || {
            let pair = test.as_mut()?;
            let labels = pair.labels(Some(classes.len()), "the classes of the training labels");
            Some(labels.and_then(|labels| pair.read(&shape, labels)))
        },
    );
    let (train, test) = (train?, test.transpose()?);
    Ok(Loaded {
        shape,
        columns: Vec::new(),
        task: Task::Classification { classes },
        train,
        val: None,
        test,
        test_fraction: None,
        origin: origin.to_owned(),
    })
}

/// The training files of a directory as a split of other data, of which they must have the shape and the classes.
pub(super) fn load_split(dir: &Path, shape: &Shape, classes: usize) -> Result<Split, Error> {
    let mut pair = Pair::find(dir, "train")?.ok_or_else(|| missing(dir, "train", Part::Images))?;
    if pair.shape() != *shape {
        let found = format!("images of shape {:?}", pair.shape());
        let expected = format!("{shape:?}, the shape of the training images");
        return Err(pair.images.error(8, found, expected));
    }
    let labels = pair.labels(Some(classes), "the classes of the training labels")?;
    pair.read(shape, labels)
}

/// The two files of a split, their headers checked against each other.
struct Pair {
    images: IdxFile,
    labels: IdxFile,
}

impl Pair {
    /// Opens both files of a split, if the directory has any of them.
    fn find(dir: &Path, split: &str) -> Result<Option<Self>, Error> {
        let (images, labels) = match (
            find(dir, split, Part::Images),
            find(dir, split, Part::Labels),
        ) {
            (Some(images), Some(labels)) => (images, labels),
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(missing(dir, split, Part::Images)),
            (Some(_), None) => return Err(missing(dir, split, Part::Labels)),
        };
        let images = IdxFile::open(&images, &[3, 4])?;
        let labels = IdxFile::open(&labels, &[1])?;
        if labels.len() != images.len() {
            let expected = format!("{}, as many as there are {split} images", images.len());
            return Err(labels.error(4, format!("{} labels", labels.len()), expected));
        }
        let pair = Self { images, labels };
        match pair.shape().first() {
            Some(&channels) if channels > MAX_CHANNELS => {
                let expected =
                    format!("at most {MAX_CHANNELS}, in [samples, channels, height, width]");
                Err(pair
                    .images
                    .error(8, format!("{channels} channels"), expected))
            }
            _ => Ok(Some(pair)),
        }
    }

    /// `[C, H, W]`, with one channel where the file names none.
    fn shape(&self) -> Shape {
        match self.images.dims.as_slice() {
            [_, height, width] => vec![1, *height, *width],
            [_, rest @ ..] => rest.to_vec(),
            [] => Vec::new(),
        }
    }

    /// The labels. If the number of classes is known, they must be below it; `from` says by what it is known.
    fn labels(&mut self, classes: Option<usize>, from: &str) -> Result<Vec<u32>, Error> {
        let labels = self.labels.read()?;
        if let Some(classes) = classes {
            let mut numbered = labels.iter().enumerate();
            if let Some((sample, label)) =
                numbered.find(|(_, label)| usize::from(**label) >= classes)
            {
                let expected = format!("0 to {}, {from}", classes.saturating_sub(1));
                let offset = self.labels.start() + sample as u64;
                return Err(self
                    .labels
                    .error(offset, format!("label {label}"), expected));
            }
        }
        Ok(labels.iter().map(|&label| u32::from(label)).collect())
    }

    /// The split, with pixels from 0 to 255 decoded as `pixel as f32 / 255f32`.
    fn read(&mut self, shape: &Shape, labels: Vec<u32>) -> Result<Split, Error> {
        let data = self.images.read()?;
        let channels = shape.first().copied().unwrap_or(1);
        let table = pixel_table(channels);
        let len = labels.len();
        Ok(Split {
            features: Features::Bytes { data, table },
            targets: Targets::Classes(labels),
            len,
            names: Names::None,
        })
    }
}

#[derive(Clone, Copy)]
enum Part {
    Images,
    Labels,
}

impl Part {
    /// What a file name has after the name of the split, the likeliest first.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Part::Images => &[
                "-images-idx3-ubyte",
                "-images.idx3-ubyte",
                "-images-idx4-ubyte",
                "-images.idx4-ubyte",
            ],
            Part::Labels => &["-labels-idx1-ubyte", "-labels.idx1-ubyte"],
        }
    }
}

fn find(dir: &Path, split: &str, part: Part) -> Option<PathBuf> {
    let names = part
        .endings()
        .iter()
        .flat_map(|ending| ["", ".gz"].map(|gz| format!("{split}{ending}{gz}")));
    names.map(|name| dir.join(name)).find(|path| path.is_file())
}

fn missing(dir: &Path, split: &str, part: Part) -> Error {
    let ending = part.endings().first().copied().unwrap_or_default();
    Error::MissingFile {
        dir: dir.to_owned(),
        expected: format!("{split}{ending}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the one sentence that a person without the data needs.
    #[test]
    fn a_missing_fashion_mnist_says_how_to_get_it() {
        let error = load_fashion_mnist(Path::new("no/such/place"))
            .unwrap_err()
            .to_string();
        for part in [
            "no/such/place",
            "apt install dataset-fashion-mnist",
            "--data DIR",
            "KILN_FASHION_MNIST",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    /// Protects Fashion-MNIST from being half there: without its test files it is not that data set.
    #[test]
    fn fashion_mnist_has_both_splits() {
        let dir = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
        write(
            "train-images-idx3-ubyte",
            &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 77],
        );
        write("train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 1, 9]);
        assert_eq!(load(dir.path()).unwrap().train.len, 1);
        let error = load_fashion_mnist(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("there is no file t10k-images-idx3-ubyte"),
            "{error}"
        );
        write("train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 1, 10]);
        let error = load_fashion_mnist(dir.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("byte 8: found label 10; expected 0 to 9, the names of the classes"),
            "{error}"
        );
    }

    /// Protects the order of preference among spellings: the plain file before its compressed twin.
    #[test]
    fn the_plain_file_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let name = "train-labels.idx1-ubyte";
        for name in [format!("{name}.gz"), name.to_owned()] {
            std::fs::write(dir.path().join(&name), []).unwrap();
            assert_eq!(
                find(dir.path(), "train", Part::Labels),
                Some(dir.path().join(&name))
            );
        }
    }
}
