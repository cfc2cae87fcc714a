// gather_bytes.wgsl four bytes an invocation: for channels of a multiple of 4 pixels, a word of
// `data` is four neighbours of one sample and channel.

struct Dims { rows: u32, channels: u32, plane: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<f32>;
@group(0) @binding(5) var<storage, read_write> batch: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    let sample = dims.channels * dims.plane / 4u;
    if i >= dims.rows * sample { return; }
    let row = divide(i, sample);
    let word = i - row * sample;
    let bytes = data[order[hyper.cursor + row] * sample + word];
    let of_channel = divide(word, dims.plane / 4u) * 256u;
    batch[i] = vec4<f32>(
        table[of_channel + (bytes & 255u)],
        table[of_channel + ((bytes >> 8u) & 255u)],
        table[of_channel + ((bytes >> 16u) & 255u)],
        table[of_channel + (bytes >> 24u)],
    );
}
