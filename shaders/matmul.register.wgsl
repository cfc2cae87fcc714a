// c = epilogue(op(a) · op(b)), as matmul.wgsl: ${rows} rows × ${4 * lanes * quads} columns in the registers of
// ${lanes} lanes. No workgroup memory and no barrier: what software drivers like.
//% if broadcast
// Each lane loads another part of `a` for its subgroup, which broadcasts every value.
//% else
// Every lane loads the same values of `a`.
//% endif

@group(0) @binding(0) var<uniform> dims: Dims;
//% set pairs = wide and vec_b and not tb and whole_n and quads % 2 == 0
//% set four = 'vec2<u64>' if wide else 'vec4<f32>'
@group(0) @binding(1) var<storage, read> a: array<${four if vec_a else 'f32'}>;
@group(0) @binding(2) var<storage, read> b: array<${'vec4<u64>' if pairs else four if vec_b else 'f32'}>;
@group(0) @binding(3) var<storage, read> e: array<${'vec4<f32>' if vec_c and (bias or mask) else 'f32'}>;
@group(0) @binding(4) var<storage, read_write> c: array<${'vec4<f32>' if vec_c else 'f32'}>;

const TILE_ROWS: u32 = ${rows}u;
const TILE_COLS: u32 = ${4 * lanes * quads}u;

// A word of `a`, of `b`.
//% for side, unit in [['a', 4 if vec_a else 1], ['b', 8 if pairs else 4 if vec_b else 1]]
//%   if unit == 1
fn word_${side}(i: u32) -> f32 { return ${side}[i]; }
//%   elif wide
fn word_${side}(i: u32) -> f32 {
    return bitcast<f32>(u32(${side}[i / ${unit}u][i % ${unit}u / 2u] >> (32u * (i % 2u))));
}
//%   else
fn word_${side}(i: u32) -> f32 { return ${side}[i / 4u][i % 4u]; }
//%   endif
//% endfor

// Element (i, p) of op(a).
fn at_a(i: u32, p: u32) -> u32 { return ${'p * dims.m + i' if ta else 'i * dims.k + p'}; }

// Element (p, j) of op(b).
fn at_b(p: u32, j: u32) -> u32 { return ${'j * dims.k + p' if tb else 'p * dims.n + j'}; }

fn store_sum(at: u32, sum: f32) {
    ${'c[at / 4u][at % 4u]' if vec_c else 'c[at]'} = sum;
}

