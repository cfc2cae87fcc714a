// A convolution in registers: ${rows} output channels × ${units} ${'quads of pixels' if quad else 'pixels'} a lane, ${lanes} lanes. No workgroup
// memory and no barrier: what software drivers like.
//
// The kernel in front says what is convolved: `${source}` with planes of ${source_h} × ${source_w} gives `${out}` with
// planes of ${out_h} × ${out_w}; `weight_at(g, row, tap)` is where a row's tap lies for the first of
// `channels()` source channels, ${step} words apart.
//% set xyzw = ['x', 'y', 'z', 'w']
//% set taps = kh * kw
//% set unit = 4 if quad else 1
//% set type = 'vec4<f32>' if quad else 'f32'
//% set load = 'four(' if wide else ''
//% set close = ')' if wide else ''
//% set loads = (taps * rows + lanes - 1) // lanes
// The first and the last quad that a quad of outputs reaches, from its own.
//% set q0 = (0 - pad_w) // 4
//% set q1 = (3 - pad_w + kw - 1) // 4
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
    let w = ${source_w}${' / 4u' if quad else ''};
    let plane = ${source_h} * w;
    let out_w = ${out_w}${' / 4u' if quad else ''};

    // Pixels and rows beyond the edge read the last valid one and are not stored.
//% for j in range(units)
    let unit${j} = min(first + ${j * lanes}u, pixels / ${unit}u - 1u);
    let line${j} = divide(unit${j}, out_w);
    let image${j} = divide(line${j}, ${out_h});
    let x${j} = (unit${j} - line${j} * out_w)${' * dims.stride_w' if strided else ''};
    let y${j} = (line${j} - image${j} * ${out_h})${' * dims.stride_h' if strided else ''};
    var at${j} = (image${j} * source_channels() + g * channels()) * plane + y${j} * w + x${j};
//%   for ky in range(kh)
//%     if pad_h > 0
    let in_y${j}_${ky} = y${j} + ${ky * dil_h}u - ${pad_h}u < ${source_h};
//%     endif
//%   endfor
//%   if not quad and pad_w > 0
//%     for kx in range(kw)
    let in_x${j}_${kx} = x${j} + ${kx * dil_w}u - ${pad_w}u < ${source_w};
//%     endfor
//%   endif
//% endfor
//% if broadcast
//%   for i in range(loads)
    let at_w${i} = weight_at(g, min(row0 + (lane + ${i * lanes}u) / ${taps}u, height() - 1u), (lane + ${i * lanes}u) % ${taps}u);
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
//% if broadcast
//%   for i in range(loads)
        let w${i} = weight[at_w${i} + c * ${step}];
//%   endfor
//% endif
//% for ky in range(kh)
//%   for j in range(units)
        let r${j}_${ky} = at${j} + ${ky * dil_h}u * w - ${pad_h}u * w;
//%     if quad
//%       for q in range(q0, q1 + 1)
//%         set column = 'x' ~ j ~ (' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u')
//%         set index = 'r' ~ j ~ '_' ~ ky ~ (' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u')
//%         if pad_h > 0 and (q != 0 or pad_w > 0)
        let v${ky}_${j}_${q - q0} = select(vec4<f32>(), ${load ~ source}[${index}]${close}, in_y${j}_${ky} && ${column} < w);
//%         elif q != 0
        let v${ky}_${j}_${q - q0} = select(vec4<f32>(), ${load ~ source}[${index}]${close}, ${column} < w);
//%         elif pad_h > 0
        let v${ky}_${j}_${q - q0} = select(vec4<f32>(), ${load ~ source}[${index}]${close}, in_y${j}_${ky});
//%         else
        let v${ky}_${j}_${q - q0} = ${load ~ source}[${index}]${close};
//%         endif
//%       endfor
//%       for kx in range(kw)
//%         set at = kx - pad_w - 4 * q0
        let b${ky}_${kx}_${j} = vec4<f32>(v${ky}_${j}_${at // 4}.${xyzw[at % 4]}, v${ky}_${j}_${(at + 1) // 4}.${xyzw[(at + 1) % 4]}, v${ky}_${j}_${(at + 2) // 4}.${xyzw[(at + 2) % 4]}, v${ky}_${j}_${(at + 3) // 4}.${xyzw[(at + 3) % 4]});
//%       endfor
//%     else
//%       for kx in range(kw)
//%         if pad_h > 0 and pad_w > 0
        let b${ky}_${kx}_${j} = select(0.0, ${source}[r${j}_${ky} + ${kx * dil_w}u - ${pad_w}u], in_y${j}_${ky} && in_x${j}_${kx});
//%         elif pad_h > 0
        let b${ky}_${kx}_${j} = select(0.0, ${source}[r${j}_${ky} + ${kx * dil_w}u], in_y${j}_${ky});
//%         elif pad_w > 0
        let b${ky}_${kx}_${j} = select(0.0, ${source}[r${j}_${ky} + ${kx * dil_w}u - ${pad_w}u], in_x${j}_${kx});
//%         else
        let b${ky}_${kx}_${j} = ${source}[r${j}_${ky} + ${kx * dil_w}u];
//%         endif
//%       endfor
//%     endif
//%   endfor
//%   for i in range(rows)
        {
//%     for kx in range(kw)
//%       set e = i * taps + ky * kw + kx
//%       if broadcast
            let s${kx} = subgroupBroadcast(w${e // lanes}, ${e % lanes}u);
//%       else
            let s${kx} = weight[weight_at(g, at_w${i}, ${ky * kw + kx}u) + c * ${step}];
//%       endif
//%     endfor
//%     for j in range(units)
            c${i}_${j} += s0 * b${ky}_0_${j}
//%       for kx in range(1, kw)
                + s${kx} * b${ky}_${kx}_${j}
//%       endfor
            ;
//%     endfor
        }
//%   endfor
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
            ${out}[at] = ${result('c' ~ i ~ '_' ~ j, ('bias' if broadcast else 'e') ~ i, 'e[at]', 4 if quad else '')|trim};
        }
//%   endfor
    }
//% endfor
}
