// y[i] = weight[index[i]], a row of a table for every index. Indices are whole numbers in floats; one that
// the table does not have takes its nearest row, so that nothing is read beyond it.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> index: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.n * dims.cols { return; }
    let i = divide(at, dims.cols);
    y[at] = weight[row_of(index[i]) * dims.cols + at - i * dims.cols];
}
