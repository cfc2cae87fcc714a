// Max-pooling, one invocation an output: the first maximum wins, a NaN always does.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> index: array<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    if at >= dims.planes * dims.oh * dims.ow { return; }
    let row = divide(at, dims.ow);
    let of_plane = divide(row, dims.oh);
    let plane = of_plane * dims.h * dims.w;
    let rows = window(row - of_plane * dims.oh, dims.stride_h, dims.kh, dims.padding_h, dims.h);
    let cols = window(at - row * dims.ow, dims.stride_w, dims.kw, dims.padding_w, dims.w);
    var best_at = rows.x * dims.w + cols.x;
    var best = x[plane + best_at];
    for (var iy = rows.x; iy < rows.y; iy += 1u) {
        for (var ix = cols.x; ix < cols.y; ix += 1u) {
            let i = iy * dims.w + ix;
            let v = x[plane + i];
            if v > best || is_nan(v) {
                best = v;
                best_at = i;
            }
        }
    }
    y[at] = best;
    index[at] = best_at;
}
