//! Standardising: each channel of an image, or each feature of a table, to mean 0 and standard deviation 1.

#![allow(
    clippy::indexing_slicing,
    reason = "statistics are checked to have a number for every channel; an index is taken modulo the channels"
)]

use super::{
    Error,
    dataset::{Features, Split, Standardization, width},
};

/// The statistics of each channel (each feature, for tables) over a split, and how many of them never vary.
pub(super) fn fit(split: &Split, shape: &[u32]) -> (Standardization, usize) {
    let channels = Channels::of(shape);
    // Constant features have exactly their value as mean: a sum of n equal f32 is exact in f64 up to n = 2^29.
    let n = (split.len * channels.plane) as f64;
    let sum = |term: &dyn Fn(usize, f64) -> f64| channels.sums(&split.features, term);
    let mean: Vec<f64> = sum(&|_, value| value)
        .into_iter()
        .map(|sum| sum / n)
        .collect();
    let variance = sum(&|channel, value| (value - mean[channel]).powi(2))
        .into_iter()
        .map(|sum| sum / n);
    let std: Vec<f64> = variance.map(f64::sqrt).collect();
    let constant = std.iter().filter(|&&std| std == 0.0).count();
    let std = std
        .into_iter()
        .map(|std| if std == 0.0 { 1.0 } else { std })
        .collect();
    (Standardization { mean, std }, constant)
}

/// Standardises features by given statistics: bytes through their table, floats one by one.
///
/// # Errors
/// A float that leaves the range of f32, which only a sample far from those that were fitted can; `name` is its split.
pub(super) fn apply(
    statistics: &Standardization,
    features: &mut Features,
    shape: &[u32],
    name: &'static str,
) -> Result<(), Error> {
    let standard = |channel: usize, value: f32| {
        ((f64::from(value) - statistics.mean[channel]) / statistics.std[channel]) as f32
    };
    match features {
        Features::Bytes { table, .. } => {
            for (index, value) in table.iter_mut().enumerate() {
                *value = standard(index / 256, *value);
            }
        }
        Features::Floats(data) => {
            let (channels, width) = (Channels::of(shape), width(shape));
            for (index, value) in data.iter_mut().enumerate() {
                let feature = channels.of_value(index);
                let standardised = standard(feature, *value);
                if !standardised.is_finite() {
                    let (mean, std) = (statistics.mean[feature], statistics.std[feature]);
                    return Err(Error::Overflow {
                        split: name,
                        sample: index / width,
                        feature,
                        value: *value,
                        mean,
                        std,
                    });
                }
                *value = standardised;
            }
        }
    }
    Ok(())
}

impl Standardization {
    /// Standardises features of samples of this shape as those were that the statistics were taken of: to the same bits.
    /// Bytes keep their values, and their table changes.
    ///
    /// # Errors
    /// Statistics for another number of channels or features, or that are no statistics, and a value that leaves the
    /// range of f32.
    pub fn apply(&self, features: &mut Features, shape: &[u32]) -> Result<(), Error> {
        self.check(shape)?;
        apply(self, features, shape, "given")
    }

    /// Refuses statistics that do not belong to samples of this shape. They come from a file, so nothing is believed.
    pub(super) fn check(&self, shape: &[u32]) -> Result<(), Error> {
        let channels = shape.first().map_or(1, |&channels| channels as usize);
        let problem = if (self.mean.len(), self.std.len()) != (channels, channels) {
            format!(
                "they have {} means and {} deviations, but the samples are of shape {shape:?}; expected {channels} of \
                 each, so use the data or the statistics of the same model",
                self.mean.len(),
                self.std.len()
            )
        } else if !self.mean.iter().all(|mean| mean.is_finite()) {
            "a mean is no finite number; expected the statistics as training wrote them".to_owned()
        } else if !self.std.iter().all(|std| std.is_finite() && *std > 0.0) {
            "a deviation is no number above 0; expected the statistics as training wrote them"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Error::Standardization { problem })
    }
}

/// How the values of a sample belong to channels: `[C, H, W]` has planes of H·W values, `[F]` of one.
struct Channels {
    count: usize,
    plane: usize,
}

