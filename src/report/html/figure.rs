//! Pictures inside the page: charts as SVG, samples as PNG.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::Picture;
use crate::report::chart::{Chart, thinned};

/// A chart, drawn for a wide window and for a phone.
#[derive(Serialize)]
pub(super) struct Figure {
    title: String,
    wide: String,
    narrow: String,
}

/// Points of a curve on a phone.
const FEW: usize = 500;

impl Figure {
    /// None if nothing can be drawn.
    pub(super) fn of(title: &str, chart: Option<Chart>) -> Option<Figure> {
        let mut chart = chart?;
        // The title stands above, and says what the axis measures.
        chart.y.clear();
        let wide = chart.svg(1000, 380).ok()?;
        for s in &mut chart.series {
            s.points = thinned(&s.points, FEW);
        }
        let narrow = chart.svg(420, 320).ok()?;
        Some(Figure {
            title: title.into(),
            wide,
            narrow,
        })
    }
}

/// A picture as a `data:` address; none if its pixels do not fit its sizes.
pub(super) fn data_uri(picture: &Picture) -> Option<String> {
    let &Picture {
        channels,
        height,
        width,
        ref pixels,
    } = picture;
    let plane = (width as usize).checked_mul(height as usize)?;
    if plane == 0 || channels == 0 || pixels.len() != plane.checked_mul(channels as usize)? {
        return None;
    }
    let mut file = Cursor::new(Vec::new());
    let written = if channels == 3 {
        let (red, rest) = pixels.split_at(plane);
        let (green, blue) = rest.split_at(plane);
        let colours = red.iter().zip(green).zip(blue);
        let interleaved = colours.flat_map(|((&r, &g), &b)| [r, g, b]).collect();
        image::RgbImage::from_raw(width, height, interleaved)?
            .write_to(&mut file, image::ImageFormat::Png)
    } else {
        image::GrayImage::from_raw(width, height, pixels.split_at(plane).0.to_vec())?
            .write_to(&mut file, image::ImageFormat::Png)
    };
    written.ok()?;
    let text = STANDARD.encode(file.into_inner());
    Some(format!("data:image/png;base64,{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(picture: &Picture) -> image::DynamicImage {
        let uri = data_uri(picture).unwrap();
        let text = uri.strip_prefix("data:image/png;base64,").unwrap();
        image::load_from_memory(&STANDARD.decode(text).unwrap()).unwrap()
    }

    /// Planes become pixels, none out of place.
    #[test]
    fn pictures_keep_their_pixels() {
        let picture = |channels: u32| Picture {
            channels,
            height: 2,
            width: 3,
            pixels: (0..channels as u8 * 6).map(|i| i * 10).collect(),
        };
        let grey = decoded(&picture(1)).to_luma8();
        assert_eq!((grey.dimensions(), grey.get_pixel(2, 1).0), ((3, 2), [50]));
        let colour = decoded(&picture(3)).to_rgb8();
        assert_eq!(colour.get_pixel(1, 1).0, [40, 100, 160]);
        assert_eq!(decoded(&picture(2)).to_luma8().get_pixel(0, 1).0, [30]);
        let mut short = picture(3);
        short.pixels.pop();
        assert_eq!(data_uri(&short), None);
    }
}
