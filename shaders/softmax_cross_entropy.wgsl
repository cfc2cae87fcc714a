// Softmax and cross-entropy, one invocation a row: row = (loss, right), and the gradient of the
// batch's mean loss. Stable: the maximum is subtracted first.

struct Dims { rows: u32, cols: u32, smoothing: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> label: array<u32>;
@group(0) @binding(3) var<storage, read_write> row: array<f32>;
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups) * 64u + lane;
    if r >= dims.rows { return; }
    let start = r * dims.cols;
    let hit = label[r];
    let x_hit = logits[start + hit];

    var top = logits[start];
    var right = !is_nan(x_hit);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        top = max(top, x);
        let beaten = (c == hit) || (c < hit && x < x_hit) || (c > hit && x <= x_hit);
        right = right && beaten;
    }
    var total = 0.0;
    var below = 0.0; // Σ (top − x): small where Σ x would cancel
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        total += exp(x - top);
        below += top - x;
    }
    let spread = log(total);
    var loss = (1.0 - dims.smoothing) * (spread + (top - x_hit));
    if dims.smoothing > 0.0 { loss += dims.smoothing * (spread + below / f32(dims.cols)); }
    row[2u * r] = loss;
    row[2u * r + 1u] = select(0.0, 1.0, right);

    let even = dims.smoothing / f32(dims.cols);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let p = exp(logits[start + c] - top) / total;
        let target_p = select(even, 1.0 - dims.smoothing + even, c == hit);
        dlogits[start + c] = (p - target_p) / f32(dims.rows);
    }
}
