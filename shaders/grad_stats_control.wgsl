// grad_stats_log and gradient_control in one, for all controllers before the update: log[slot] = (…,
// Σ grad², count of elements that are not finite, factor on the rate). control[0] is this update's
// factor: of AdaGrad-Norm (rule 1) with this norm, of the norm's ratio (rule 0) as it was, whose
// memory takes the norm in afterwards.

struct Dims { n: u32, slots: u32, count: u32, spare: u32, controllers: array<Controller, 2> }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> log: array<f32>;
@group(0) @binding(4) var<storage, read_write> control: array<f32>;

fn take_in_all(rule: u32, sum: vec2<f32>) {
    for (var i = 0u; i < dims.count; i += 1u) {
        if dims.controllers[i].rule == rule { take_in(dims.controllers[i], sum.x, sum.y); }
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let sum = grad_sum(lane);
    if lane == 0u {
        take_in_all(1u, sum);
        let product = all_factors(dims.count);
        control[0] = product;
        let at = hyper.slot % dims.slots * LOG_WORDS;
        log[at + 2u] = sum.x;
        log[at + 3u] = sum.y;
        log[at + 4u] = product;
        take_in_all(0u, sum);
        clip(log[at], sum.x, sum.y);
    }
}
