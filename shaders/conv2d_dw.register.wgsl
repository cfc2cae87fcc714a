// dw[o,c,i,j] = Σ dy · x for a stride of 1, as conv2d_dw.wgsl: a workgroup of ${lanes} lanes computes
// all taps of ${rows} output channels × 1 input channel in registers, each lane from every ${lanes}th
// ${'quad of pixels' if quad else 'pixel'}; at the end the lanes' sums are added in order.
//% set xyzw = ['x', 'y', 'z', 'w']
//% set taps = kh * kw
//% set type = ('vec2<u64>' if wide else 'vec4<f32>') if quad else 'f32'
//% set load = 'four(' if quad and wide else ''
//% set close = ')' if quad and wide else ''
//% set q0 = (0 - pad_w) // 4
//% set q1 = (3 - pad_w + kw - 1) // 4

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<${type}>;
@group(0) @binding(2) var<storage, read> x: array<${type}>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

const TILE_ROWS: u32 = ${rows}u;
const TILE_COLS: u32 = ${taps}u;

var<workgroup> lines: array<f32, ${rows * (taps + 1) * lanes}>;

@compute @workgroup_size(${lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group_c = dims.c / dims.groups;
    let group_o = dims.o / dims.groups;
    let down = (group_o + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let g = tile / (group_c * down);
    if g >= dims.groups { return; }
    let row0 = tile / group_c % down * TILE_ROWS;
    let channel = tile % group_c;
    let w = dims.w${' / 4u' if quad else ''};
    let out_w = dims.ow${' / 4u' if quad else ''};
    let units = dims.oh * out_w;
    // Software drivers divide integers lane by lane; a plane has few enough units for this.
    let per_row = 1.0 / f32(out_w);
    // A part of a split sum takes a range of images.
    let chunk = (dims.n + groups.z - 1u) / groups.z;
    let last = min(group.z * chunk + chunk, dims.n);

    // Rows beyond the edge read the last valid one and are not stored.
//% for i in range(rows)
    let my_row${i} = (g * group_o + min(row0 + ${i}u, group_o - 1u)) * units;
    var d${i} = 0.0;
//%   for t in range(taps)
    var c${i}_${t} = 0.0;
//%   endfor
//% endfor
    for (var image = group.z * chunk; image < last; image += 1u) {
        let image_dy = image * dims.o * units;
        let plane = (image * dims.c + g * group_c + channel) * dims.h * w;
        for (var u = lane; u < units; u += ${lanes}u) {
            let oy = u32((f32(u) + 0.5) * per_row);
            let ox = u - oy * out_w;
            let at = plane + oy * w + ox - ${pad_h}u * w;
//% for i in range(rows)
            let g${i} = ${load}dy[image_dy + my_row${i} + u]${close};
            d${i} += ${'(g' ~ i ~ '.x + g' ~ i ~ '.y) + (g' ~ i ~ '.z + g' ~ i ~ '.w)' if quad else 'g' ~ i};
//% endfor
//% for ky in range(kh)
//%   if pad_h > 0
            let in_y${ky} = oy + ${ky * dil_h}u - ${pad_h}u < dims.h;
//%   endif
            let r${ky} = at + ${ky * dil_h}u * w;
//%   if quad
//%     for q in range(q0, q1 + 1)
//%       set shift = ' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u'
//%       if pad_h > 0 and (q != 0 or pad_w > 0)
            let v${ky}_${q - q0} = select(vec4<f32>(), ${load}x[r${ky}${shift}]${close}, in_y${ky} && ox${shift} < w);
//%       elif q != 0
            let v${ky}_${q - q0} = select(vec4<f32>(), ${load}x[r${ky}${shift}]${close}, ox${shift} < w);
//%       elif pad_h > 0
            let v${ky}_${q - q0} = select(vec4<f32>(), ${load}x[r${ky}${shift}]${close}, in_y${ky});
//%       else
            let v${ky}_${q - q0} = ${load}x[r${ky}${shift}]${close};
//%       endif
//%     endfor
//%   endif
//%   for kx in range(kw)
//%     if quad
//%       set a = kx - pad_w - 4 * q0
//%       for i in range(rows)
            c${i}_${ky * kw + kx} += (g${i}.x * v${ky}_${a // 4}.${xyzw[a % 4]} + g${i}.y * v${ky}_${(a + 1) // 4}.${xyzw[(a + 1) % 4]}) + (g${i}.z * v${ky}_${(a + 2) // 4}.${xyzw[(a + 2) % 4]} + g${i}.w * v${ky}_${(a + 3) // 4}.${xyzw[(a + 3) % 4]});
//%       endfor
//%     else
            let ix${ky}_${kx} = ox + ${kx * dil_w}u - ${pad_w}u;
            let v${ky}_${kx} = select(0.0, x[r${ky} + ${kx * dil_w}u - ${pad_w}u], ${'in_y' ~ ky ~ ' && ' if pad_h > 0 else ''}ix${ky}_${kx} < dims.w);
//%       for i in range(rows)
            c${i}_${ky * kw + kx} += g${i} * v${ky}_${kx};
//%       endfor
//%     endif
//%   endfor
//% endfor
        }
    }
//% for i in range(rows)
//%   for t in range(taps)
    lines[${(i * (taps + 1) + t) * lanes}u + lane] = c${i}_${t};
//%   endfor
    lines[${(i * (taps + 1) + taps) * lanes}u + lane] = d${i};
//% endfor
    workgroupBarrier();
    let part = group.z * weight_words();
    for (var s = lane; s < ${rows * (taps + 1)}u; s += ${lanes}u) {
        var sum = 0.0;
        for (var l = 0u; l < ${lanes}u; l += 1u) { sum += lines[s * ${lanes}u + l]; }
        let row = row0 + s / ${taps + 1}u;
        let tap = s % ${taps + 1}u;
        if row < group_o {
            let o = g * group_o + row;
            if tap < ${taps}u {
                dw[part + (o * group_c + channel) * ${taps}u + tap] = sum;
            } else if dims.sums != 0u && channel == 0u {
                dw[part + dims.sums + o] = sum;
            }
        }
    }
}
