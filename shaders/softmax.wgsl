// Softmax of every row, or its logarithm, a workgroup for every row: each lane takes every 64th number,
// then the lanes' results are joined in a fixed tree. The largest number is subtracted first.

struct Dims { rows: u32, cols: u32, log: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const LANES: u32 = 64u;

var<workgroup> tops: array<f32, LANES>;
// Σ exp(x − top) and Σ (top − x).
var<workgroup> sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups);
    if r >= dims.rows { return; }
    let start = r * dims.cols;
    var most = x[start];
    for (var c = lane; c < dims.cols; c += LANES) { most = max(most, x[start + c]); }
    tops[lane] = most;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { tops[lane] = max(tops[lane], tops[lane + half]); }
    }
    workgroupBarrier();
    let top = tops[0];

    var sum = vec2<f32>();
    for (var c = lane; c < dims.cols; c += LANES) {
        let v = x[start + c];
        sum += vec2<f32>(exp(v - top), top - v);
    }
    sums[lane] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    workgroupBarrier();
    // Not every driver's `exp` and `log` hand on a NaN, which the other sum has if there is one.
    let lost = select(0.0, sums[0].y, is_nan(sums[0].y));
    let total = sums[0].x + lost;
    let spread = log(total) + lost;
    for (var c = lane; c < dims.cols; c += LANES) {
        let v = x[start + c] - top;
        y[start + c] = select(exp(v) / total, v - spread, dims.log != 0u);
    }
}
