// torch.optim.Adam, AdamW, NAdam and RAdam over the whole parameter arena, four elements at a time. `state`
// holds exp_avg, exp_avg_sq and, for AMSGrad, max_exp_avg_sq, each as long as the arena. The corrections of
// the moments' bias come from the host, which counts further than f32 does.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4<f32>>;

const AMSGRAD: u32 = 1u;
const DECOUPLED: u32 = 2u;
const NESTEROV: u32 = 4u;

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
        var p = param[i];
        var g = taken(grad[i], h);
        if (dims.flags & DECOUPLED) != 0u {
            p *= 1.0 - h.lr * h.weight_decay;
        } else if h.weight_decay != 0.0 {
            g += h.weight_decay * p;
        }
        var m = state[i];
        m += h.gradient_scale * (g - m);
        state[i] = m;
        var v = h.square_decay * state[n + i] + h.square_scale * g * g;
        state[n + i] = v;
        if (dims.flags & AMSGRAD) != 0u {
            v = max(v, state[2u * n + i]);
            state[2u * n + i] = v;
        }
        if (dims.flags & NESTEROV) != 0u { m = h.momentum * m + h.trust * g; }
        param[i] = p - h.step_size * (m / (sqrt(v) / h.correction + h.eps));
    }
}