//% set xyzw = ['x', 'y', 'z', 'w']
//% set row_quads = lanes // 4
//% set by_quads = ta and vec_a
// Rows of `a` that a lane loads.
//% set loads = ((rows + lanes - 1) // lanes) if broadcast else rows
//% macro a_value(i, d)
//%   if not broadcast
a${i}.${xyzw[d]}
//%   elif by_quads
subgroupBroadcast(a${i // lanes}.${xyzw[i % 4]}, ${d * row_quads + i % lanes // 4}u)
//%   else
subgroupBroadcast(a${i // lanes}.${xyzw[d]}, ${i % lanes}u)
//%   endif
//% endmacro
//% macro a_word(i)
//%   if broadcast
subgroupBroadcast(x${i // lanes}, ${i % lanes}u)
//%   else
x${i}
//%   endif
//% endmacro

@compute @workgroup_size(${lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    let across = (dims.n + TILE_COLS - 1u) / TILE_COLS;
    let row0 = tile / across * TILE_ROWS;
    let col0 = tile % across * TILE_COLS;
    if row0 >= dims.m { return; }
    let terms = terms_of(group.z, groups.z);
    let whole = terms.x + (terms.y - terms.x) / 4u * 4u;

    // Rows and columns beyond the edge read the last valid one and are not stored.
//% for i in range(loads)
//%   if broadcast
    let my_row${i} = min(row0 + ${i * lanes}u + lane, dims.m - 1u);
//%   else
    let my_row${i} = min(row0 + ${i}u, dims.m - 1u);
//%   endif
//%   if vec_a and not ta
    let quad${i} = my_row${i} * (dims.k / 4u);
//%   elif by_quads and broadcast
    let quad${i} = lane / ${row_quads}u * (dims.m / 4u) + min(row0 / 4u + ${i * row_quads}u + lane % ${row_quads}u, dims.m / 4u - 1u);
//%   endif
//% endfor
//% for j in range(quads)
//%   if pairs
    let first${j} = col0 + 8u * (lane + ${j // 2 * lanes}u) + ${j % 2 * 4}u;
//%   else
    let first${j} = col0 + 4u * (lane + ${j * lanes}u);
//%   endif
//%   for q in range(4)
    let col${j}_${q} = min(first${j} + ${q}u, dims.n - 1u);
//%   endfor
//%   if vec_b and tb
//%     for q in range(4)
    let quad_b${j}_${q} = col${j}_${q} * (dims.k / 4u);
//%     endfor
//%   elif vec_b
    let quad_b${j} = min(first${j} / 4u, dims.n / 4u - 1u);
//%     if pairs and j % 2 == 0
    let pair_b${j} = quad_b${j} / 2u;
//%     endif
//%   endif
//% endfor

//% for i in range(rows)
//%   for j in range(quads)
    var c${i}_${j} = vec4<f32>();
//%   endfor
//% endfor
    for (var p = terms.x; p < whole; p += 4u) {
//% for i in range(loads)
//%   if by_quads and broadcast
        let a${i} = ${'four' if wide}(a[quad${i} + p * (dims.m / 4u)]);
//%   elif vec_a and not ta
        let a${i} = ${'four' if wide}(a[quad${i} + p / 4u]);
//%   else
        let a${i} = vec4<f32>(word_a(at_a(my_row${i}, p)), word_a(at_a(my_row${i}, p + 1u)), word_a(at_a(my_row${i}, p + 2u)), word_a(at_a(my_row${i}, p + 3u)));
//%   endif
//% endfor
//% for j in range(quads)
//%   if tb
//%     for q in range(4)
//%       if vec_b
        let t${j}_${q} = ${'four' if wide}(b[quad_b${j}_${q} + p / 4u]);
//%       else
        let at${j}_${q} = at_b(p, col${j}_${q});
        let t${j}_${q} = vec4<f32>(b[at${j}_${q}], b[at${j}_${q} + 1u], b[at${j}_${q} + 2u], b[at${j}_${q} + 3u]);
//%       endif
//%     endfor
//%   endif
//%   for d in range(4)
//%     if tb
        let b${d}_${j} = vec4<f32>(t${j}_0.${xyzw[d]}, t${j}_1.${xyzw[d]}, t${j}_2.${xyzw[d]}, t${j}_3.${xyzw[d]});
//%     elif pairs
//%       if j % 2 == 0
        let w${d}_${j} = b[(p + ${d}u) * (dims.n / 8u) + pair_b${j}];
        let b${d}_${j} = four(w${d}_${j}.xy);
        let b${d}_${j + 1} = four(w${d}_${j}.zw);
//%       endif
//%     elif vec_b
        let b${d}_${j} = ${'four' if wide}(b[(p + ${d}u) * (dims.n / 4u) + quad_b${j}]);
//%     else
        let b${d}_${j} = vec4<f32>(b[at_b(p + ${d}u, col${j}_0)], b[at_b(p + ${d}u, col${j}_1)], b[at_b(p + ${d}u, col${j}_2)], b[at_b(p + ${d}u, col${j}_3)]);
//%     endif
//%   endfor
//% endfor
//% for i in range(rows)
        {
//%   for d in range(4)
            let s${d} = ${a_value(i, d)|trim};
//%   endfor
//%   for j in range(quads)
            c${i}_${j} += s0 * b0_${j};
            c${i}_${j} += s1 * b1_${j};
            c${i}_${j} += s2 * b2_${j};
            c${i}_${j} += s3 * b3_${j};
//%   endfor
        }
//% endfor
    }
//% if not whole_k
    for (var p = whole; p < terms.y; p += 1u) {
//%   for i in range(loads)
        let x${i} = word_a(at_a(my_row${i}, p));
//%   endfor
//%   for j in range(quads)
        let y${j} = vec4<f32>(word_b(at_b(p, col${j}_0)), word_b(at_b(p, col${j}_1)), word_b(at_b(p, col${j}_2)), word_b(at_b(p, col${j}_3)));
//%   endfor
//%   for i in range(rows)
        let s${i} = ${a_word(i)|trim};
//%     for j in range(quads)
        c${i}_${j} += s${i} * y${j};
//%     endfor
//%   endfor
    }
//% endif
    let base = group.z * words();
//% if bias
//%   for j in range(quads)
//%     if vec_c
    let e${j} = e[min(first${j} / 4u, dims.n / 4u - 1u)];
//%     else
    let e${j} = vec4<f32>(e[col${j}_0], e[col${j}_1], e[col${j}_2], e[col${j}_3]);
//%     endif
//%   endfor
//% endif
//% for i in range(rows)
    if row0 + ${i}u < dims.m {
//%   for j in range(quads)
//%     if vec_c
        if first${j} < dims.n {
            let at = ((row0 + ${i}u) * dims.n + first${j}) / 4u;
            c[base / 4u + at] = ${result('c' ~ i ~ '_' ~ j, 'e' ~ j, 'e[at]', 4)|trim};
        }
//%     else
        {
            let at = (row0 + ${i}u) * dims.n + first${j};
//%       if mask
            let m = vec4<f32>(e[min(at, dims.m * dims.n - 1u)], e[min(at + 1u, dims.m * dims.n - 1u)], e[min(at + 2u, dims.m * dims.n - 1u)], e[min(at + 3u, dims.m * dims.n - 1u)]);
//%       endif
            let y = ${result('c' ~ i ~ '_' ~ j, 'e' ~ j, 'm', 4)|trim};
//%       for q in range(4)
            if first${j} + ${q}u < dims.n { c[base + at + ${q}u] = y.${xyzw[q]}; }
//%       endfor
        }
//%     endif
//%   endfor
    }
//% endfor
    if dims.sums != 0u && col0 == 0u {
//% if by_quads
        for (var i = row0 / 4u + lane; i < min(row0 + TILE_ROWS, dims.m) / 4u; i += ${lanes}u) {
            var sum = vec4<f32>();
            for (var p = terms.x; p < terms.y; p += 1u) { sum += ${'four' if wide}(a[p * (dims.m / 4u) + i]); }
            for (var q = 0u; q < 4u; q += 1u) { store_sum(base + dims.sums + 4u * i + q, sum[q]); }
        }
//% else
        for (var i = row0 + lane; i < min(row0 + TILE_ROWS, dims.m); i += ${lanes}u) {
            var sum = 0.0;
            for (var p = terms.x; p < terms.y; p += 1u) { sum += word_a(at_a(i, p)); }
            store_sum(base + dims.sums + i, sum);
        }
//% endif
    }
}
