//! The reference values of `tests/golden`, each pair of files read once.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// `tests/golden/NAME.json` and `tests/golden/NAME.safetensors`.
pub struct Golden {
    name: &'static str,
    /// The JSON file.
    pub json: Value,
    tensors: SafeTensors<'static>,
}

/// A file of the folder.
pub fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file)
}

/// The pair of files called `name`.
pub fn open(name: &'static str) -> &'static Golden {
    static OPEN: OnceLock<Mutex<HashMap<&str, &'static Golden>>> = OnceLock::new();
    let mut open = OPEN.get_or_init(Default::default).lock().unwrap();
    open.entry(name)
        .or_insert_with(|| Box::leak(Box::new(load(name))))
}

fn load(name: &'static str) -> Golden {
    let read = |extension: &str| {
        let path = path(&format!("{name}.{extension}"));
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let json = serde_json::from_slice(&read("json")).expect("golden JSON is valid");
    let bytes: &'static [u8] = read("safetensors").leak();
    let tensors = SafeTensors::deserialize(bytes).expect("golden tensors are valid");
    Golden {
        name,
        json,
        tensors,
    }
}

impl Golden {
    /// The `cases` of the JSON file.
    pub fn cases(&self) -> &[Value] {
        self.json["cases"].as_array().expect("it has cases")
    }

    /// True if there is such a tensor.
    pub fn has(&self, tensor: &str) -> bool {
        self.tensors.tensor(tensor).is_ok()
    }

    /// A tensor's dimensions.
    pub fn shape(&self, tensor: &str) -> Vec<u32> {
        let view = self.view(tensor);
        view.shape().iter().map(|&d| d as u32).collect()
    }

    /// A tensor of floats.
    pub fn floats(&self, tensor: &str) -> Vec<f32> {
        assert_eq!(self.view(tensor).dtype(), Dtype::F32, "{tensor}");
        bytemuck::pod_collect_to_vec(self.view(tensor).data())
    }

    /// A tensor of integers, none of them negative.
    pub fn integers(&self, tensor: &str) -> Vec<u32> {
        assert_eq!(self.view(tensor).dtype(), Dtype::I32, "{tensor}");
        let integers: Vec<i32> = bytemuck::pod_collect_to_vec(self.view(tensor).data());
        let index = |i: i32| u32::try_from(i).expect("an index");
        integers.into_iter().map(index).collect()
    }

    fn view(&self, tensor: &str) -> safetensors::tensor::TensorView<'static> {
        let view = self.tensors.tensor(tensor);
        view.unwrap_or_else(|e| panic!("{}: {tensor}: {e}", self.name))
    }
}

/// A number of a JSON file; what is not finite is written as text.
pub fn number(value: &Value) -> f64 {
    let text = || value.as_str().and_then(|s| s.parse().ok());
    value
        .as_f64()
        .or_else(text)
        .unwrap_or_else(|| panic!("{value} is no number"))
}
