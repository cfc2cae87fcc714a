// y = x · scale where the element is kept, else 0: a hash of the batch's key, the layer and the element
// decides, in integers, so that every device drops the same ones and the way back asks once more. The mask
// if the result is the gradient of a ReLU's output e.

struct Dims { n: u32, layer: u32, threshold: u32, scale: f32, mask: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    if i >= dims.n { return; }
    let draw = pcg(pcg(pcg(i + hyper.dropout_key0) ^ hyper.dropout_key1) + dims.layer * 0x9e3779b9u);
    var v = select(0.0, x[i] * dims.scale, (draw >> 1u) >= dims.threshold);
    if dims.mask != 0u { v = masked(e[i], v); }
    y[i] = v;
}
