// torch.optim.SGD over the whole parameter arena, four elements at a time; every invocation takes
// as many as it must. The learning rate is read from the uniform that the host fills for every step.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> momentum_buffer: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if left_out() { return; }
    let first = group_index(group, groups) * 64u + lane;
    let stride = groups.x * groups.y * 64u;
    for (var i = first; i < dims.n / 4u; i += stride) {
        let h = group_of(4u * i);
        let after = update(h, param[i], grad[i], momentum_buffer[i]);
        if keeps(h) { momentum_buffer[i] = after.momentum_buffer; }
        param[i] = after.param;
    }
}
