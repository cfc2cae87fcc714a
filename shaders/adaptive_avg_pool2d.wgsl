// Average-pooling by windows that follow from both sizes, one invocation an output.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

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
    let rows = window(row - of_plane * dims.oh, dims.h, dims.oh);
    let cols = window(at - row * dims.ow, dims.w, dims.ow);
    var sum = 0.0;
    for (var iy = rows.x; iy < rows.y; iy += 1u) {
        for (var ix = cols.x; ix < cols.y; ix += 1u) {
            sum += x[plane + iy * dims.w + ix];
        }
    }
    y[at] = sum / f32((rows.y - rows.x) * (cols.y - cols.x));
}
