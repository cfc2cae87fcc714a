// The gradient of a normalisation's input: dx = scale · (dy − Σ dy / m − (x − mean) · k), with the four
// numbers that norm_coefficients has made of the element's group, and the mask if x is a ReLU's output.

struct Dims { n: u32, size: u32, groups: u32, mask: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    if i >= dims.n { return; }
    let k = coefficients[group_of(i)];
    var v = k.x * ((dy[i] - k.z) - (x[i] - k.y) * k.w);
    if dims.mask != 0u { v = masked(x[i], v); }
    dx[i] = v;
}
