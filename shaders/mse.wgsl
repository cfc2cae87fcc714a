// Mean squared error, one invocation a row: row = (mean squared error, 0), and the gradient of
// the mean over all elements.

struct Dims { rows: u32, cols: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> goal: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> row: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups) * 64u + lane;
    if r >= dims.rows { return; }
    let scale = 2.0 / f32(dims.rows * dims.cols);
    var sum = 0.0;
    for (var i = r * dims.cols; i < (r + 1u) * dims.cols; i += 1u) {
        let error = x[i] - goal[hyper.cursor * dims.cols + i];
        sum += error * error;
        dx[i] = scale * error;
    }
    row[2u * r] = sum / f32(dims.cols);
    row[2u * r + 1u] = 0.0;
}
