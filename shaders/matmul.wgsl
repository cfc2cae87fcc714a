// c = epilogue(op(a) · op(b)), row-major; op transposes when its flag is set.
// One invocation computes 4 × 4 elements of a 32 × 32 tile, without workgroup memory.

struct Dims { m: u32, n: u32, k: u32, ta: u32, tb: u32, epilogue: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

const TILE_ROWS: u32 = 32u;
const TILE_COLS: u32 = 32u;

fn store(i: u32, j: u32, sum: f32) {
    if i >= dims.m || j >= dims.n { return; }
    let at = i * dims.n + j;
    var y = sum;
    if (dims.epilogue & BIAS) != 0u { y += e[j]; }
    if (dims.epilogue & RELU) != 0u { y = relu(y); }
    if (dims.epilogue & MASK) != 0u { y = masked(e[at], y); }
    c[at] = y;
}

fn store4(i: u32, j: u32, sum: vec4<f32>) {
    store(i, j, sum.x);
    store(i, j + 8u, sum.y);
    store(i, j + 16u, sum.z);
    store(i, j + 24u, sum.w);
}

@compute @workgroup_size(8, 8)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) lane: vec3<u32>,
) {
    let tile = group_index(group, groups);
    let across = (dims.n + TILE_COLS - 1u) / TILE_COLS;
    let row = (tile / across) * TILE_ROWS + lane.y;
    let col = (tile % across) * TILE_COLS + lane.x;
    if (tile / across) * TILE_ROWS >= dims.m { return; }

    // Rows and columns beyond the edge read the last valid one and are not stored.
    let last_row = vec4<u32>(dims.m - 1u);
    let last_col = vec4<u32>(dims.n - 1u);
    let i = min(vec4<u32>(row) + vec4<u32>(0u, 8u, 16u, 24u), last_row);
    let j = min(vec4<u32>(col) + vec4<u32>(0u, 8u, 16u, 24u), last_col);
    let a_step = select(1u, dims.m, dims.ta != 0u);
    let b_step = select(dims.n, 1u, dims.tb != 0u);
    var at_a = select(i * dims.k, i, dims.ta != 0u);
    var at_b = select(j, j * dims.k, dims.tb != 0u);

    var c0 = vec4<f32>();
    var c1 = vec4<f32>();
    var c2 = vec4<f32>();
    var c3 = vec4<f32>();
    for (var p = 0u; p < dims.k; p += 1u) {
        let y = vec4<f32>(b[at_b.x], b[at_b.y], b[at_b.z], b[at_b.w]);
        c0 += a[at_a.x] * y;
        c1 += a[at_a.y] * y;
        c2 += a[at_a.z] * y;
        c3 += a[at_a.w] * y;
        at_a += a_step;
        at_b += b_step;
    }
    store4(row, col, c0);
    store4(row + 8u, col, c1);
    store4(row + 16u, col, c2);
    store4(row + 24u, col, c3);
}
