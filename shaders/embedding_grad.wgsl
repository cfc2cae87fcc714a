// dw[row] = the sum of dy[i] over the indices that are this row, in their order: one invocation an element
// of the table, which looks through all indices, so that nothing is added up by two at once.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> index: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.rows * dims.cols { return; }
    let row = divide(at, dims.cols);
    let col = at - row * dims.cols;
    let chunk = (dims.n + groups.z - 1u) / groups.z;
    let first = min(group.z * chunk, dims.n);
    let last = min(first + chunk, dims.n);
    var sum = 0.0;
    for (var i = first; i < last; i += 1u) {
        if row_of(index[i]) == row { sum += dy[i * dims.cols + col]; }
    }
    dw[group.z * dims.rows * dims.cols + at] = sum;
}
