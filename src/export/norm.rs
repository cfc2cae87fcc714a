//! Normalisations as ONNX's operators.

use super::graph::{Graph, float, int};
use crate::model::BatchNorm;

impl Graph {
    /// By the running statistics. Without a weight and a bias, those are 1 and 0.
    pub(super) fn batch_norm(
        &mut self,
        name: &str,
        norm: &BatchNorm,
        names: &[&str],
        shape: &[u32],
    ) {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let mut inputs = names.to_vec();
        if !norm.affine {
            let channels = shape.first().copied().unwrap_or(1);
            for (constant, value) in [(&weight, 1.0), (&bias, 0.0)] {
                let values = vec![value; channels as usize];
                self.constant(constant, vec![channels.into()], &values);
            }
            inputs = [&[weight.as_str(), bias.as_str()], names].concat();
        }
        let attributes = vec![float("epsilon", norm.eps)];
        self.node(name, "BatchNormalization", &inputs, attributes);
    }

    pub(super) fn layer_norm(
        &mut self,
        name: &str,
        (last, eps, affine): (&[u32], f32, bool),
        names: &[&str],
        shape: &[u32],
    ) {
        let dims = last.len().max(1);
        let sizes = shape.get(shape.len() - dims..).unwrap_or_default();
        let weight = format!("{name}.weight");
        let mut inputs = names.to_vec();
        if !affine {
            let ones = vec![1.0; sizes.iter().product::<u32>() as usize];
            let sizes = sizes.iter().map(|&n| n.into()).collect();
            self.constant(&weight, sizes, &ones);
            inputs.push(&weight);
        }
        let attributes = vec![int("axis", -(dims as i64)), float("epsilon", eps)];
        self.node(name, "LayerNormalization", &inputs, attributes);
    }

    /// This version of ONNX has no operator for groups: each is an instance's channel on the way.
    pub(super) fn group_norm(
        &mut self,
        name: &str,
        (groups, eps): (u32, f32),
        names: &[&str],
        shape: &[u32],
    ) {
        let [ones, zeros] = [1.0, 0.0].map(|value| vec![value; groups as usize]);
        let [scale, shift] = ["scale", "shift"].map(|part| format!("{name}.{part}"));
        self.constant(&scale, vec![groups.into()], &ones);
        self.constant(&shift, vec![groups.into()], &zeros);
        self.reshape(&format!("{name}.groups"), &[0, groups.into(), -1]);
        let instances = format!("{name}.instances");
        let attributes = vec![float("epsilon", eps)];
        self.node(
            &instances,
            "InstanceNormalization",
            &[&scale, &shift],
            attributes,
        );
        let sizes = shape.iter().map(|&n| i64::from(n));
        let whole: Vec<i64> = std::iter::once(-1).chain(sizes).collect();
        let normal = match names.is_empty() {
            true => name.to_string(),
            false => format!("{name}.normal"),
        };
        self.reshape(&normal, &whole);
        // Weights and biases of channels, beside the pixels of each.
        let channels = shape.first().map_or(1, |&n| i64::from(n));
        let pixels = std::iter::repeat_n(1, shape.len() - 1);
        let broadcast: Vec<i64> = std::iter::once(channels).chain(pixels).collect();
        for (op, parameter) in ["Mul", "Add"].into_iter().zip(names) {
            let value = self.value.clone();
            self.value = parameter.to_string();
            let seen = format!("{parameter}.broadcast");
            self.reshape(&seen, &broadcast);
            self.value = value;
            let output = match op {
                "Mul" => format!("{name}.weighted"),
                _ => name.to_string(),
            };
            self.node(&output, op, &[&format!("{seen}.output")], Vec::new());
        }
    }
}
