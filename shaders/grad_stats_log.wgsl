// grad_stats and log_grad in one, for gradients that one workgroup adds up quickly: log[slot] = (…,
// Σ grad², count of elements that are not finite, factor on the rate), in a fixed tree, and what the update
// does with the gradient.

struct Dims { n: u32, slots: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> log: array<f32>;
@group(0) @binding(4) var<storage, read_write> control: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let sum = grad_sum(lane);
    if lane == 0u {
        let at = hyper.slot % dims.slots * LOG_WORDS;
        log[at + 2u] = sum.x;
        log[at + 3u] = sum.y;
        log[at + 4u] = control[0];
        clip(log[at], sum.x, sum.y);
    }
}
