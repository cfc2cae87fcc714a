// c = epilogue(op(a) · op(b)), as matmul.wgsl, in the tiles of shared/tile.wgsl.
//% set a_along = 'rows' if ta else 'terms'
//% set b_along = 'terms' if tb else 'columns'
//% set sums = true

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<${'vec4<f32>' if a_unit == 4 else 'f32'}>;
@group(0) @binding(2) var<storage, read> b: array<${'vec4<f32>' if b_unit == 4 else 'f32'}>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

fn height() -> u32 { return dims.m; }
fn width() -> u32 { return dims.n; }
fn batches() -> u32 { return 1u; }
fn terms() -> u32 { return dims.k; }

// Rows and columns beyond the edge read the last valid one and are not stored.
fn row_of(g: u32, i: u32) -> u32 { return min(i, dims.m - ${a_unit if ta else 1}u); }
fn col_of(g: u32, j: u32) -> u32 { return min(j, dims.n - ${b_unit if not tb else 1}u); }
fn term_of(p: u32) -> u32 { return p; }

fn at_a(i: u32, p: u32) -> u32 { return ${'p * dims.m + i' if ta else 'i * dims.k + p'}; }
fn at_b(j: u32, p: u32) -> u32 { return ${'j * dims.k + p' if tb else 'p * dims.n + j'}; }

//% for side, unit, along in [['a', a_unit, a_along], ['b', b_unit, b_along]]
//%   if unit == 4
// Four neighbours along memory; zero where the term lies beyond `last`, which is a multiple of 4
// wherever these four are terms.
fn load_${side}4(g: u32, i: u32, p: u32, last: u32) -> vec4<f32> {
    if p >= last { return vec4<f32>(); }
    return ${side}[at_${side}(i, p) / 4u];
}
//%   else
fn load_${side}(g: u32, i: u32, p: u32) -> f32 { return ${side}[at_${side}(i, p)]; }
//%   endif
//% endfor

fn store(g: u32, i: u32, j: u32, sum: f32, part: u32, parts: u32) { store_element(i, j, sum, part, parts); }

fn store_sum(g: u32, i: u32, sum: f32, part: u32) {
    if dims.sums != 0u && i < dims.m { c[part * words() + dims.sums + i] = sum; }
}
