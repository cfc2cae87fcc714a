// batch[r, c, p] = table[c, data[order[cursor + r], c, p]]: bytes decoded through a table.

struct Dims { rows: u32, channels: u32, plane: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<f32>;
@group(0) @binding(5) var<storage, read_write> batch: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    let sample = dims.channels * dims.plane;
    if i >= dims.rows * sample { return; }
    let row = divide(i, sample);
    let word = i - row * sample;
    let at = order[hyper.cursor + row] * sample + word;
    let byte = (data[at / 4u] >> (8u * (at % 4u))) & 255u;
    batch[i] = table[divide(word, dims.plane) * 256u + byte];
}
