// softmax_cross_entropy.wgsl with a workgroup for every row, for many classes: each lane takes every
// 64th logit, then the lanes' results are joined pairwise.

struct Dims { rows: u32, cols: u32, smoothing: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> label: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> row: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

const LANES: u32 = 64u;

// The largest logit of a lane, and 1 if none of its logits beats the label's.
var<workgroup> tops: array<vec2<f32>, LANES>;
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
    let hit = label[hyper.cursor + r];
    let x_hit = logits[start + hit];

    var most = logits[start];
    var right = !is_nan(x_hit);
    for (var c = lane; c < dims.cols; c += LANES) {
        let x = logits[start + c];
        most = max(most, x);
        let beaten = (c == hit) || (c < hit && x < x_hit) || (c > hit && x <= x_hit);
        right = right && beaten;
    }
    tops[lane] = vec2<f32>(most, select(0.0, 1.0, right));
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            let other = tops[lane + half];
            tops[lane] = vec2<f32>(max(tops[lane].x, other.x), tops[lane].y * other.y);
        }
    }
    workgroupBarrier();
    let top = tops[0].x;

    var sum = vec2<f32>();
    for (var c = lane; c < dims.cols; c += LANES) {
        let x = logits[start + c];
        sum += vec2<f32>(exp(x - top), top - x);
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

    if lane == 0u {
        let spread = log(total) + lost;
        var loss = (1.0 - dims.smoothing) * (spread + (top - x_hit));
        if dims.smoothing > 0.0 { loss += dims.smoothing * (spread + sums[0].y / f32(dims.cols)); }
        row[2u * r] = loss;
        row[2u * r + 1u] = tops[0].y;
    }
    let even = dims.smoothing / f32(dims.cols);
    for (var c = lane; c < dims.cols; c += LANES) {
        let p = exp(logits[start + c] - top) / total;
        let target_p = select(even, 1.0 - dims.smoothing + even, c == hit);
        dlogits[start + c] = (p - target_p) / f32(dims.rows);
    }
}
