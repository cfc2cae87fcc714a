// part[g] = (Σ grad², count of elements that are not finite) over every parts-th run of 256
// elements, in a fixed order.

struct Dims { n: u32, parts: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> part: array<f32>;

const LANES: u32 = 64u;

var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let g = group_index(group, groups);
    if g >= dims.parts { return; }
    var norm = Norm();
    for (var i = g * LANES + lane; i < dims.n / 4u; i += LANES * dims.parts) {
        norm = plus(norm, grad[i]);
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
