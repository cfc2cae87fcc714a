// sums = (Σ dy · x̂ of every channel, and from `shift` on Σ dy), with x̂ = (x − mean) / √(variance + ε) of
// the element's group: a workgroup a channel, in a fixed tree. The gradients of weight and bias, and what
// the gradient of the input needs of its group.

struct Dims { rows: u32, channels: u32, plane: u32, size: u32, groups: u32, shift: u32, eps: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> stat: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

var<workgroup> partial: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let channel = group_index(group, groups);
    if channel >= dims.channels { return; }
    let elements = dims.rows * dims.plane;
    var sum = vec2<f32>();
    for (var e = lane; e < elements; e += LANES) {
        let row = divide(e, dims.plane);
        let i = (row * dims.channels + channel) * dims.plane + e - row * dims.plane;
        let g = group_of(i);
        let normal = (x[i] - stat[g]) / sqrt(stat[dims.groups + g] + dims.eps);
        sum += vec2<f32>(dy[i] * normal, dy[i]);
    }
    partial[lane] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    if lane == 0u {
        sums[channel] = partial[0].x;
        sums[dims.shift + channel] = partial[0].y;
    }
}
