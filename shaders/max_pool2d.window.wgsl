// Max-pooling as max_pool2d.wgsl, one invocation an output, for windows of ${kh} × ${kw} that cover
// the input side by side: no question about edges, and a window's row is one load.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec${kw}<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> index: array<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.planes * dims.oh * dims.ow { return; }
    let row = divide(at, dims.ow);
    let oy = row - divide(row, dims.oh) * dims.oh;
    let ox = at - row * dims.ow;
    let corner = oy * ${kh}u * dims.w + ox * ${kw}u;
    let start = row * ${kh}u * dims.ow + ox;
//% for i in range(kh)
    let x${i} = x[start + ${i}u * dims.ow];
//% endfor
    var best = x0.x;
    var best_at = corner;
//% for i in range(kh)
//%   for j in range(kw)
    {
        let better = x${i}[${j}] > best || is_nan(x${i}[${j}]);
        best = select(best, x${i}[${j}], better);
        best_at = select(best_at, corner + ${i}u * dims.w + ${j}u, better);
    }
//%   endfor
//% endfor
    y[at] = best;
    index[at] = best_at;
}
