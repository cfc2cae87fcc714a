// Average-pooling as avg_pool2d.wgsl, one invocation an output, for windows of ${kh} × ${kw} that
// cover the input side by side: no question about edges, and a window's row is one load.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec${kw}<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.planes * dims.oh * dims.ow { return; }
    let row = divide(at, dims.ow);
    let start = row * ${kh}u * dims.ow + at - row * dims.ow;
    var sum = 0.0;
//% for i in range(kh)
    let x${i} = x[start + ${i}u * dims.ow];
//%   for j in range(kw)
    sum += x${i}[${j}];
//%   endfor
//% endfor
    y[at] = sum / ${kh * kw}.0;
}
