// sgd.wgsl by 64-bit words, eight elements an invocation: what software drivers like.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<u64>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> momentum_buffer: array<vec4<u64>>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4<u64>>;

@compute @workgroup_size(${lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * ${lanes}u + lane;
    if i >= dims.n / 8u || left_out() { return; }
    //% if alone
    let h = at_rate(hyper.groups[0], control[0]);
    //% else
    let h = group_of(8u * i);
    //% endif
    let p = param[i];
    let g = grad[i];
    let v = momentum_buffer[i];
    let low = update(h, four(p.xy), four(g.xy), four(v.xy));
    let high = update(h, four(p.zw), four(g.zw), four(v.zw));
    momentum_buffer[i] = vec4<u64>(pair(low.momentum_buffer), pair(high.momentum_buffer));
    param[i] = vec4<u64>(pair(low.param), pair(high.param));
}
