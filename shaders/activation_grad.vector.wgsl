// activation_grad.wgsl by vectors. Every invocation takes as many as it must.

struct Dims { n: u32, function: u32, alpha: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = group_index(group, groups) * 64u + lane;
    let stride = groups.x * groups.y * 64u;
    for (var i = first; i < dims.n / 4u; i += stride) {
        let v = x[i];
        dx[i] = vec4<f32>(slope(v.x), slope(v.y), slope(v.z), slope(v.w)) * dy[i];
    }
}
