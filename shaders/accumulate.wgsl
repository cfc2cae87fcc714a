// sum = share · grad, plus the sum so far unless the batch is an update's first; the same for the
// batch's loss and right predictions, which the log keeps and the words behind the sum remember.

struct Dims { n: u32, slots: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> sum: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> log: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = group_index(group, groups) * 64u + lane;
    let stride = groups.x * groups.y * 64u;
    for (var i = first; i < dims.n / 4u; i += stride) {
        let g = hyper.share * grad[i];
        if hyper.begin != 0u { sum[i] = g; } else { sum[i] += g; }
    }
    if first == 0u {
        let at = hyper.slot % dims.slots * LOG_WORDS;
        var batch = vec4<f32>(hyper.share * log[at], log[at + 1u], 0.0, 0.0);
        if hyper.begin == 0u { batch += sum[dims.n / 4u]; }
        sum[dims.n / 4u] = batch;
        log[at] = batch.x;
        log[at + 1u] = batch.y;
    }
}
