// The moments of Prodigy and of D-Adaptation's Adam, and what their estimates are made from: `state`
// holds exp_avg, exp_avg_sq, s and, for Prodigy, the weights at the start (p0); behind them each workgroup
// leaves its share of Σ rate · g · (p0 − p), or Σ rate · g · s / (√exp_avg_sq + eps) before this update, and of Σ |s|.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read> param: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> state: array<vec4<f32>>;

const PRODIGY: u32 = 1u;
const COUPLED: u32 = 2u;
const SAFEGUARD: u32 = 4u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if left_out() { return; }
    let n = dims.n / 4u;
    let d = control[dims.memory];
    let prodigy = (dims.flags & PRODIGY) != 0u;
    var share = vec4<f32>();
    for (var i = group.x * 64u + lane; i < n; i += 64u * parts()) {
        let h = group_of(4u * i);
        if h.lr == 0.0 { continue; }
        let p = param[i];
        var g = taken(grad[i], h);
        if (dims.flags & COUPLED) != 0u { g += h.weight_decay * p; }
        let m = state[i];
        let v = state[n + i];
        let s = state[2u * n + i];
        var after = s;
        if prodigy {
            // h.trust is d / d0 by d, as the host knows d0 alone.
            let share_of_d = d * h.trust;
            share.x += h.step_size * dot(g, state[3u * n + i] - p);
            state[i] = h.momentum * m + d * h.gradient_scale * g;
            state[n + i] = h.square_decay * v + d * d * h.square_scale * g * g;
            let rate = select(d * h.step_size, d, (dims.flags & SAFEGUARD) != 0u);
            after = h.s_decay * s + share_of_d * rate * g;
        } else {
            let rate = d * h.step_size;
            share.x += h.step_size * dot(g, s / (sqrt(v) + h.eps));
            state[i] = h.momentum * m + rate * h.gradient_scale * g;
            state[n + i] = h.square_decay * v + h.square_scale * g * g;
            after = h.s_decay * s + h.trust * rate * g;
        }
        state[2u * n + i] = after;
        let size = abs(after);
        share.y += (size.x + size.y) + (size.z + size.w);
    }
    share = tree(lane, share);
    if lane == 0u { state[select(3u, 4u, prodigy) * n + group.x] = share; }
}
