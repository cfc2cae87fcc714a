//! A split's samples on the device: where they lie, how batches are picked from them, how the host
//! writes them.

use super::Augment;
use crate::{
    data::{Dataset, Features, Split, Targets},
    error::{Error, Result},
    exec::Executor,
    ops::{self, augment_bytes},
    plan::Slice,
    record::{Recorder, Tensor},
};

/// Where a split lies on the device.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    pub(super) features: Tensor,
    pub(super) table: Option<Tensor>,
    /// How pictures are changed, the batch still open.
    pub(super) augment: Option<augment_bytes::Dims>,
    pub(super) targets: Tensor,
}

/// What the kernel that changes pictures needs, if this data are images that it can change.
fn augmented(augment: &Augment, data: &Dataset) -> Result<augment_bytes::Dims> {
    match (&data.shape[..], &data.train.features) {
        (&[channels, h, w], Features::Bytes { .. }) => Ok(augment.dims([channels, h, w])),
        _ => Err(Error::Usage(format!(
            "--augment changes images, and {} holds none",
            data.name
        ))),
    }
}

impl Inputs {
    pub(super) fn declare(
        r: &mut Recorder,
        name: &str,
        data: &Dataset,
        split: &Split,
        augment: Option<&Augment>,
        loss: &super::Loss,
    ) -> Result<Inputs> {
        let augment = augment
            .map(|augment| augmented(augment, data))
            .transpose()?;
        let words =
            |words: usize| {
                u32::try_from(words).ok().filter(|&w| w <= 1 << 30).ok_or_else(|| {
                Error::Usage(format!(
                    "the {name} split is larger than 4 GiB, which no buffer holds; use --limit"
                ))
            })
            };
        let samples = split.len as u32;
        let (features, table) = match &split.features {
            Features::Bytes { data, table } => {
                let table = match augment {
                    Some(dims) => vec![table.len() as u32 + dims.sizes],
                    None => vec![table.len() as u32 / 256, 256],
                };
                let packed = words(data.len().div_ceil(4))?;
                let features = r.input(&format!("{name}.bytes"), &[packed]);
                (features, Some(r.input(&format!("{name}.table"), &table)))
            }
            Features::Floats(data) => {
                let cols = words(data.len())? / samples;
                (r.input(&format!("{name}.features"), &[samples, cols]), None)
            }
        };
        let width = match &split.targets {
            Targets::Classes(_) => 1,
            Targets::Values { width, .. } => *width,
        };
        // The classes' weights lie behind their labels.
        let behind = loss.class_weights().len() as u32;
        let targets = r.input(&format!("{name}.targets"), &[samples * width + behind]);
        Ok(Inputs {
            features,
            table,
            augment,
            targets,
        })
    }

    /// Picks a batch of features, shaped `[rows, …]`.
    pub(super) fn batch(
        &self,
        r: &mut Recorder,
        order: Tensor,
        shape: &[u32],
        rows: u32,
    ) -> Tensor {
        match (self.table, self.augment) {
            (Some(table), Some(dims)) => {
                let dims = augment_bytes::Dims { rows, ..dims };
                r.augment_bytes(order, self.features, table, dims)
            }
            (Some(table), None) => r.gather_bytes(order, self.features, table, shape, rows),
            (None, _) => {
                let x = r.gather(order, self.features, rows);
                x.view(&[&[rows], shape].concat())
            }
        }
    }

    pub(super) fn load(&self, exec: &mut dyn Executor, split: &Split) -> Result<()> {
        match &split.features {
            Features::Bytes { data, table } => {
                exec.share(self.features.at, data.words())?;
                let at = self.table.expect("bytes have a table").at;
                let len = table.len() as u32;
                exec.write(Slice { len, ..at }, table)?;
            }
            Features::Floats(data) => exec.write(self.features.at, data)?,
        }
        Ok(())
    }

    /// Writes the classes' weights, if they have any, behind their labels.
    pub(super) fn load_weights(&self, exec: &mut dyn Executor, weights: &[f32]) -> Result<()> {
        let len = weights.len() as u32;
        let offset = self.targets.at.len - len;
        let behind = Slice {
            offset,
            len,
            ..self.targets.at
        };
        match weights.is_empty() {
            true => Ok(()),
            false => exec.write(behind, weights),
        }
    }

    /// Writes the targets in the order in which samples are picked, so that no step has to.
    pub(super) fn load_targets(
        &self,
        exec: &mut dyn Executor,
        targets: &Targets,
        order: &[u32],
    ) -> Result<()> {
        let order = order.iter().map(|&i| i as usize);
        match targets {
            Targets::Classes(labels) => {
                let labels: Vec<u32> = order.map(|i| labels[i]).collect();
                let len = labels.len() as u32;
                let at = Slice {
                    len,
                    ..self.targets.at
                };
                exec.write(at, ops::as_words(&labels))
            }
            Targets::Values { data, width } => {
                let width = *width as usize;
                let rows = order.flat_map(|i| &data[i * width..][..width]);
                exec.write(self.targets.at, &rows.copied().collect::<Vec<_>>())
            }
        }
    }
}
