// average += weight · (param - average), four elements at a time. The weight is the uniform's: that of
// the moving average (which = 0) or of the mean (1). A weight of 1 copies, one of 0 changes nothing.

struct Dims { n: u32, which: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> param: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> average: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let weight = select(hyper.ema, hyper.swa, dims.which == 1u);
    // The mean counts the weights after its updates, whatever these have done; the moving average moves
    // with every update that is applied.
    if weight == 0.0 || (dims.which == 0u && left_out()) { return; }
    let first = group_index(group, groups) * 64u + lane;
    let stride = groups.x * groups.y * 64u;
    for (var i = first; i < dims.n / 4u; i += stride) {
        if weight == 1.0 {
            average[i] = param[i];
        } else {
            average[i] += weight * (param[i] - average[i]);
        }
    }
}
