//! One picture in a PNG or JPEG file, not trusted.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use image::{
    ImageBuffer, ImageDecoder, ImageError, ImageFormat, Pixel,
    codecs::{jpeg::JpegDecoder, png::PngDecoder},
    imageops::{self, FilterType},
    io::{Limits, Reader},
};

use super::{Error, ImageSize, file::MAX_RATIO};

/// More pixels than this in one picture are taken for a decompression bomb: three times what cameras take.
const MAX_PIXELS: u64 = 1 << 26;

/// JPEG has no longer side.
const MAX_SIDE: u32 = u16::MAX as u32;

/// Pixels for each byte of a JPEG: a block of 64 takes a bit at least, unless its brightness is stored at half the size.
const JPEG_RATIO: u64 = 1024;

/// A buffer of a resizing larger than this, in pixels, is avoided if it can be.
const LARGE: u64 = 1 << 20;

/// A picture whose header has been read and found possible; its pixels have not been read.
pub(super) struct Picture {
    path: PathBuf,
    format: ImageFormat,
    pub size: ImageSize,
    /// Whether it is stored without colours. Pictures with a palette count as coloured.
    pub is_grey: bool,
}

/// Whether a file's name ends as those of pictures do.
pub(super) fn is_named_so(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        ["png", "jpg", "jpeg"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

impl Picture {
    /// Reads a header. What kind of picture it is, its contents say, not its name.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let reader = reader(path)?;
        let format = match reader.format() {
            Some(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => format,
            _ => {
                return Err(Error::Picture {
                    path: path.to_owned(),
                    problem: "its contents are neither a PNG nor a JPEG picture; expected one, \
                              whatever the file is called"
                        .to_owned(),
                });
            }
        };
        let error = |source: ImageError| broken(path, &source);
        let (dimensions, color) = if format == ImageFormat::Png {
            let decoder = PngDecoder::with_limits(reader.into_inner(), limits()).map_err(error)?;
            (decoder.dimensions(), decoder.color_type())
        } else {
            let decoder = JpegDecoder::new(reader.into_inner()).map_err(error)?;
            (decoder.dimensions(), decoder.color_type())
        };
        let (width, height) = dimensions;
        let pixels = u64::from(width) * u64::from(height);
        let problem = if pixels == 0 || pixels > MAX_PIXELS || width.max(height) > MAX_SIDE {
            format!(
                "it claims to be {height}×{width} pixels; expected at least one and at most {} million, no side \
                 longer than {MAX_SIDE}, so scale it down or remove it",
                MAX_PIXELS / 1_000_000
            )
        } else if pixels > most_pixels(path, format)? {
            format!(
                "it claims to be {height}×{width} pixels, which no file of its length can hold; it is damaged or was \
                 cut off, so replace the file or remove it"
            )
        } else {
            String::new()
        };
        if !problem.is_empty() {
            return Err(Error::Picture {
                path: path.to_owned(),
                problem,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            format,
            size: ImageSize { height, width },
            is_grey: !color.has_color(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the pixels to `planes`, one plane for grey and three for RGB, brought to `size` by a triangle filter
    /// (bilinear, over all pixels that a pixel of the result covers). Grey is the luma of ITU-R BT.709 where the file
    /// has colours, 16 bits become 8, and transparency is left out.
    pub(super) fn decode(
        &self,
        size: ImageSize,
        channels: u32,
        planes: &mut [u8],
    ) -> Result<(), Error> {
        let mut reader = reader(&self.path)?;
        reader.set_format(self.format);
        reader.limits(limits());
        let image = reader
            .decode()
            .map_err(|source| broken(&self.path, &source))?;
        let pixels = if channels == 1 {
            resized(image.into_luma8(), size).into_raw()
        } else {
            resized(image.into_rgb8(), size).into_raw()
        };
        let plane = size.height as usize * size.width as usize;
        for (channel, plane) in planes.chunks_exact_mut(plane).enumerate() {
            let values = pixels.iter().skip(channel).step_by(channels as usize);
            for (to, from) in plane.iter_mut().zip(values) {
                *to = *from;
            }
        }
        Ok(())
    }
}

/// The most pixels that a picture can have whose header has been found whole: so many can come out of a file of its
/// length.
fn most_pixels(path: &Path, format: ImageFormat) -> Result<u64, Error> {
    let (mut start, unread) = (Vec::new(), unread(path));
    let len = File::open(path).and_then(|mut file| {
        (&mut file).take(26).read_to_end(&mut start)?;
        Ok(file.metadata()?.len())
    });
    let len = len.map_err(unread)?;
    // After 24 bytes a PNG says how many bits a channel has, and which channels there are.
    Ok(match (format, start.last_chunk()) {
        (ImageFormat::Png, Some(&[depth, colour])) => {
            let channels = match colour {
                2 => 3,
                4 => 2,
                6 => 4,
                _ => 1,
            };
            len.saturating_mul(MAX_RATIO * 8) / (u64::from(depth) * channels).max(1)
        }
        _ => len.saturating_mul(JPEG_RATIO),
    })
}

fn resized<P: Pixel<Subpixel = u8> + 'static>(
    image: ImageBuffer<P, Vec<u8>>,
    size: ImageSize,
) -> ImageBuffer<P, Vec<u8>> {
    if image.dimensions() == (size.width, size.height) {
        return image;
    }
    let to = |image, [width, height]: [u32; 2]| {
        imageops::resize(image, width, height, FilterType::Triangle)
    };
    let whole = [size.width, size.height];
    match by_way(image.dimensions(), size) {
        Some(first) => to(&to(&image, first), whole),
        None => to(&image, whole),
    }
}

/// The size to bring a picture to first, if any. Heights are resized before widths, so that a line of many pixels
/// would be made as high as the result before it is made as narrow.
fn by_way((width, height): (u32, u32), size: ImageSize) -> Option<[u32; 2]> {
    let between = u64::from(width) * u64::from(size.height);
    let detour = size.width < width && size.height > height;
    (detour && between > LARGE).then_some([size.width, height])
}

fn unread(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Read {
        path: path.to_owned(),
        place: String::new(),
        source,
    }
}

fn reader(path: &Path) -> Result<Reader<BufReader<File>>, Error> {
    let file = File::open(path).map(BufReader::new);
    file.and_then(|file| Reader::new(file).with_guessed_format())
        .map_err(unread(path))
}

/// What a decoder may take.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(8 * MAX_PIXELS);
    limits
}

fn broken(path: &Path, source: &ImageError) -> Error {
    Error::Picture {
        path: path.to_owned(),
        problem: format!("the picture cannot be read: {source}; replace the file or remove it"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, GrayImage, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn decoded(bytes: &[u8], size: Option<ImageSize>, channels: u32) -> Result<Vec<u8>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let picture = Picture::open(file.path())?;
        let size = size.unwrap_or(picture.size);
        let mut planes = vec![0; (channels * size.height * size.width) as usize];
        picture.decode(size, channels, &mut planes)?;
        Ok(planes)
    }

    /// Protects the order of values: planes of rows, red first, as torchvision's `ToTensor` has it.
    #[test]
    fn pixels_come_as_planes_of_rows() {
        let image = RgbImage::from_fn(3, 2, |x, y| {
            let at = (y * 3 + x) as u8;
            image::Rgb([at, 100 + at, 200 + at])
        });
        let png = encoded(&image.into(), ImageFormat::Png);
        let planes: Vec<u8> = [0u8, 100, 200]
            .iter()
            .flat_map(|first| (0..6).map(move |i| first + i))
            .collect();
        assert_eq!(decoded(&png, None, 3).unwrap(), planes);
        let size = ImageSize {
            height: 1,
            width: 1,
        };
        let grey = DynamicImage::from(GrayImage::from_raw(2, 2, vec![0, 10, 20, 30]).unwrap());
        let png = encoded(&grey, ImageFormat::Png);
        assert_eq!(decoded(&png, Some(size), 1).unwrap(), [15]);
        assert_eq!(decoded(&png, None, 3).unwrap(), [0, 10, 20, 30].repeat(3));
        let jpeg = encoded(&grey, ImageFormat::Jpeg);
        assert_eq!(decoded(&jpeg, None, 1).unwrap().len(), 4);
    }

    /// Protects memory: a PNG that claims to be huge is refused from its header.
    #[test]
    fn a_bomb_is_refused() {
        let mut png = encoded(&GrayImage::new(1, 1).into(), ImageFormat::Png);
        // The header chunk: length, type, width, height, five more bytes, checksum.
        png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        let error = decoded(&png, None, 1).unwrap_err().to_string();
        assert!(
            error.contains("65536×65536 pixels") || error.contains("imit"),
            "{error}"
        );
    }

    /// Protects memory: one line of many pixels is not made as high as the result before it is made as narrow; and what
    /// a file of this length cannot hold is refused.
    #[test]
    fn a_long_line_stays_small() {
        let size = |height, width| ImageSize { height, width };
        assert_eq!(by_way((65_535, 1), size(224, 224)), Some([224, 1]));
        assert_eq!(by_way((4000, 3000), size(224, 224)), None);
        let line = encoded(
            &GrayImage::from_pixel(65_535, 1, image::Luma([7])).into(),
            ImageFormat::Png,
        );
        let pixels = decoded(&line, Some(size(224, 3)), 1).unwrap();
        assert_eq!(pixels, [7; 672]);
        let noise = GrayImage::from_fn(40, 40, |x, y| image::Luma([(x * y * 37) as u8]));
        let mut jpeg = encoded(&noise.into(), ImageFormat::Jpeg);
        let frame = jpeg
            .windows(2)
            .position(|mark| mark == [0xff, 0xc0])
            .unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x1f, 0x40, 0x1f, 0x40]);
        let error = decoded(&jpeg, None, 1).unwrap_err().to_string();
        assert!(error.contains("no file of its length can hold"), "{error}");
    }

    proptest! {
        /// Protects against panics: a damaged picture decodes to something or is an error that names the file.
        #[test]
        fn damaged_pictures_do_not_panic(
            is_png: bool,
            cut in 0.0..1.0,
            damage in prop::collection::vec((0.0..1.0, any::<u8>()), 0..6),
        ) {
            let image: DynamicImage = RgbImage::from_fn(19, 13, |x, y| image::Rgb([(x * y) as u8, x as u8, y as u8])).into();
            let format = if is_png { ImageFormat::Png } else { ImageFormat::Jpeg };
            let mut bytes = encoded(&image, format);
            for (at, byte) in damage {
                let at = (bytes.len() as f64 * at) as usize;
                bytes[at] = byte;
            }
            if cut < 0.5 {
                bytes.truncate((bytes.len() as f64 * cut * 2.0) as usize);
            }
            let small = ImageSize { height: 5, width: 4 };
            match decoded(&bytes, Some(small), 3) {
                Ok(planes) => prop_assert_eq!(planes.len(), 60),
                Err(error) => prop_assert!(error.to_string().contains(": ")),
            }
        }
    }
}
