//! Pictures in one folder for each class, as torchvision's `ImageFolder` takes them.

use std::path::Path;

use rayon::prelude::*;

use super::{
    Bytes, Error, ImageSize, Names, Options,
    dataset::{Features, Shape, Split, Targets, Task, pixel_table},
    listing::{Listing, Root},
    loaded::Loaded,
    picture::Picture,
};

/// More bytes than this do not fit one buffer of a device, whose sizes are 32-bit.
const MAX_VALUES: u64 = u32::MAX as u64;

/// What folders of the splits are called.
const TRAIN: &str = "train";
const TEST: &str = "test";
const VAL: [&str; 3] = ["val", "valid", "validation"];

/// Whether a directory seems to be one of pictures: it has folders, or pictures that belong into some.
pub(super) fn is_meant(dir: &Path) -> Result<bool, Error> {
    let entries = Root::open(dir)?.entries(dir)?;
    Ok(entries
        .iter()
        .any(|entry| entry.is_dir || entry.is_picture()))
}

/// Loads `DIR/CLASS/*.png`, whose test split is chosen here, or `DIR/{train,val,test}/CLASS/*.png`, of which `train` is
/// necessary. Classes are the folders of the training split, in the order of their names.
pub(super) fn load(dir: &Path, options: &Options) -> Result<Loaded, Error> {
    let root = Root::open(dir)?;
    let entries = root.entries(dir)?;
    let is_split = entries
        .iter()
        .find(|entry| entry.is_dir && entry.name == TRAIN)
        .map(|entry| root.has_folders(&entry.path))
        .transpose()?;
    if is_split == Some(true) {
        return load_splits(&root, dir, options);
    }
    let listing = root.list(dir)?;
    let pictures = Pictures::open(&listing)?;
    let shape = shape(&[&pictures], options)?;
    let classes = check_classes(dir, &listing.classes)?;
    let all = pictures.decode(&shape, listing.labels)?;
    Loaded::split(shape, Task::Classification { classes }, all, options)
}

fn load_splits(root: &Root, dir: &Path, options: &Options) -> Result<Loaded, Error> {
    if options.test_fraction.is_some() {
        return Err(Error::NoEffect {
            option: "--test-fraction",
            data: dir.display().to_string(),
            reason: "its splits are the folders in it",
        });
    }
    let find = |names: &[&str]| -> Result<Option<Listing>, Error> {
        let entries = root.entries(dir)?;
        let mut found = entries
            .iter()
            .filter(|entry| entry.is_dir && names.contains(&entry.name.as_str()));
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => root.list(&one.path).map(Some),
            (Some(one), Some(other)) => Err(Error::Folder {
                path: dir.to_owned(),
                problem: format!(
                    "both `{}` and `{}` are there; expected one folder of validation pictures",
                    one.name, other.name
                ),
            }),
        }
    };
    for entry in root.entries(dir)?.iter().filter(|entry| entry.is_dir) {
        let name = entry.name.as_str();
        if name != TRAIN && name != TEST && !VAL.contains(&name) {
            return Err(Error::Folder {
                path: entry.path.clone(),
                problem: "a folder beside `train`; expected only `val` and `test` there".to_owned(),
            });
        }
    }
    let train = find(&[TRAIN])?.unwrap_or_default();
    let classes = check_classes(dir, &train.classes)?;
    let mut others = [find(&VAL)?, find(&[TEST])?];
    for listing in others.iter_mut().flatten() {
        listing.relabel(&classes)?;
    }
    let [val, test] = others;
    let opened = |listing: &Option<Listing>| listing.as_ref().map(Pictures::open).transpose();
    let (train_pictures, val_pictures, test_pictures) =
        (Pictures::open(&train)?, opened(&val)?, opened(&test)?);
    let all: Vec<&Pictures> = std::iter::once(&train_pictures)
        .chain(&val_pictures)
        .chain(&test_pictures)
        .collect();
    let shape = shape(&all, options)?;
    let decoded = |pictures: Option<Pictures>, listing: Option<Listing>| {
        let pair = pictures.zip(listing);
        pair.map(|(pictures, listing)| pictures.decode(&shape, listing.labels))
            .transpose()
    };
    Ok(Loaded {
        columns: Vec::new(),
        task: Task::Classification { classes },
        train: train_pictures.decode(&shape, train.labels)?,
        val: decoded(val_pictures, val)?,
        test: decoded(test_pictures, test)?,
        test_fraction: None,
        origin: "split as the folders are".to_owned(),
        shape,
    })
}

