//! Weights as safetensors with PyTorch's `state_dict` names and layouts: they move both ways.

#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::expect_used, clippy::indexing_slicing))]

use std::{borrow::Cow, fs, io::Read, path::Path};

use safetensors::{Dtype, SafeTensors, View};

use crate::{
    error::{Error, Result},
    files::write_atomically,
    model::{Kind, Param, numbers},
};

/// The most that a header may add to the tensors' own bytes.
const HEADER: u64 = 16 << 20;

/// Batches that are counted: beyond that an f32 stands still.
const MOST_COUNTED: i64 = 1 << 24;

struct Tensor<'a> {
    shape: Vec<usize>,
    data: &'a [f32],
    dtype: Dtype,
}

/// The type of an entry: torch counts in whole numbers.
fn dtype(param: &Param) -> Dtype {
    match param.kind {
        Kind::Trained | Kind::Buffer => Dtype::F32,
        Kind::Counter => Dtype::I64,
    }
}

impl View for &Tensor<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        if self.dtype == Dtype::I64 {
            let counts = self.data.iter().map(|&count| count as i64);
            return counts.flat_map(i64::to_le_bytes).collect::<Vec<_>>().into();
        }
        // safetensors is little-endian; bytes are copied only where the host is not.
        match cfg!(target_endian = "little") {
            true => bytemuck::cast_slice(self.data).into(),
            false => self
                .data
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<_>>()
                .into(),
        }
    }

    fn data_len(&self) -> usize {
        self.data.len() * self.dtype.bitsize() / 8
    }
}

/// Writes `values` under the names and shapes of `params`: to a temporary file beside `path`,
/// synced, then renamed, so that a reader sees the old file or the new one.
///
/// # Errors
/// If the directory cannot be written.
pub fn save(path: &Path, params: &[&Param], values: &[impl AsRef<[f32]>]) -> Result<()> {
    write_atomically(path, &serialize(params, values)?)
}

/// The bytes of such a file.
///
/// # Errors
/// If a name cannot be written.
pub fn serialize(params: &[&Param], values: &[impl AsRef<[f32]>]) -> Result<Vec<u8>> {
    let tensors: Vec<(&str, Tensor)> = params
        .iter()
        .zip(values)
        .map(|(p, data)| {
            let shape = p.shape.iter().map(|&d| d as usize).collect();
            let data = data.as_ref();
            let dtype = dtype(p);
            (p.name.as_str(), Tensor { shape, data, dtype })
        })
        .collect();
    let views = tensors.iter().map(|(name, t)| (*name, t));
    safetensors::serialize(views, None)
        .map_err(|e| Error::Model(format!("the weights do not serialise: {e}")))
}

/// Reads the values of `params`, in their order.
///
/// # Errors
/// A file that is no safetensors, is far larger than the model, or whose names, shapes or types
/// do not match: all mismatches are listed.
pub fn load(path: &Path, params: &[&Param]) -> Result<Vec<Vec<f32>>> {
    let size = |p: &&Param| numbers(&p.shape).saturating_mul(dtype(p).bitsize() as u64 / 8);
    let sizes = params.iter().map(size);
    let expected = sizes.fold(0, u64::saturating_add);
    let found = fs::metadata(path).map_err(Error::io(path))?;
    if !found.is_file() {
        return Err(Error::file(
            path,
            "is not a file; expected weights as safetensors",
        ));
    }
    let (size, most) = (found.len(), expected.saturating_add(HEADER));
    if size > most {
        return Err(Error::file(
            path,
            format!(
                "has {size} bytes, but the model's weights need {expected}: it belongs to another model"
            ),
        ));
    }
    let file = fs::File::open(path).map_err(Error::io(path))?;
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(Error::io(path))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| {
        let save = "in Python, safetensors.torch.save_file(model.state_dict(), FILE) writes one";
        Error::file(
            path,
            format!("is not a complete safetensors file ({e}); {save}"),
        )
    })?;
    let wrong = mismatches(&file, params);
    if !wrong.is_empty() {
        let message = format!("does not fit the model:\n  {}", wrong.join("\n  "));
        return Err(Error::file(path, message));
    }
    params.iter().map(|p| values(path, &file, p)).collect()
}

/// The numbers of one parameter.
fn values(path: &Path, file: &SafeTensors, param: &Param) -> Result<Vec<f32>> {
    let tensor = file
        .tensor(&param.name)
        .map_err(|e| Error::file(path, e.to_string()))?;
    let floats: Vec<f32> = match param.kind {
        Kind::Counter => {
            let (counts, _) = tensor.data().as_chunks();
            let count = |&b: &[u8; 8]| i64::from_le_bytes(b).clamp(0, MOST_COUNTED) as f32;
            counts.iter().map(count).collect()
        }
        Kind::Trained | Kind::Buffer => {
            let (words, _) = tensor.data().as_chunks();
            words.iter().map(|&b| f32::from_le_bytes(b)).collect()
        }
    };
    match floats.iter().find(|v| !v.is_finite()) {
        Some(bad) => Err(Error::file(
            path,
            format!(
                "{} holds {bad}: training cannot start from that",
                param.name
            ),
        )),
        None => Ok(floats),
    }
}

/// What keeps a file from being the model's weights, one line each.
fn mismatches(file: &SafeTensors, params: &[&Param]) -> Vec<String> {
    let mut wrong = Vec::new();
    for p in params {
        let want: Vec<usize> = p.shape.iter().map(|&d| d as usize).collect();
        match file.tensor(&p.name) {
            Err(_) => wrong.push(format!("{} {want:?} is missing", p.name)),
            Ok(t) if t.shape() != want => {
                wrong.push(format!(
                    "{} is {:?}, the model's is {want:?}",
                    p.name,
                    t.shape()
                ));
            }
            Ok(t) if t.dtype() != dtype(p) => {
                let remedy = match dtype(p) {
                    Dtype::F32 => " (in Python, model.float())",
                    _ => "",
                };
                wrong.push(format!(
                    "{} is of type {:?}, expected {:?}{remedy}",
                    p.name,
                    t.dtype(),
                    dtype(p)
                ));
            }
            Ok(_) => {}
        }
    }
    let mut extra: Vec<&str> = file.names().into_iter().collect();
    extra.retain(|name| params.iter().all(|p| p.name != *name));
    extra.sort_unstable();
    wrong.extend(
        extra
            .iter()
            .map(|name| format!("{name} is not in the model")),
    );
    wrong
}
