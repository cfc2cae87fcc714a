// log[slot] = (…, Σ grad², count of elements that are not finite, factor on the rate), adding the
// parts that grad_stats left in a fixed tree, and what the update does with the gradient.

struct Dims { parts: u32, slots: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> part: array<f32>;
@group(0) @binding(3) var<storage, read_write> log: array<f32>;
@group(0) @binding(4) var<storage, read_write> control: array<f32>;

const LANES: u32 = 64u;

var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
    var s = vec2<f32>();
    for (var p = lane; p < dims.parts; p += LANES) {
        s += vec2<f32>(part[2u * p], part[2u * p + 1u]);
    }
    sums[lane] = s;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    if lane == 0u {
        let at = hyper.slot % dims.slots * LOG_WORDS;
        log[at + 2u] = sums[0].x;
        log[at + 3u] = sums[0].y;
        log[at + 4u] = control[0];
        clip(log[at], sums[0].x, sums[0].y);
    }
}
