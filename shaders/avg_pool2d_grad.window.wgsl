// The gradient of average-pooling as avg_pool2d_grad.wgsl, one invocation an output, for windows of
// ${kh} × ${kw} that cover the input side by side: every input belongs to one window, so each
// invocation writes a whole one.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<${('vec' ~ kw ~ '<f32>') if mask else 'f32'}>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec${kw}<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.planes * dims.oh * dims.ow { return; }
    let row = divide(at, dims.ow);
    let to = row * ${kh}u * dims.ow + at - row * dims.ow;
    let share = vec${kw}<f32>(dy[at] / ${kh * kw}.0);
//% for i in range(kh)
//%   if mask
    dx[to + ${i}u * dims.ow] = select(share, vec${kw}<f32>(), y[to + ${i}u * dims.ow] <= vec${kw}<f32>());
//%   else
    dx[to + ${i}u * dims.ow] = share;
//%   endif
//% endfor
}
