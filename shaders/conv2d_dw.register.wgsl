
// dw[o,c,i,j] = Σ dy · x for a stride of 1, as conv2d_dw.wgsl: a workgroup of ${lanes} lanes computes
// all taps of ${rows} output channels × 1 input channel in registers, each lane from every ${lanes}th
// ${'pixel' if unit == 1 else 'run of ' ~ unit ~ ' pixels'}; at the end the lanes' sums are added in order.
//% macro total(g)
//%   if unit == 4
(${g}.x + ${g}.y) + (${g}.z + ${g}.w)
//%   elif unit == 2
${g}.x + ${g}.y
//%   else
${g}
//%   endif
//% endmacro
//% set xyzw = ['x', 'y', 'z', 'w']
//% set taps = kh * kw
//% set vector = 'f32' if unit == 1 else 'vec' ~ unit ~ '<f32>'
//% set type = vector if not wide else 'u64' if unit == 2 else 'vec2<u64>'
//% set load = '(' if not wide else 'two(' if unit == 2 else 'four('
// The first and the last run that a run of dy reaches, from its own.
//% set q0 = (0 - pad_w) // unit
//% set q1 = (unit - 1 - pad_w + kw - 1) // unit

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<${type}>;
@group(0) @binding(2) var<storage, read> x: array<${type}>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

// Named, as `dot` is whatever a driver makes of it.
//% if unit == 4
fn dot_4(a: vec4<f32>, b: vec4<f32>) -> f32 { let p = a * b; return (p.x + p.y) + (p.z + p.w); }
//% elif unit == 2
fn dot_2(a: vec2<f32>, b: vec2<f32>) -> f32 { let p = a * b; return p.x + p.y; }
//% endif

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
    let w = dims.w / ${unit}u;
    let out_w = dims.ow / ${unit}u;
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
            let g${i} = ${load}dy[image_dy + my_row${i} + u]);
            d${i} += ${total('g' ~ i)|trim};
//% endfor
//% for ky in range(kh)
//%   if pad_h > 0
            let in_y${ky} = oy + ${ky * dil_h}u - ${pad_h}u < dims.h;
//%   endif
            let r${ky} = at + ${ky * dil_h}u * w;
//%   if unit > 1
//%     for q in range(q0, q1 + 1)
//%       set shift = ' + ' ~ q ~ 'u' if q >= 0 else ' - ' ~ (0 - q) ~ 'u'
//%       if pad_h > 0 and (q != 0 or pad_w > 0)
            let v${ky}_${q - q0} = select(${vector}(), ${load}x[r${ky}${shift}]), in_y${ky} && ox${shift} < w);
//%       elif q != 0
            let v${ky}_${q - q0} = select(${vector}(), ${load}x[r${ky}${shift}]), ox${shift} < w);
//%       elif pad_h > 0
            let v${ky}_${q - q0} = select(${vector}(), ${load}x[r${ky}${shift}]), in_y${ky});
//%       else
            let v${ky}_${q - q0} = ${load}x[r${ky}${shift}]);
//%       endif
//%     endfor
//%   endif
//%   for kx in range(kw)
//%     if unit > 1
//%       set a = kx - pad_w - unit * q0
            let b${ky}_${kx} = ${vector}(
//%       for n in range(a, a + unit)
                v${ky}_${n // unit}.${xyzw[n % unit]},
//%       endfor
            );
//%       for i in range(rows)
            c${i}_${ky * kw + kx} += dot_${unit}(g${i}, b${ky}_${kx});
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
