// torch.optim.Adadelta over the whole parameter arena, four elements at a time. `state` holds square_avg
// and acc_delta, the mean squares of the gradient and of the steps, each as long as the arena.

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
        let square = h.square_decay * state[i] + h.square_scale * g * g;
        state[i] = square;
        let steps = state[n + i];
        let step = sqrt(steps + h.eps) / sqrt(square + h.eps) * g;
        state[n + i] = h.square_decay * steps + h.square_scale * step * step;
        param[i] = p - h.lr * step;
    }
}
