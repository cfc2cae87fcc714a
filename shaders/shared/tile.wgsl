// Tiles for GPUs: a workgroup computes ${tile_rows} × ${tile_cols} sums of products. Slices of
// ${depth} terms of both factors go through workgroup memory; an invocation keeps ${rows} rows ×
// ${cols} columns, ${tile_cols // cols} apart, in registers.
//
// The kernel in front says what is multiplied: `height`, `width`, `batches`, `terms`; `row_of`,
// `col_of` and `term_of` (what of a row, a column, a term can be known once); `load_a`, `load_b`;
// `store` and `store_sum`. `a_along` and `b_along` say along which axis memory is contiguous:
// consecutive lanes walk it.
//% set across = tile_cols // cols
//% set threads = across * (tile_rows // rows)
//% set vectors = cols // 4
//% set pitch_a = tile_rows + 1
//% set pitch_b = tile_cols + 1
const TILE_ROWS: u32 = ${tile_rows}u;
const TILE_COLS: u32 = ${tile_cols}u;

// [depth][row] and [depth][column]; one word more a line, so that transposed writes hit all banks.
var<workgroup> tile_a: array<f32, ${depth * pitch_a}>;
var<workgroup> tile_b: array<f32, ${depth * pitch_b}>;

@compute @workgroup_size(${threads})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let down = (height() + TILE_ROWS - 1u) / TILE_ROWS;
    let sideways = (width() + TILE_COLS - 1u) / TILE_COLS;
    let tile = group_index(group, groups);
    let g = tile / (sideways * down);
    if g >= batches() { return; }
    let row0 = tile / sideways % down * TILE_ROWS;
    let col0 = tile % sideways * TILE_COLS;
    let chunk = ((terms() + groups.z - 1u) / groups.z + 3u) / 4u * 4u;
    let first = min(group.z * chunk, terms());
    let last = min(first + chunk, terms());

    // What this lane loads: row or column, and which of the slice's terms.
//% for side, size, along, unit in [['a', tile_rows, a_along, a_unit], ['b', tile_cols, b_along, b_unit]]
//%   set loads = size * depth // unit // threads
//%   for s in range(loads)
//%     if along == 'terms'
    let ${side}_at${s} = lane / ${depth // unit}u + ${s * threads * unit // depth}u;
    let ${side}_d${s} = lane % ${depth // unit}u * ${unit}u;
//%     else
    let ${side}_at${s} = lane % ${size // unit}u * ${unit}u;
    let ${side}_d${s} = lane / ${size // unit}u + ${s * threads * unit // size}u;
//%     endif
    let ${side}${s} = ${'row_of(g, row0 + ' if side == 'a' else 'col_of(g, col0 + '}${side}_at${s});
//%   endfor
//% endfor

    let tx = lane % ${across}u;
    let ty = lane / ${across}u * ${rows}u;
//% for i in range(rows)
//%   for j in range(vectors)
    var c${i}_${j} = vec4<f32>();
//%   endfor
//% endfor
    var sum = 0.0;
    for (var p = first; p < last; p += ${depth}u) {
//% for side, size, along, unit, pitch in [['a', tile_rows, a_along, a_unit, pitch_a], ['b', tile_cols, b_along, b_unit, pitch_b]]
//%   for s in range(size * depth // unit // threads)
        {
//%     if unit == 4
            let v = load_${side}4(g, ${side}${s}, term_of(p + ${side}_d${s}), last);
//%       for q in range(4)
//%         if along == 'terms'
            tile_${side}[(${side}_d${s} + ${q}u) * ${pitch}u + ${side}_at${s}] = v[${q}];
//%         else
            tile_${side}[${side}_d${s} * ${pitch}u + ${side}_at${s} + ${q}u] = v[${q}];
//%         endif
//%       endfor
//%     else
            let d = p + ${side}_d${s};
            var v = 0.0;
            if d < last { v = load_${side}(g, ${side}${s}, term_of(d)); }
            tile_${side}[${side}_d${s} * ${pitch}u + ${side}_at${s}] = v;
//%     endif
        }
//%   endfor
//% endfor
        workgroupBarrier();
        for (var d = 0u; d < ${depth}u; d += 1u) {
            let at_a = d * ${pitch_a}u + ty;
            let at_b = d * ${pitch_b}u + tx;
//% for j in range(vectors)
            let b${j} = vec4<f32>(tile_b[at_b + ${4 * j * across}u], tile_b[at_b + ${(4 * j + 1) * across}u], tile_b[at_b + ${(4 * j + 2) * across}u], tile_b[at_b + ${(4 * j + 3) * across}u]);
//% endfor
//% for i in range(rows)
            let a${i} = tile_a[at_a + ${i}u];
//%   for j in range(vectors)
            c${i}_${j} += a${i} * b${j};
//%   endfor
//% endfor
        }
//% if sums
        if col0 == 0u && lane < TILE_ROWS {
            for (var d = 0u; d < ${depth}u; d += 1u) { sum += tile_a[d * ${pitch_a}u + lane]; }
        }
//% endif
        workgroupBarrier();
    }
//% for i in range(rows)
//%   for j in range(vectors)
//%     for q in range(4)
    store(g, row0 + ty + ${i}u, col0 + tx + ${(4 * j + q) * across}u, c${i}_${j}[${q}], group.z, groups.z);
//%     endfor
//%   endfor
//% endfor
//% if sums
    if col0 == 0u && lane < TILE_ROWS { store_sum(g, row0 + lane, sum, group.z); }
//% endif
}
