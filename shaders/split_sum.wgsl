// y[i] = epilogue(Σ_p part[p, i]): the parts of a split sum, added in order. Words between `size`
// and `sums` are nobody's.

struct Dims { words: u32, parts: u32, cols: u32, size: u32, sums: u32, epilogue: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> part: array<f32>;
@group(0) @binding(2) var<storage, read> e: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    if i >= dims.words || (i >= dims.size && i < dims.sums) { return; }
    var v = 0.0;
    for (var p = 0u; p < dims.parts; p += 1u) { v += part[p * dims.words + i]; }
    if i < dims.size {
        if (dims.epilogue & BIAS) != 0u { v += e[i % dims.cols]; }
        if (dims.epilogue & RELU) != 0u { v = relu(v); }
        if (dims.epilogue & MASK) != 0u { v = masked(e[i], v); }
    }
    y[i] = v;
}
