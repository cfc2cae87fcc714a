// Softmax and cross-entropy, one invocation a row: row = (loss, right), and the gradient of the
// batch's mean loss.

struct Dims { rows: u32, cols: u32, smoothing: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> label: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> row: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups) * 64u + lane;
    if r >= dims.rows { return; }
    let result = cross_entropy(r, label[hyper.cursor + r]);
    row[2u * r] = result.x;
    row[2u * r + 1u] = result.y;
}
