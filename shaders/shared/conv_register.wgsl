// A convolution in registers: ${rows} output channels × ${units} ${'pixels' if unit == 1 else 'runs of ' ~ unit ~ ' pixels'} a lane, ${lanes} lanes. No workgroup
// memory and no barrier: what software drivers like.
//
// The kernel in front says what is convolved: `${source}` with planes of ${source_h} × ${source_w} gives `${out}` with
// planes of ${out_h} × ${out_w}; `weight_at(g, row, tap)` is where a row's tap lies for the first of
// `channels()` source channels, ${step} words apart. Rows of the kernel are a loop where the text would outgrow a
// processor's cache of instructions.
//% set xyzw = ['x', 'y', 'z', 'w']
//% set type = 'f32' if unit == 1 else 'vec' ~ unit ~ '<f32>'
//% set load = 'two(' if wide else '('
// A source is read by words: of two pixels, where a run has several.
//% set word = 1 if unit == 1 else 2
//% set loads = (kw * rows + lanes - 1) // lanes
// The first and the last word that a run of outputs reaches, from its own first.
//% set q0 = (0 - pad_w) // 2
//% set q1 = (unit - 1 - pad_w + kw - 1) // 2
const TILE_ROWS: u32 = ${rows}u;
const TILE_COLS: u32 = ${units * lanes * unit}u;

@compute @workgroup_size(${lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pixels = dims.n * ${out_h} * ${out_w};
    let sideways = (pixels + TILE_COLS - 1u) / TILE_COLS;
    let down = (height() + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (sideways * down);
    if g >= dims.groups { return; }
    let row0 = tile / sideways % down * TILE_ROWS;
    let first = tile % sideways * ${units * lanes}u + lane;
    let w = ${source_w} / ${word}u;
    let plane = ${source_h} * w;
    let out_w = ${out_w} / ${unit}u;

    // Pixels and rows beyond the edge read the last valid one and are not stored.
//% for j in range(units)
    let unit${j} = min(first + ${j * lanes}u, pixels / ${unit}u - 1u);
    let line${j} = divide(unit${j}, out_w);
    let image${j} = divide(line${j}, ${out_h});
    let x${j} = (unit${j} - line${j} * out_w)${' * dims.stride_w' if strided else ' * ' ~ unit // word ~ 'u'};
    let y${j} = (line${j} - image${j} * ${out_h})${' * dims.stride_h' if strided else ''};
    var at${j} = (image${j} * source_channels() + g * channels()) * plane + y${j} * w + x${j};
//%   if unit == 1 and pad_w > 0
//%     for kx in range(kw)
    let in_x${j}_${kx} = x${j} + ${kx * dil_w}u - ${pad_w}u < ${source_w};
//%     endfor
//%   endif
//% endfor
//% if broadcast
//%   for i in range(loads)
    let at_w${i} = weight_at(g, min(row0 + (lane + ${i * lanes}u) / ${kw}u, height() - 1u), (lane + ${i * lanes}u) % ${kw}u);
//%   endfor
//% else
//%   for i in range(rows)
    let at_w${i} = min(row0 + ${i}u, height() - 1u);
//%   endfor
//% endif

//% for i in range(rows)
//%   for j in range(units)
    var c${i}_${j} = ${type}();
//%   endfor
//% endfor
    for (var c = 0u; c < channels(); c += 1u) {
//% for k in range(kh if unrolled else 1)
//%   if unrolled
        {
            const ky = ${k}u;
//%   else
        for (var ky = 0u; ky < ${kh}u; ky += 1u) {
//%   endif
//%   if broadcast
//%     for i in range(loads)
            let w${i} = weight[at_w${i} + c * ${step} ${tap_sign} ky * ${kw}u];
//%     endfor
//%   endif
//%   for j in range(units)
            let in_y${j} = ${'y' ~ j ~ ' + ky * ' ~ dil_h ~ 'u - ' ~ pad_h ~ 'u < ' ~ source_h if pad_h > 0 else 'true'};
            let r${j} = at${j} + ky * ${dil_h}u * w - ${pad_h}u * w;
//%     if unit > 1
//%       for q in range(q0, q1 + 1)
//%         set shift = ' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u'
            let v${j}_${q - q0} = select(vec2<f32>(), ${load ~ source}[r${j}${shift}]), in_y${j}${' && x' ~ j ~ shift ~ ' < w' if q != 0 or pad_w > 0});
//%       endfor
//%       for kx in range(kw)
//%         set at = kx - pad_w - 2 * q0
            let b${kx}_${j} = ${type}(
//%         for n in range(at, at + unit)
                v${j}_${n // 2}.${xyzw[n % 2]},
//%         endfor
            );
//%       endfor
//%     else
//%       for kx in range(kw)
            let b${kx}_${j} = select(0.0, ${source}[r${j} + ${kx * dil_w}u - ${pad_w}u], in_y${j}${' && in_x' ~ j ~ '_' ~ kx if pad_w > 0});
//%       endfor
//%     endif
//%   endfor
//%   for i in range(rows)
            {
//%     for kx in range(kw)
//%       set e = i * kw + kx
//%       if broadcast
                let s${kx} = subgroupBroadcast(w${e // lanes}, ${e % lanes}u);
//%       else
                let s${kx} = weight[weight_at(g, at_w${i}, ky * ${kw}u + ${kx}u) + c * ${step}];
//%       endif
//%     endfor
//%     for j in range(units)
                c${i}_${j} += s0 * b0_${j}
//%       for kx in range(1, kw)
                    + s${kx} * b${kx}_${j}
//%       endfor
                ;
//%     endfor
            }
//%   endfor
        }
//% endfor
//% for j in range(units)
        at${j} += plane;
//% endfor
    }
//% if bias
//%   for i in range(0, rows, lanes if broadcast else 1)
    let e${i} = e[g * height() + min(row0 + ${i}u${' + lane' if broadcast else ''}, height() - 1u)];
//%   endfor
//%   if broadcast
//%     for i in range(rows)
    let bias${i} = subgroupBroadcast(e${i // lanes * lanes}, ${i % lanes}u);
//%     endfor
//%   endif
//% endif
    let out_plane = ${out_h} * out_w;
//% for j in range(units)
    if first + ${j * lanes}u < pixels / ${unit}u {
        let to = ((image${j} * dims.groups + g) * height() + row0) * out_plane + unit${j} - image${j} * out_plane;
//%   for i in range(rows)
        if row0 + ${i}u < height() {
            let at = to + ${i}u * out_plane;
            ${out}[at] = ${result('c' ~ i ~ '_' ~ j, ('bias' if broadcast else 'e') ~ i, 'e[at]', unit if unit > 1 else '')|trim};
        }
//%   endfor
    }
//% endfor
}
