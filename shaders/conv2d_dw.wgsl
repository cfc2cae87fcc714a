// dw[o,c,i,j] = Σ_{n,p} dy[n,o,p] · x[n,c,p+(i,j)]: the gradient of a convolution for its weight.
// A workgroup computes 4 output channels × 4 taps: each lane sums every 64th pixel, then the
// lanes' sums are added in a fixed tree.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

const TILE_ROWS: u32 = 4u;
const TILE_COLS: u32 = 4u;
const LANES: u32 = 64u;

// Per lane four vectors: one an output channel, its components the taps.
var<workgroup> sums: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group_c = dims.c / dims.groups;
    let group_o = dims.o / dims.groups;
    let taps = group_c * dims.kh * dims.kw;
    let across = (taps + TILE_COLS - 1u) / TILE_COLS;
    let down = (group_o + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (across * down);
    if g >= dims.groups { return; }
    let first_o = (tile / across) % down * TILE_ROWS;
    let first_tap = (tile % across) * TILE_COLS;

    // Channels and taps beyond the edge read the last valid one and are not stored.
    let out = g * group_o + min(first_o + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(group_o - 1u));
    let tap = min(first_tap + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(taps - 1u));
    let channel = g * group_c + tap / (dims.kh * dims.kw);
    let down_by = vec4<i32>(tap / dims.kw % dims.kh * dims.dilation_h) - i32(dims.padding_h);
    let right_by = vec4<i32>(tap % dims.kw * dims.dilation_w) - i32(dims.padding_w);
    let plane = dims.oh * dims.ow;
    let pixels = dims.n * plane;

    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    for (var p = lane; p < pixels; p += LANES) {
        let image = p / plane;
        let pixel = p % plane;
        let iy = i32(pixel / dims.ow * dims.stride_h) + down_by;
        let ix = i32(pixel % dims.ow * dims.stride_w) + right_by;
        let valid = (iy >= vec4<i32>(0)) & (iy < vec4<i32>(i32(dims.h)))
            & (ix >= vec4<i32>(0)) & (ix < vec4<i32>(i32(dims.w)));
        let cy = vec4<u32>(clamp(iy, vec4<i32>(0), vec4<i32>(i32(dims.h) - 1)));
        let cx = vec4<u32>(clamp(ix, vec4<i32>(0), vec4<i32>(i32(dims.w) - 1)));
        let at = ((image * dims.c + channel) * dims.h + cy) * dims.w + cx;
        let v = select(vec4<f32>(), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), valid);
        let at_y = (image * dims.o + out) * plane + pixel;
        s0 += dy[at_y.x] * v;
        s1 += dy[at_y.y] * v;
        s2 += dy[at_y.z] * v;
        s3 += dy[at_y.w] * v;
    }
    sums[lane * 4u] = s0;
    sums[lane * 4u + 1u] = s1;
    sums[lane * 4u + 2u] = s2;
    sums[lane * 4u + 3u] = s3;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            for (var r = 0u; r < 4u; r += 1u) {
                sums[lane * 4u + r] += sums[(lane + half) * 4u + r];
            }
        }
    }
    workgroupBarrier();
    let row = lane / 4u;
    let col = lane % 4u;
    if lane < 16u && first_o + row < group_o && first_tap + col < taps {
        dw[(g * group_o + first_o + row) * taps + first_tap + col] = sums[row][col];
    }
}
