// dw[o,c,i,j] = Σ_{n,p} dy[n,o,p] · x[n,c,p+(i,j)]: the gradient of a convolution for its weight.
// A workgroup computes 4 output channels × 4 taps: each lane sums every 64th pixel, then the
// lanes' sums are added in a fixed tree. Behind dw, from word `sums` on, the sums of dy over all
// pixels, if asked for: the bias's gradient.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

const TILE_ROWS: u32 = 4u;
const TILE_COLS: u32 = 4u;
const LANES: u32 = 64u;

// Per lane five vectors: one an output channel, its components the taps; the last, sums of dy.
const LINES: u32 = 5u;
var<workgroup> lines: array<vec4<f32>, 320>;

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
    var sums = vec4<f32>();
    // A part of a split sum takes a range of pixels.
    let chunk = (pixels + groups.z - 1u) / groups.z;
    let last = min(group.z * chunk + chunk, pixels);
    for (var p = group.z * chunk + lane; p < last; p += LANES) {
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
        let g = vec4<f32>(dy[at_y.x], dy[at_y.y], dy[at_y.z], dy[at_y.w]);
        s0 += g.x * v;
        s1 += g.y * v;
        s2 += g.z * v;
        s3 += g.w * v;
        sums += g;
    }
    lines[lane * LINES] = s0;
    lines[lane * LINES + 1u] = s1;
    lines[lane * LINES + 2u] = s2;
    lines[lane * LINES + 3u] = s3;
    lines[lane * LINES + 4u] = sums;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            for (var r = 0u; r < LINES; r += 1u) {
                lines[lane * LINES + r] += lines[(lane + half) * LINES + r];
            }
        }
    }
    workgroupBarrier();
    let row = lane / 4u;
    let col = lane % 4u;
    let part = group.z * weight_words();
    if lane < 16u && first_o + row < group_o && first_tap + col < taps {
        dw[part + (g * group_o + first_o + row) * taps + first_tap + col] = lines[row][col];
    }
    if dims.sums != 0u && first_tap == 0u && lane < 4u && first_o + lane < group_o {
        dw[part + dims.sums + g * group_o + first_o + lane] = lines[4][lane];
    }
}
