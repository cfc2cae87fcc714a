// What an optimiser that sets its own rate measures before an update, each workgroup's share in a fixed
// order: Σ g², then Σ (x − slot)² of weights that have come so far, or with DIRECTION Σ g · slot and Σ slot²
// of the direction before. The shares lie behind the slot in `state`.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read> param: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> state: array<vec4<f32>>;

const DIRECTION: u32 = 1u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if left_out() { return; }
    let n = dims.n / 4u;
    var share = vec4<f32>();
    for (var i = group.x * 64u + lane; i < n; i += 64u * parts()) {
        let h = group_of(4u * i);
        let p = param[i];
        let g = taken(grad[i], h) + h.weight_decay * p;
        let slot = state[i];
        if (dims.flags & DIRECTION) != 0u {
            share += vec4<f32>(dot(g, g), dot(g, slot), dot(slot, slot), 0.0);
        } else {
            share += vec4<f32>(dot(g, g), dot(p - slot, p - slot), 0.0, 0.0);
        }
    }
    share = tree(lane, share);
    if lane == 0u { state[n + group.x] = share; }
}
