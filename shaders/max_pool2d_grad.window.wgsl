// The gradient of max-pooling as max_pool2d_grad.wgsl, one invocation an output, for windows of
// ${kh} × ${kw} that cover the input side by side: every input belongs to one window, so each
// invocation writes a whole one.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> y: array<${('vec' ~ kw ~ '<f32>') if mask else 'f32'}>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec${kw}<f32>>;

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
    let to = row * ${kh}u * dims.ow + ox;
    let winner = index[at] - oy * ${kh}u * dims.w - ox * ${kw}u;
    let d = dy[at];
//% for i in range(kh)
    {
        var v = vec${kw}<f32>(
//%   for j in range(kw)
            select(0.0, d, winner == ${i}u * dims.w + ${j}u),
//%   endfor
        );
//%   if mask
        v = select(v, vec${kw}<f32>(), y[to + ${i}u * dims.ow] <= vec${kw}<f32>());
//%   endif
        dx[to + ${i}u * dims.ow] = v;
    }
//% endfor
}
