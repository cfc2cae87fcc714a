// The gradient of adaptive average-pooling, one invocation an input: its share of every window that
// holds it.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * 64u + lane;
    let plane_size = dims.h * dims.w;
    if at >= dims.planes * plane_size { return; }
    let of_plane = divide(at, plane_size);
    let plane = of_plane * dims.oh * dims.ow;
    let me = at - of_plane * plane_size;
    let iy = divide(me, dims.w);
    let rows = covering(iy, dims.h, dims.oh);
    let cols = covering(me - iy * dims.w, dims.w, dims.ow);
    var sum = 0.0;
    for (var oy = rows.x; oy < rows.y; oy += 1u) {
        let down = window(oy, dims.h, dims.oh);
        for (var ox = cols.x; ox < cols.y; ox += 1u) {
            let across = window(ox, dims.w, dims.ow);
            sum += dy[plane + oy * dims.ow + ox] / f32((down.y - down.x) * (across.y - across.x));
        }
    }
    if dims.mask != 0u { sum = masked(y[at], sum); }
    dx[at] = sum;
}
