// softmax_cross_entropy and log_batch in one, for batches that one workgroup does quickly:
// log[slot] = (mean loss, count of right rows), and the gradient of the mean. Each lane takes every
// 64th row, then the lanes' sums are added in a fixed tree.

struct Dims { rows: u32, cols: u32, smoothing: f32, slots: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> label: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(5) var<storage, read_write> log_ring: array<f32>;

const LANES: u32 = 64u;

var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
    var s = vec2<f32>();
    for (var r = lane; r < dims.rows; r += LANES) { s += cross_entropy(r, label[hyper.cursor + r]); }
    sums[lane] = s;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    if lane == 0u {
        let at = hyper.slot % dims.slots * LOG_WORDS;
        log_ring[at] = sums[0].x / f32(dims.rows);
        log_ring[at + 1u] = sums[0].y;
    }
}
