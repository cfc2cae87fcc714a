// c = epilogue(op(a) · op(b)), row-major; op transposes when its flag is set. Behind c, from word
// `sums` on, the sums of op(a)'s rows, if asked for.
// One invocation computes 4 × 4 elements of a 32 × 32 tile, without workgroup memory.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

const TILE_ROWS: u32 = 32u;
const TILE_COLS: u32 = 32u;

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
    let terms = terms_of(group.z, groups.z);
    let a_step = select(1u, dims.m, dims.ta != 0u);
    let b_step = select(dims.n, 1u, dims.tb != 0u);
    var at_a = select(i * dims.k, i, dims.ta != 0u) + terms.x * a_step;
    var at_b = select(j, j * dims.k, dims.tb != 0u) + terms.x * b_step;

    var c0 = vec4<f32>();
    var c1 = vec4<f32>();
    var c2 = vec4<f32>();
    var c3 = vec4<f32>();
    var sums = vec4<f32>();
    for (var p = terms.x; p < terms.y; p += 1u) {
        let x = vec4<f32>(a[at_a.x], a[at_a.y], a[at_a.z], a[at_a.w]);
        let y = vec4<f32>(b[at_b.x], b[at_b.y], b[at_b.z], b[at_b.w]);
        c0 += x.x * y;
        c1 += x.y * y;
        c2 += x.z * y;
        c3 += x.w * y;
        sums += x;
        at_a += a_step;
        at_b += b_step;
    }
    for (var q = 0u; q < 4u; q += 1u) {
        store_element(row, col + 8u * q, c0[q], group.z, groups.z);
        store_element(row + 8u, col + 8u * q, c1[q], group.z, groups.z);
        store_element(row + 16u, col + 8u * q, c2[q], group.z, groups.z);
        store_element(row + 24u, col + 8u * q, c3[q], group.z, groups.z);
        if dims.sums != 0u && col == 0u && row + 8u * q < dims.m {
            c[group.z * words() + dims.sums + row + 8u * q] = sums[q];
        }
    }
}
