// stat = (mean of every channel, then its biased variance): a workgroup a channel. Twice over the
// channel, as a difference of squares would cancel; both sums in a fixed tree.

struct Dims { rows: u32, channels: u32, plane: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> stat: array<f32>;

var<workgroup> sums: array<f32, LANES>;

// The lanes' sums as one; every lane gets it.
fn join(lane: u32, sum: f32) -> f32 {
    sums[lane] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    workgroupBarrier();
    let all = sums[0];
    workgroupBarrier();
    return all;
}

fn at(i: u32, channel: u32) -> u32 {
    let row = divide(i, dims.plane);
    return (row * dims.channels + channel) * dims.plane + i - row * dims.plane;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let channel = group_index(group, groups);
    if channel >= dims.channels { return; }
    let elements = dims.rows * dims.plane;
    var sum = 0.0;
    for (var i = lane; i < elements; i += LANES) { sum += x[at(i, channel)]; }
    let mean = join(lane, sum) / f32(elements);
    var squares = 0.0;
    for (var i = lane; i < elements; i += LANES) {
        let off = x[at(i, channel)] - mean;
        squares += off * off;
    }
    let variance = join(lane, squares) / f32(elements);
    if lane == 0u {
        stat[channel] = mean;
        stat[dims.channels + channel] = variance;
    }
}