/// Loads `DIR/CLASS/*.png` as a split of other data, of which it must have the classes and, unless the options say how
/// pictures are brought there, the shape.
pub(super) fn load_split(
    dir: &Path,
    trained: &Shape,
    classes: &[String],
    options: &Options,
) -> Result<Split, Error> {
    let mut listing = Root::open(dir)?.list(dir)?;
    listing.relabel(classes)?;
    let pictures = Pictures::open(&listing)?;
    let own = shape(&[&pictures], options)?;
    let problem = match (own.as_slice(), trained.as_slice()) {
        _ if listing.files.is_empty() => {
            "there are no pictures; expected a folder of them for each class".to_owned()
        }
        ([_, own @ ..], [_, trained @ ..]) if own != trained => format!(
            "the pictures are of {own:?} pixels, those for training of {trained:?}; say with \
             `--image-size HxW` what size all are brought to"
        ),
        ([3, ..], [1, ..]) => "some pictures have colours, those for training have none; say with \
                               `--channels` how all are read"
            .to_owned(),
        _ => return pictures.decode(trained, listing.labels),
    };
    Err(Error::Folder {
        path: dir.to_owned(),
        problem,
    })
}

/// The names of the classes, of which there must be two.
fn check_classes(dir: &Path, classes: &[String]) -> Result<Vec<String>, Error> {
    match classes {
        [] | [_] => Err(Error::Folder {
            path: dir.to_owned(),
            problem: format!(
                "{}; expected at least two classes to tell apart, each a folder with its pictures",
                match classes {
                    [only] => format!("`{only}` is the only folder"),
                    _ => "there are no folders".to_owned(),
                }
            ),
        }),
        _ => Ok(classes.to_vec()),
    }
}

/// The pictures of a split, their headers read.
struct Pictures {
    all: Vec<Picture>,
}

impl Pictures {
    fn open(listing: &Listing) -> Result<Self, Error> {
        let all: Vec<Result<Picture, Error>> = listing
            .files
            .par_iter()
            .map(|path| Picture::open(path))
            .collect();
        Ok(Self {
            all: all.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// The split, with pixels from 0 to 255 decoded as `pixel as f32 / 255f32`.
    fn decode(&self, shape: &Shape, labels: Vec<u32>) -> Result<Split, Error> {
        let features = decode(&self.all, shape)?;
        Ok(Split {
            features,
            targets: Targets::Classes(labels),
            len: self.all.len(),
            names: Names::Files(self.all.iter().map(|p| p.path().to_owned()).collect()),
        })
    }
}

/// The pixels of pictures, brought to a shape of one or three channels. An error is that of the first bad file.
pub(super) fn decode(pictures: &[Picture], shape: &[u32]) -> Result<Features, Error> {
    let (channels, size) = match *shape {
        [channels @ (1 | 3), height, width] => (channels, ImageSize { height, width }),
        _ => {
            return Err(Error::Shape {
                what: "pictures",
                shape: shape.to_vec(),
                expected: "[1, H, W] or [3, H, W]",
            });
        }
    };
    let sample = u64::from(channels) * u64::from(size.height) * u64::from(size.width);
    let total = sample.saturating_mul(pictures.len() as u64);
    if total > MAX_VALUES {
        return Err(Error::InvalidOption {
            option: "--image-size",
            value: size.to_string(),
            expected: format!(
                "{} pictures of {channels} channels make {total} bytes; a device takes {MAX_VALUES}, so use a \
                 smaller size",
                pictures.len()
            ),
        });
    }
    let data = Bytes::fill(total as usize, |bytes| {
        let samples = bytes.par_chunks_exact_mut(sample as usize);
        let failed = samples
            .zip(pictures)
            .map(|(planes, picture)| picture.decode(size, channels, planes).err())
            .find_map_first(|error| error);
        failed.map_or(Ok(()), Err)
    })?;
    Ok(Features::Bytes {
        data,
        table: pixel_table(channels),
    })
}

/// The shape that all pictures get: as the options say, or as the pictures are.
fn shape(splits: &[&Pictures], options: &Options) -> Result<Shape, Error> {
    let all = || splits.iter().flat_map(|split| &split.all);
    let size = match (options.image_size, all().next()) {
        (Some(size), _) => size,
        (None, Some(first)) => match all().find(|picture| picture.size != first.size) {
            None => first.size,
            Some(other) => {
                return Err(Error::Picture {
                    path: other.path().to_owned(),
                    problem: format!(
                        "{} pixels (height x width), while {} has {}; say with `--image-size HxW` what \
                         size all pictures are brought to",
                        other.size,
                        first.path().display(),
                        first.size
                    ),
                });
            }
        },
        (None, None) => ImageSize {
            height: 1,
            width: 1,
        },
    };
    let is_grey = all().all(|picture| picture.is_grey);
    let channels = options.channels.unwrap_or(if is_grey { 1 } else { 3 });
    Ok(vec![channels, size.height, size.width])
}
