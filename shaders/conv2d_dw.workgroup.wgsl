// dw[o,c,i,j] = Σ dy · x, as conv2d_dw.wgsl, in the tiles of shared/tile.wgsl: rows are output
// channels, columns are input channels × taps, terms are pixels.
//% set a_along = 'terms'
//% set a_unit = 1
//% set b_along = 'terms'
//% set b_unit = 1
//% set sums = true

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

// A column: which channel, and where its tap lies.
struct Tap { channel: u32, down: i32, right: i32 }
// A term: which image, which pixel of a plane, and the input under its first tap.
struct Term { image: u32, pixel: u32, top: i32, left: i32 }

fn group_c() -> u32 { return dims.c / dims.groups; }
fn height() -> u32 { return dims.o / dims.groups; }
fn width() -> u32 { return group_c() * ${kh * kw}u; }
fn batches() -> u32 { return dims.groups; }
fn terms() -> u32 { return dims.n * dims.oh * dims.ow; }

// Channels and taps beyond the edge read the last valid one and are not stored.
fn row_of(g: u32, i: u32) -> u32 { return g * height() + min(i, height() - 1u); }

fn col_of(g: u32, j: u32) -> Tap {
    let at = min(j, width() - 1u);
    let tap = at % ${kh * kw}u;
    return Tap(
        g * group_c() + at / ${kh * kw}u,
        i32(tap / ${kw}u * dims.dilation_h) - i32(dims.padding_h),
        i32(tap % ${kw}u * dims.dilation_w) - i32(dims.padding_w),
    );
}

fn term_of(p: u32) -> Term {
    let pixel = p % (dims.oh * dims.ow);
    return Term(
        p / (dims.oh * dims.ow),
        pixel,
        i32(pixel / dims.ow * dims.stride_h),
        i32(pixel % dims.ow * dims.stride_w),
    );
}

fn load_a(g: u32, row: u32, t: Term) -> f32 {
    return dy[(t.image * dims.o + row) * dims.oh * dims.ow + t.pixel];
}

fn load_b(g: u32, at: Tap, t: Term) -> f32 {
    let iy = t.top + at.down;
    let ix = t.left + at.right;
    if iy < 0 || iy >= i32(dims.h) || ix < 0 || ix >= i32(dims.w) { return 0.0; }
    return x[((t.image * dims.c + at.channel) * dims.h + u32(iy)) * dims.w + u32(ix)];
}

fn store(g: u32, i: u32, j: u32, sum: f32, part: u32, parts: u32) {
    if i < height() && j < width() {
        dw[part * weight_words() + (g * height() + i) * width() + j] = sum;
    }
}

fn store_sum(g: u32, i: u32, sum: f32, part: u32) {
    if dims.sums != 0u && i < height() {
        dw[part * weight_words() + dims.sums + g * height() + i] = sum;
    }
}

