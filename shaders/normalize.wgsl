// y = (x − mean) / √(variance + ε) · weight + bias, with the mean and the variance of x's group, and the
// ReLU if there is one.

struct Dims { n: u32, size: u32, groups: u32, plane: u32, channels: u32, shift: u32, eps: f32, relu: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> stat: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    if i >= dims.n { return; }
    let g = group_of(i);
    var v = (x[i] - stat[g]) / sqrt(stat[dims.groups + g] + dims.eps);
    if dims.shift > 0u {
        let run = divide(i, dims.plane);
        let channel = run - divide(run, dims.channels) * dims.channels;
        v = v * affine[channel] + affine[dims.shift + channel];
    }
    if dims.relu != 0u { v = relu(v); }
    y[i] = v;
}
