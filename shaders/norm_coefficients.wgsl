// What the gradient of a normalisation's input is made of, four numbers a group: (scale, mean, Σ dy / m,
// Σ dy · x̂ / (m √(variance + ε))), with scale = weight / √(variance + ε).

struct Dims { groups: u32, elements: u32, shift: u32, weighted: u32, eps: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> stat: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;
@group(0) @binding(4) var<storage, read_write> coefficients: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let g = group_index(group, groups) * 64u + lane;
    if g >= dims.groups { return; }
    let scale = 1.0 / sqrt(stat[dims.groups + g] + dims.eps);
    var weight = 1.0;
    if dims.weighted != 0u { weight = affine[g]; }
    let m = f32(dims.elements);
    coefficients[g] = vec4<f32>(weight * scale, stat[g], sums[dims.shift + g] / m, scale * sums[g] / m);
}
