// sum[c] = Σ_{n,p} dy[n,c,p]: one workgroup a channel; each lane sums every 64th element, then
// the lanes' sums are added in a fixed tree.

struct Dims { rows: u32, channels: u32, plane: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sum: array<f32>;

const LANES: u32 = 64u;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let channel = group_index(group, groups);
    if channel >= dims.channels { return; }
    let elements = dims.rows * dims.plane;
    var s = 0.0;
    for (var i = lane; i < elements; i += LANES) {
        s += dy[((i / dims.plane) * dims.channels + channel) * dims.plane + i % dims.plane];
    }
    sums[lane] = s;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    if lane == 0u { sum[channel] = sums[0]; }
}
