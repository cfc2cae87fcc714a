// y[n,o] = epilogue(Σ x[n,c] ⋆ weight[o,c]), as conv2d.wgsl, in the tiles of shared/tile.wgsl: rows
// are output channels, columns are pixels, terms are input channels × taps.
//% set a_along = 'terms'
//% set b_along = 'columns'
//% set b_unit = 1
//% set sums = false

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<${'vec4<f32>' if a_unit == 4 else 'f32'}>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// A pixel: the word where its image's channels begin, and the input under its first tap.
struct Pixel { image: u32, top: i32, left: i32 }
// A term: which channel of the group, which tap.
struct Term { p: u32, channel: u32, down: i32, right: i32 }

fn group_c() -> u32 { return dims.c / dims.groups; }
fn height() -> u32 { return dims.o / dims.groups; }
fn width() -> u32 { return dims.n * dims.oh * dims.ow; }
fn batches() -> u32 { return dims.groups; }
fn terms() -> u32 { return group_c() * ${kh * kw}u; }

// Channels and pixels beyond the edge read the last valid one and are not stored.
fn row_of(g: u32, i: u32) -> u32 { return (g * height() + min(i, height() - 1u)) * terms(); }

fn col_of(g: u32, j: u32) -> Pixel {
    let pixel = min(j, width() - 1u);
    return Pixel(
        (pixel / (dims.oh * dims.ow) * dims.c + g * group_c()) * dims.h * dims.w,
        i32(pixel / dims.ow % dims.oh * dims.stride_h) - i32(dims.padding_h),
        i32(pixel % dims.ow * dims.stride_w) - i32(dims.padding_w),
    );
}

fn term_of(p: u32) -> Term {
    let tap = p % ${kh * kw}u;
    return Term(p, p / ${kh * kw}u, i32(tap / ${kw}u * dims.dilation_h), i32(tap % ${kw}u * dims.dilation_w));
}

//% if a_unit == 4
fn load_a4(g: u32, row: u32, t: Term, last: u32) -> vec4<f32> {
    if t.p >= last { return vec4<f32>(); }
    return weight[(row + t.p) / 4u];
}
//% else
fn load_a(g: u32, row: u32, t: Term) -> f32 { return weight[row + t.p]; }
//% endif

fn load_b(g: u32, at: Pixel, t: Term) -> f32 {
    let iy = at.top + t.down;
    let ix = at.left + t.right;
    if iy < 0 || iy >= i32(dims.h) || ix < 0 || ix >= i32(dims.w) { return 0.0; }
    return x[at.image + (t.channel * dims.h + u32(iy)) * dims.w + u32(ix)];
}

fn store(g: u32, i: u32, j: u32, sum: f32, part: u32, parts: u32) {
    if i < height() && j < width() { store_pixel(g * height() + i, j, sum); }
}

