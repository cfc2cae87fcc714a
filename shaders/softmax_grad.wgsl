// The gradient of softmax, dx = y·(dy − Σ dy·y), or of its logarithm, dx = dy − exp(y)·Σ dy, a workgroup
// for every row; the sum in a fixed tree.

struct Dims { rows: u32, cols: u32, log: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

const LANES: u32 = 64u;

var<workgroup> sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups);
    if r >= dims.rows { return; }
    let start = r * dims.cols;
    var sum = 0.0;
    for (var c = lane; c < dims.cols; c += LANES) {
        sum += dy[start + c] * select(y[start + c], 1.0, dims.log != 0u);
    }
    sums[lane] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    workgroupBarrier();
    let total = sums[0];
    for (var c = lane; c < dims.cols; c += LANES) {
        let p = y[start + c];
        let g = dy[start + c];
        dx[start + c] = select(p * (g - total), g - exp(p) * total, dims.log != 0u);
    }
}
