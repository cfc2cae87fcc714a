// The step of Prodigy and of D-Adaptation's Adam, by the moments that dadapt_moments left in `state`
// and the distance that rate_estimate made of them: the d of the moments, -1 where the weights are to stay, and the
// one that has been found since.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> control: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> param: array<vec4<f32>>;

const PRODIGY: u32 = 1u;
const COUPLED: u32 = 2u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let d = control[dims.memory];
    let before = control[dims.memory + 3u];
    if left_out() || before < 0.0 { return; }
    let first = group_index(group, groups) * 64u + lane;
    let stride = groups.x * groups.y * 64u;
    let n = dims.n / 4u;
    for (var i = first; i < n; i += stride) {
        let h = group_of(4u * i);
        if h.lr == 0.0 { continue; }
        let rate = before * h.step_size;
        var p = param[i];
        if (dims.flags & COUPLED) == 0u { p -= h.weight_decay * rate * p; }
        let m = state[i];
        let root = sqrt(state[n + i]);
        if (dims.flags & PRODIGY) != 0u {
            // Without a first moment, the gradient has the new distance.
            let scale = select(rate, rate * (d / before), h.momentum == 0.0);
            param[i] = p - scale * m / (root + d * h.eps);
        } else {
            param[i] = p - m / (root + h.eps);
        }
    }
}
