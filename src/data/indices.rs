//! Features that are indices into a table: whole numbers from 0 on.

use super::{Dataset, Error, Features, Shape, dataset::width};

impl Dataset {
    /// Refuses features that are no indices into a table of so many rows.
    ///
    /// # Errors
    /// Names the first sample and feature that is none.
    pub fn check_indices(&self, rows: u32) -> Result<(), Error> {
        let splits = [
            (Some(&self.train), "training"),
            (self.val.as_ref(), "validation"),
            (self.test.as_ref(), "test"),
        ];
        for (split, name) in splits {
            if let Some(split) = split {
                split.features.check_indices(&self.shape, rows, name)?;
            }
        }
        Ok(())
    }
}

impl Features {
    /// The same for samples of this shape; `split` says which they are.
    pub(crate) fn check_indices(
        &self,
        shape: &Shape,
        rows: u32,
        split: &'static str,
    ) -> Result<(), Error> {
        let good = |value: f32| value >= 0.0 && value < rows as f32 && value.fract() == 0.0;
        let width = width(shape).max(1);
        let bad = match self {
            Features::Floats(values) => {
                let at = values.iter().position(|&v| !good(v));
                at.and_then(|at| Some((at, *values.get(at)?)))
            }
            Features::Bytes { data, table } => {
                // A channel's values follow each other.
                let channels = shape.first().map_or(1, |&c| c as usize).max(1);
                let plane = (width / channels).max(1);
                let means = |(at, &byte): (usize, &u8)| {
                    let channel = at / plane % channels;
                    let value = table.get(channel * 256 + usize::from(byte)).copied();
                    (at, value.unwrap_or(f32::NAN))
                };
                data.iter().enumerate().map(means).find(|&(_, v)| !good(v))
            }
        };
        match bad {
            None => Ok(()),
            Some((at, value)) => Err(Error::Index {
                split,
                sample: at / width,
                feature: at % width,
                value,
                rows,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects tables from being asked for rows that they do not have, by numbers and by bytes.
    #[test]
    fn only_rows_of_the_table_are_indices() {
        let shape = vec![2];
        let said = |features: &Features, rows| match features.check_indices(&shape, rows, "test") {
            Ok(()) => String::new(),
            Err(e) => e.to_string(),
        };
        let floats = |last: f32| Features::Floats(vec![0.0, 2.0, 1.0, last]);
        assert_eq!(said(&floats(2.0), 3), "");
        for bad in [3.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
            let e = said(&floats(bad), 3);
            assert!(
                e.contains("test sample 1 (counted from 0), feature 1"),
                "{bad}: {e}"
            );
            assert!(e.contains("from 0 to 2"), "{e}");
        }
        let table = (0..512).map(|i| (i % 256) as f32).collect();
        let bytes = Features::Bytes {
            data: vec![0, 4, 2, 3].into(),
            table,
        };
        assert_eq!(said(&bytes, 5), "");
        assert!(said(&bytes, 4).contains("sample 0"), "{}", said(&bytes, 4));
    }
}
