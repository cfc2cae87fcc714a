// y[b, j, i] = x[b, i, j]: every matrix of a batch transposed.

struct Dims { batch: u32, rows: u32, cols: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    let size = dims.rows * dims.cols;
    if at >= dims.batch * size { return; }
    let b = divide(at, size);
    let inside = at - b * size;
    let j = divide(inside, dims.rows);
    let i = inside - j * dims.rows;
    y[at] = x[b * size + i * dims.cols + j];
}
