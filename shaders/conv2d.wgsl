// y[n,o] = epilogue(Σ_{c,i,j} x[n,c] ⋆ weight[o,c]), cross-correlation with groups.
// One invocation computes 4 output channels × 4 pixels, 64 pixels apart.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const TILE_ROWS: u32 = 4u;
const TILE_COLS: u32 = 256u;

fn store4(o: u32, pixel: vec4<u32>, pixels: u32, sum: vec4<f32>) {
    if pixel.x < pixels { store_pixel(o, pixel.x, sum.x); }
    if pixel.y < pixels { store_pixel(o, pixel.y, sum.y); }
    if pixel.z < pixels { store_pixel(o, pixel.z, sum.z); }
    if pixel.w < pixels { store_pixel(o, pixel.w, sum.w); }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group_c = dims.c / dims.groups;
    let group_o = dims.o / dims.groups;
    let pixels = dims.n * dims.oh * dims.ow;
    let across = (pixels + TILE_COLS - 1u) / TILE_COLS;
    let down = (group_o + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (across * down);
    if g >= dims.groups { return; }
    let first = (tile / across) % down * TILE_ROWS;
    let pixel = (tile % across) * TILE_COLS + lane + vec4<u32>(0u, 64u, 128u, 192u);

    // Channels and pixels beyond the edge read the last valid one and are not stored.
    let inside = min(pixel, vec4<u32>(pixels - 1u));
    let image = inside / (dims.oh * dims.ow);
    let top = vec4<i32>(inside / dims.ow % dims.oh * dims.stride_h) - i32(dims.padding_h);
    let left = vec4<i32>(inside % dims.ow * dims.stride_w) - i32(dims.padding_w);
    let taps = group_c * dims.kh * dims.kw;
    let out = g * group_o + min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(group_o - 1u));
    var at_weight = out * taps;

    var y0 = vec4<f32>();
    var y1 = vec4<f32>();
    var y2 = vec4<f32>();
    var y3 = vec4<f32>();
    for (var c = 0u; c < group_c; c += 1u) {
        let channel = (image * dims.c + g * group_c + c) * dims.h * dims.w;
        for (var ky = 0u; ky < dims.kh; ky += 1u) {
            let iy = top + i32(ky * dims.dilation_h);
            let row = channel + vec4<u32>(clamp(iy, vec4<i32>(0), vec4<i32>(i32(dims.h) - 1))) * dims.w;
            let in_y = (iy >= vec4<i32>(0)) & (iy < vec4<i32>(i32(dims.h)));
            for (var kx = 0u; kx < dims.kw; kx += 1u) {
                let ix = left + i32(kx * dims.dilation_w);
                let at = row + vec4<u32>(clamp(ix, vec4<i32>(0), vec4<i32>(i32(dims.w) - 1)));
                let valid = in_y & (ix >= vec4<i32>(0)) & (ix < vec4<i32>(i32(dims.w)));
                let v = select(vec4<f32>(), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), valid);
                y0 += weight[at_weight.x] * v;
                y1 += weight[at_weight.y] * v;
                y2 += weight[at_weight.z] * v;
                y3 += weight[at_weight.w] * v;
                at_weight += 1u;
            }
        }
    }
    store4(out.x, pixel, pixels, y0);
    if first + 1u < group_o { store4(out.y, pixel, pixels, y1); }
    if first + 2u < group_o { store4(out.z, pixel, pixels, y2); }
    if first + 3u < group_o { store4(out.w, pixel, pixels, y3); }
}
