// grad_stats.wgsl by 64-bit words, eight elements a load: what software drivers like.

struct Dims { n: u32, parts: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> grad: array<vec4<u64>>;
@group(0) @binding(2) var<storage, read_write> part: array<f32>;

const LANES: u32 = 32u;

var<workgroup> sums: array<vec2<f32>, 32>;

@compute @workgroup_size(32)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let g = group_index(group, groups);
    if g >= dims.parts { return; }
    var norm = Norm();
    for (var i = g * LANES + lane; i < dims.n / 8u; i += LANES * dims.parts) {
        let x = grad[i];
        norm = plus(plus(norm, four(x.xy)), four(x.zw));
    }
    sums[lane] = total(norm);
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    if lane == 0u {
        part[2u * g] = sums[0].x;
        part[2u * g + 1u] = sums[0].y;
    }
}