impl Channels {
    fn of(shape: &[u32]) -> Self {
        match shape {
            [] => Self { count: 1, plane: 1 },
            [channels, plane @ ..] => Self {
                count: *channels as usize,
                plane: width(plane),
            },
        }
    }

    /// The channel of the value at this index of a split.
    fn of_value(&self, index: usize) -> usize {
        index / self.plane % self.count
    }

    /// For each channel the sum of `term(channel, value)` over all its values.
    fn sums(&self, features: &Features, term: &dyn Fn(usize, f64) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        match features {
            Features::Bytes { data, table } => {
                // Counting first makes it 256 terms a channel instead of one a pixel.
                let mut counts = vec![0u64; self.count * 256];
                for (plane, bytes) in data.chunks_exact(self.plane).enumerate() {
                    for &byte in bytes {
                        counts[plane % self.count * 256 + usize::from(byte)] += 1;
                    }
                }
                for (index, (&count, &value)) in counts.iter().zip(table).enumerate() {
                    sums[index / 256] += count as f64 * term(index / 256, f64::from(value));
                }
            }
            Features::Floats(data) => {
                for (plane, values) in data.chunks_exact(self.plane).enumerate() {
                    let channel = plane % self.count;
                    sums[channel] += values
                        .iter()
                        .map(|&value| term(channel, f64::from(value)))
                        .sum::<f64>();
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Names, dataset::Targets};

    fn split(features: Features, len: usize) -> Split {
        Split {
            features,
            targets: Targets::Classes(vec![0; len]),
            len,
            names: Names::None,
        }
    }

    proptest! {
        /// Protects the law that names it: afterwards every feature has mean 0 and standard deviation 1, or is 0
        /// throughout if it never varied, however large it was.
        #[test]
        fn every_feature_ends_at_mean_0_and_std_1(
            rows in prop::collection::vec(prop::array::uniform3(-1e3f32..1e3), 2..60),
            offset in -1e4f32..1e4,
            constant in -1e30f32..1e30,
        ) {
            prop_assume!(rows.windows(2).any(|w| (w[0][0] - w[1][0]).abs() > 1.0));
            let data = rows.iter().flat_map(|row| [row[0], row[1] + offset, constant]).collect();
            let mut split = split(Features::Floats(data), rows.len());
            let (statistics, constants) = fit(&split, &[3]);
            prop_assert!(constants >= 1);
            prop_assert_eq!(statistics.std[2], 1.0);
            apply(&statistics, &mut split.features, &[3], "training").unwrap();
            let (after, _) = fit(&split, &[3]);
            prop_assert!(after.mean[0].abs() < 1e-5 && (after.std[0] - 1.0).abs() < 1e-5, "{:?}", after);
            let Features::Floats(data) = &split.features else { unreachable!() };
            prop_assert!(data.chunks(3).all(|row| row[2] == 0.0));
        }

        /// Protects the fold into the table: bytes standardise as the same values written out as floats do.
        #[test]
        fn bytes_and_floats_agree(data in prop::collection::vec(any::<u8>(), 12 * 4)) {
            let table: Vec<f32> = (0..3 * 256).map(|i| (i % 256) as f32 / (i / 256 + 7) as f32).collect();
            let decode = |data: &[u8], table: &[f32]| -> Vec<f32> {
                data.iter().enumerate().map(|(i, &byte)| table[i / 4 % 3 * 256 + usize::from(byte)]).collect()
            };
            let mut floats = split(Features::Floats(decode(&data, &table)), 4);
            let mut bytes = split(Features::Bytes { data: data.clone().into(), table }, 4);
            for split in [&mut floats, &mut bytes] {
                let (statistics, _) = fit(split, &[3, 2, 2]);
                apply(&statistics, &mut split.features, &[3, 2, 2], "training").unwrap();
            }
            let (Features::Floats(floats), Features::Bytes { table, .. }) = (floats.features, bytes.features) else {
                unreachable!()
            };
            for (float, byte) in floats.into_iter().zip(decode(&data, &table)) {
                prop_assert!((float - byte).abs() < 1e-5, "{float} {byte}");
            }
        }
    }
}
