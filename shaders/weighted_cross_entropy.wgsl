// softmax_cross_entropy with a weight for every class, which lie behind the labels: the mean is weighted by
// the labels' own weights. One invocation a row.

struct Dims { rows: u32, cols: u32, weights: u32, smoothing: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> label: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> row: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

fn weight(c: u32) -> f32 { return bitcast<f32>(label[dims.weights + c]); }

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups) * 64u + lane;
    if r >= dims.rows { return; }
    var batch = 0.0;
    for (var i = 0u; i < dims.rows; i += 1u) { batch += weight(label[hyper.cursor + i]); }
    let hit = label[hyper.cursor + r];
    let start = r * dims.cols;
    let x_hit = logits[start + hit];

    var top = logits[start];
    var right = !is_nan(x_hit);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        top = max(top, x);
        right = right && ((c == hit) || (c < hit && x < x_hit) || (c > hit && x <= x_hit));
    }
    var total = 0.0;
    var below = 0.0;
    var weights = 0.0;
    var lost = 0.0;
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        total += exp(x - top);
        below += weight(c) * (top - x);
        weights += weight(c);
        lost += select(0.0, x, is_nan(x));
    }
    let spread = log(total) + lost;
    let even = dims.smoothing / f32(dims.cols);
    let own = (1.0 - dims.smoothing) * weight(hit);
    let loss = own * (spread + (top - x_hit)) + even * (weights * spread + below);
    row[2u * r] = loss * f32(dims.rows) / batch;
    row[2u * r + 1u] = select(0.0, 1.0, right);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let p = exp(logits[start + c] - top) / total + lost;
        let pull = even * weight(c) + select(0.0, own, c == hit);
        dlogits[start + c] = (p * (own + even * weights) - pull) / batch;
    }
}
