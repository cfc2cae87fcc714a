// dx = epilogue(dy ⋆ᵀ weight), as conv2d_dx.wgsl, in the tiles of shared/tile.wgsl: rows are input
// channels, columns are input pixels, terms are output channels × taps.
//% set a_along = 'terms'
//% set a_unit = 1
//% set b_along = 'columns'
//% set b_unit = 1
//% set sums = false

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

// A pixel: the word where its image's gradients begin, and its place in the padded input.
struct Pixel { image: u32, bottom: i32, right: i32 }
// A term: which output channel of the group, which tap, how far the tap reaches.
struct Term { channel: u32, tap: u32, up: i32, left: i32 }

fn group_o() -> u32 { return dims.o / dims.groups; }
fn height() -> u32 { return dims.c / dims.groups; }
fn width() -> u32 { return dims.n * dims.h * dims.w; }
fn batches() -> u32 { return dims.groups; }
fn terms() -> u32 { return group_o() * ${kh * kw}u; }

// Channels and pixels beyond the edge read the last valid one and are not stored.
fn row_of(g: u32, i: u32) -> u32 { return min(i, height() - 1u); }

fn col_of(g: u32, j: u32) -> Pixel {
    let pixel = min(j, width() - 1u);
    return Pixel(
        (pixel / (dims.h * dims.w) * dims.o + g * group_o()) * dims.oh * dims.ow,
        i32(pixel / dims.w % dims.h + dims.padding_h),
        i32(pixel % dims.w + dims.padding_w),
    );
}

fn term_of(p: u32) -> Term {
    let tap = p % ${kh * kw}u;
    return Term(p / ${kh * kw}u, tap, i32(tap / ${kw}u * dims.dilation_h), i32(tap % ${kw}u * dims.dilation_w));
}

fn load_a(g: u32, row: u32, t: Term) -> f32 {
    return weight[((g * group_o() + t.channel) * height() + row) * ${kh * kw}u + t.tap];
}

// The tap reaches this pixel from output (padded place - reach) / stride, if that is whole.
fn load_b(g: u32, at: Pixel, t: Term) -> f32 {
    let ty = at.bottom - t.up;
    let tx = at.right - t.left;
    let oy = ty / ${stride_h};
    let ox = tx / ${stride_w};
    if ty < 0 || tx < 0 || oy >= i32(dims.oh) || ox >= i32(dims.ow) { return 0.0; }
//% if stride_h > 1 or stride_w > 1
    if oy * ${stride_h} != ty || ox * ${stride_w} != tx { return 0.0; }
//% endif
    return dy[at.image + (t.channel * dims.oh + u32(oy)) * dims.ow + u32(ox)];
}

fn store(g: u32, i: u32, j: u32, sum: f32, part: u32, parts: u32) {
    if i < height() && j < width() { store_pixel(g * height() + i, j, sum); }
}

