// gather_bytes with changed pictures: shifted (a crop of the padded image), mirrored, with a rectangle
// erased. Integers decide, so that every device changes them alike. What is not picture is byte 0.
// table = ([channels, 256] floats, then sizes of rectangles: height << 16 | width).

struct Dims {
    rows: u32, channels: u32, h: u32, w: u32,
    padding_h: u32, padding_w: u32, flip: u32, erase: u32, sizes: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<u32>;
@group(0) @binding(5) var<storage, read_write> batch: array<f32>;

// The draw of a sample for one purpose.
fn draw(sample: u32, purpose: u32) -> u32 {
    return pcg(pcg(pcg(sample + hyper.picture_key0) ^ hyper.picture_key1) + purpose * 0x9e3779b9u);
}

// A draw as one of n, up to 65,536, as alike as 16 bits allow.
fn below(draw: u32, n: u32) -> u32 { return ((draw >> 16u) * n) >> 16u; }

// A draw against a probability in 31 bits.
fn happens(draw: u32, probability: u32) -> bool { return (draw >> 1u) < probability; }

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * 64u + lane;
    let plane = dims.h * dims.w;
    if i >= dims.rows * dims.channels * plane { return; }
    let image = divide(i, plane);
    let row = divide(image, dims.channels);
    let channel = image - row * dims.channels;
    let pixel = i - image * plane;
    let y = divide(pixel, dims.w);
    let x = pixel - y * dims.w;
    let sample = order[hyper.cursor + row];

    // Where the pixel is in the padded image.
    var from_y = y;
    var from_x = x;
    if dims.flip > 0u && happens(draw(sample, 2u), dims.flip) { from_x = dims.w - 1u - x; }
    if dims.padding_h > 0u { from_y += below(draw(sample, 0u), 2u * dims.padding_h + 1u); }
    if dims.padding_w > 0u { from_x += below(draw(sample, 1u), 2u * dims.padding_w + 1u); }
    var inside = from_y >= dims.padding_h && from_y < dims.padding_h + dims.h
        && from_x >= dims.padding_w && from_x < dims.padding_w + dims.w;

    if dims.erase > 0u && happens(draw(sample, 3u), dims.erase) {
        let size = table[dims.channels * 256u + below(draw(sample, 4u), dims.sizes)];
        let eh = size >> 16u;
        let ew = size & 65535u;
        let top = below(draw(sample, 5u), dims.h - eh + 1u);
        let left = below(draw(sample, 6u), dims.w - ew + 1u);
        if y >= top && y < top + eh && x >= left && x < left + ew { inside = false; }
    }
    var byte = 0u;
    if inside {
        let word = (from_y - dims.padding_h) * dims.w + from_x - dims.padding_w;
        let at = (sample * dims.channels + channel) * plane + word;
        byte = (data[at / 4u] >> (8u * (at % 4u))) & 255u;
    }
    batch[i] = bitcast<f32>(table[channel * 256u + byte]);
}
