// dw[o,c,i,j] = Σ dy · x for a stride of 1, as conv2d_dw.wgsl: a workgroup of ${lanes} lanes computes all taps of
// ${rows} output channels, each lane for an input channel of its own, ${unit} × ${lines} pixels at a time. No barrier and no
// sum over lanes: what software drivers like where there are channels enough.
//% if broadcast
// Each lane loads another row of dy for its subgroup, which broadcasts every value.
//% else
// Every lane loads the same values of dy.
//% endif
//% set xyzw = ['x', 'y', 'z', 'w']
//% set taps = kh * kw
//% set word = 1 if unit == 1 else 2
//% set type = 'f32' if unit == 1 else 'u64' if wide else 'vec2<f32>'
//% set vector = 'f32' if unit == 1 else 'vec2<f32>'
//% set load = 'two(' if wide else '('
// Rows of dy that a lane loads.
//% set loads = ((rows + lanes - 1) // lanes) if broadcast else rows
// The first and the last word of x that a run of dy reaches, from its own first.
//% set q0 = (0 - pad_w) // 2
//% set q1 = (unit - 1 - pad_w + kw - 1) // 2

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<${type}>;
@group(0) @binding(2) var<storage, read> x: array<${type}>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

const TILE_ROWS: u32 = ${rows}u;
const TILE_COLS: u32 = ${lanes * taps}u;

@compute @workgroup_size(${lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group_c = dims.c / dims.groups;
    let group_o = dims.o / dims.groups;
    let across = (group_c + ${lanes - 1}u) / ${lanes}u;
    let down = (group_o + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (across * down);
    if g >= dims.groups { return; }
    let row0 = tile / across % down * TILE_ROWS;
    let channel = tile % across * ${lanes}u + lane;
    let w = dims.w / ${word}u;
    let out_w = dims.ow / ${word}u;
    // A part of a split sum takes a range of images.
    let chunk = (dims.n + groups.z - 1u) / groups.z;
    let last = min(group.z * chunk + chunk, dims.n);

    // Rows and channels beyond the edge read the last valid one and are not stored.
//% for i in range(loads)
    let my_row${i} = (g * group_o + min(row0 + ${i * lanes ~ 'u + lane' if broadcast else i ~ 'u'}, group_o - 1u)) * dims.oh * out_w;
    var d${i} = 0.0;
//% endfor
//% for i in range(rows)
//%   for t in range(taps)
    var c${i}_${t} = 0.0;
//%   endfor
//% endfor
    for (var image = group.z * chunk; image < last; image += 1u) {
        let image_dy = image * dims.o * dims.oh * out_w;
        let plane = (image * dims.c + g * group_c + min(channel, group_c - 1u)) * dims.h * w;
        for (var oy = 0u; oy < dims.oh; oy += ${lines}u) {
//% for r in range(lines + (kh - 1) * dil_h)
            let in_y${r} = ${'oy + ' ~ r ~ 'u - ' ~ pad_h ~ 'u < dims.h' if pad_h > 0 or lines > 1 else 'true'};
//% endfor
        for (var ox = 0u; ox < out_w; ox += ${unit // word}u) {
            let at = plane + oy * w + ox - ${pad_h}u * w;
//% for r in range(lines + (kh - 1) * dil_h)
//%   if unit > 1
//%     for q in range(q0, q1 + 1)
//%       set shift = ' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u'
            let v${r}_${q - q0} = select(${vector}(), ${load}x[at + ${r}u * w${shift}]), in_y${r}${' && ox' ~ shift ~ ' < w' if q != 0 or pad_w > 0});
//%     endfor
//%   else
//%     for kx in range(kw)
            let v${r}_${kx} = select(0.0, x[at + ${r}u * w + ${kx * dil_w}u - ${pad_w}u], in_y${r} && ox + ${kx * dil_w}u - ${pad_w}u < dims.w);
//%     endfor
//%   endif
//% endfor
//% for i in range(loads)
//%   for l in range(lines)
//%     for p in range(unit // word)
//%       set index = 'dy[image_dy + my_row' ~ i ~ ' + (oy + ' ~ l ~ 'u) * out_w + ox + ' ~ p ~ 'u]'
            let g${i}_${l}_${p} = ${'select(' ~ vector ~ '(), ' ~ load ~ index ~ '), oy + ' ~ l ~ 'u < dims.oh)' if l > 0 else load ~ index ~ ')'};
//%       if unit > 1
            d${i} += g${i}_${l}_${p}.x + g${i}_${l}_${p}.y;
//%       else
            d${i} += g${i}_${l}_${p};
//%       endif
//%     endfor
//%   endfor
//% endfor
//% for i in range(rows)
            {
//%   for l in range(lines)
//%     for p in range(unit)
//%       set value = 'g' ~ (i // lanes if broadcast else i) ~ '_' ~ l ~ '_' ~ p // word ~ ('.' ~ xyzw[p % word] if unit > 1)
                let s${l}_${p} = ${'subgroupBroadcast(' ~ value ~ ', ' ~ i % lanes ~ 'u)' if broadcast else value};
//%     endfor
//%   endfor
//%   for ky in range(kh)
//%     for kx in range(kw)
                c${i}_${ky * kw + kx} +=
//%       for l in range(lines)
//%         for p in range(unit)
//%           set n = kx + p - pad_w - 2 * q0
                    ${'+ ' if l + p > 0}s${l}_${p} * v${l + ky * dil_h}_${n // 2 ~ '.' ~ xyzw[n % 2] if unit > 1 else kx}
//%         endfor
//%       endfor
                ;
//%     endfor
//%   endfor
            }
//% endfor
        }
        }
    }
    let part = group.z * weight_words();
//% for i in range(rows)
    if row0 + ${i}u < group_o && channel < group_c {
        let to = part + ((g * group_o + row0 + ${i}u) * group_c + channel) * ${taps}u;
//%   for t in range(taps)
        dw[to + ${t}u] = c${i}_${t};
//%   endfor
    }
//% endfor
//% for i in range(loads)
    {
        let row = row0 + ${i * lanes ~ 'u + lane' if broadcast else i ~ 'u'};
        if dims.sums != 0u && row < group_o && ${'tile % across == 0u' if broadcast else 'channel == 0u'} {
            dw[part + dims.sums + g * group_o + row] = d${i};
        }
    }
//% endfor
}
