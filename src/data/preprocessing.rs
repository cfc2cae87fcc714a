//! What is done to a data set's own numbers before the network sees them.

use serde::{Deserialize, Serialize};

use super::{Dataset, Features};
use crate::error::{Error, Result};

/// `(raw − center) · scale`, with a number of each for every channel of an image or feature of a
/// table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// What is taken off first.
    pub center: Vec<f64>,
    /// What the rest is multiplied by.
    pub scale: Vec<f64>,
}

/// By how much a table of bytes may stray from a line, as a share of its range.
const STRAIGHT: f64 = 1e-5;

impl Preprocessing {
    /// What loading did to a data set: bytes are scaled, and either kind may be standardised.
    ///
    /// # Errors
    /// Bytes whose meaning is no straight line.
    pub fn of(data: &Dataset) -> Result<Preprocessing> {
        match (&data.train.features, &data.standardization) {
            (Features::Bytes { table, .. }, _) => Preprocessing::of_table(table),
            (Features::Floats(_), Some(s)) => Ok(Preprocessing {
                center: s.mean.clone(),
                scale: s.std.iter().map(|std| 1.0 / std).collect(),
            }),
            (Features::Floats(_), None) => {
                let channels = data.shape.first().map_or(1, |&c| c as usize);
                Ok(Preprocessing {
                    center: vec![0.0; channels],
                    scale: vec![1.0; channels],
                })
            }
        }
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "a byte has 256 values, and so has each chunk"
    )]
    fn of_table(table: &[f32]) -> Result<Preprocessing> {
        let (mut center, mut scale) = (Vec::new(), Vec::new());
        for (channel, values) in table.chunks_exact(256).enumerate() {
            let value = |byte: usize| f64::from(values[byte]);
            let (first, range) = (value(0), value(255) - value(0));
            let straight = |byte: usize| (value(byte) - first - range * byte as f64 / 255.0).abs();
            if range == 0.0 || !(0..256).all(|b| straight(b) <= STRAIGHT * range.abs()) {
                return Err(Error::Usage(format!(
                    "--with-preprocessing: what bytes mean in channel {channel} is no straight \
                     line, so it cannot be a subtraction and a product; leave the flag out and \
                     prepare the input before the model"
                )));
            }
            // Without a center there is nothing to round.
            center.push(if first == 0.0 {
                0.0
            } else {
                -first * 255.0 / range
            });
            scale.push(range / 255.0);
        }
        Ok(Preprocessing { center, scale })
    }

    /// Whether it leaves every number as it is.
    pub fn is_identity(&self) -> bool {
        self.center.iter().all(|&c| c == 0.0) && self.scale.iter().all(|&s| s == 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Options, load};

    /// Pixels of the digits, plain and standardised, come out as loading makes them.
    #[test]
    fn bytes_come_out_as_their_table_has_them() {
        for standardize in [false, true] {
            let options = Options {
                standardize,
                ..Options::default()
            };
            let digits = load("digits", &options).unwrap();
            let p = Preprocessing::of(&digits).unwrap();
            let Features::Bytes { table, .. } = &digits.train.features else {
                panic!("digits are bytes")
            };
            for (byte, &want) in table.iter().enumerate() {
                let got = (byte as f64 - p.center[0]) * p.scale[0];
                let close = (got - f64::from(want)).abs() < 1e-5 * (1.0 + got.abs());
                assert!(close, "{byte}: {got} {want}");
            }
            assert_eq!(p.center[0] == 0.0, !standardize);
        }
        let bent: Vec<f32> = (0..256).map(|b| (b as f32).sqrt()).collect();
        let refused = Preprocessing::of_table(&bent).unwrap_err().to_string();
        assert!(refused.contains("channel 0"), "{refused}");
    }
}
