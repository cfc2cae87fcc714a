// Schedule-free SGD and AdamW: the gradients are taken at `param` (y), between `z`, which takes the steps,
// and `x`, their mean, which is evaluated. `state` holds z, x and, with ADAM, exp_avg_sq. What the newest z counts in the
// mean is rate_estimate's.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4<f32>>;

const ADAM: u32 = 1u;

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
    let newest = control[dims.memory + 2u];
    for (var i = first; i < n; i += stride) {
        let h = group_of(4u * i);
        let y = param[i];
        var g = taken(grad[i], h);
        if (dims.flags & ADAM) != 0u {
            let v = h.square_decay * state[2u * n + i] + h.square_scale * g * g;
            state[2u * n + i] = v;
            g /= sqrt(v) / h.correction + h.eps;
        }
        g += h.weight_decay * y;
        let z = state[i] - h.lr * g;
        let x = (1.0 - newest) * state[n + i] + newest * z;
        state[i] = z;
        state[n + i] = x;
        param[i] = h.gradient_scale * z + h.momentum * x;
    }
}
