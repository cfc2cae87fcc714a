// dx = epilogue(dy ⋆ᵀ weight): the gradient of a convolution for its input.
// One invocation computes 4 input channels × 4 pixels, 64 pixels apart.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

const TILE_ROWS: u32 = 4u;
const TILE_COLS: u32 = 256u;

// a / b for `per_b` = 1 / b: exact for 0 <= a < 2^20, and below 0 for every a below 0. Software
// drivers divide integers lane by lane, which would cost more than the products.
fn quotient(a: vec4<i32>, per_b: f32) -> vec4<i32> {
    return vec4<i32>(floor((vec4<f32>(a) + 0.5) * per_b));
}

fn store4(c: u32, pixel: vec4<u32>, pixels: u32, sum: vec4<f32>) {
    if pixel.x < pixels { store_pixel(c, pixel.x, sum.x); }
    if pixel.y < pixels { store_pixel(c, pixel.y, sum.y); }
    if pixel.z < pixels { store_pixel(c, pixel.z, sum.z); }
    if pixel.w < pixels { store_pixel(c, pixel.w, sum.w); }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group_c = dims.c / dims.groups;
    let group_o = dims.o / dims.groups;
    let pixels = dims.n * dims.h * dims.w;
    let across = (pixels + TILE_COLS - 1u) / TILE_COLS;
    let down = (group_c + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (across * down);
    if g >= dims.groups { return; }
    let first = (tile / across) % down * TILE_ROWS;
    let pixel = (tile % across) * TILE_COLS + lane + vec4<u32>(0u, 64u, 128u, 192u);

    // Channels and pixels beyond the edge read the last valid one and are not stored.
    let inside = min(pixel, vec4<u32>(pixels - 1u));
    let image = inside / (dims.h * dims.w);
    let bottom = vec4<i32>(inside / dims.w % dims.h + dims.padding_h);
    let right = vec4<i32>(inside % dims.w + dims.padding_w);
    let stride = vec2<i32>(i32(dims.stride_h), i32(dims.stride_w));
    let per_stride = 1.0 / vec2<f32>(stride);
    let taps = dims.kh * dims.kw;
    let in_group = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(group_c - 1u));

    var y0 = vec4<f32>();
    var y1 = vec4<f32>();
    var y2 = vec4<f32>();
    var y3 = vec4<f32>();
    for (var o = 0u; o < group_o; o += 1u) {
        let out = g * group_o + o;
        let channel = (image * dims.o + out) * dims.oh * dims.ow;
        var at_weight = (out * group_c + in_group) * taps;
        for (var ky = 0u; ky < dims.kh; ky += 1u) {
            // The tap reaches this row from output row (bottom - ky·dilation) / stride, if whole.
            let ty = bottom - i32(ky * dims.dilation_h);
            let oy = quotient(ty, per_stride.x);
            let in_y = (ty >= vec4<i32>(0)) & (oy * stride.x == ty) & (oy < vec4<i32>(i32(dims.oh)));
            let row = channel + vec4<u32>(clamp(oy, vec4<i32>(0), vec4<i32>(i32(dims.oh) - 1))) * dims.ow;
            for (var kx = 0u; kx < dims.kw; kx += 1u) {
                let tx = right - i32(kx * dims.dilation_w);
                let ox = quotient(tx, per_stride.y);
                let valid = in_y & (tx >= vec4<i32>(0)) & (ox * stride.y == tx)
                    & (ox < vec4<i32>(i32(dims.ow)));
                let at = row + vec4<u32>(clamp(ox, vec4<i32>(0), vec4<i32>(i32(dims.ow) - 1)));
                let v = select(vec4<f32>(), vec4<f32>(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), valid);
                y0 += weight[at_weight.x] * v;
                y1 += weight[at_weight.y] * v;
                y2 += weight[at_weight.z] * v;
                y3 += weight[at_weight.w] * v;
                at_weight += 1u;
            }
        }
    }
    let c = g * group_c + in_group;
    store4(c.x, pixel, pixels, y0);
    if first + 1u < group_c { store4(c.y, pixel, pixels, y1); }
    if first + 2u < group_c { store4(c.z, pixel, pixels, y2); }
    if first + 3u < group_c { store4(c.w, pixel, pixels, y3); }
}
