// torch.optim.Adamax over the whole parameter arena, four elements at a time. `state` holds exp_avg and
// exp_inf, the mean of the gradient and the largest size of it, which fades; each is as long as the arena.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> state: array<vec4<f32>>;
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
    let n = dims.n / 4u;
    for (var i = first; i < n; i += stride) {
        let h = group_of(4u * i);
        let p = param[i];
        let g = taken(grad[i], h) + h.weight_decay * p;
        var mean = state[i];
        mean += h.gradient_scale * (g - mean);
        state[i] = mean;
        let largest = max(h.square_decay * state[n + i], abs(g) + h.eps);
        state[n + i] = largest;
        param[i] = p - h.step_size * (mean / largest);
    }
}
