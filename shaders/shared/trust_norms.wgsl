
var<workgroup> sums: array<vec2<f32>, 64>;

// Squares of a parameter and of the step that its optimiser, in the kernel in front, would take, added by
// one workgroup in a fixed tree: lane 0 gets them.
fn squares_of(segment: u32, lane: u32) -> vec2<f32> {
    var begin = 0u;
    if segment > 0u { begin = dims.table[segment - 1u].end / 4u; }
    let end = dims.table[segment].end / 4u;
    let h = group_of(4u * begin);
    var sum = vec2<f32>();
    for (var i = begin + lane; i < end; i += 64u) {
        let p = param[i];
        let u = step_of(h, i, p);
        sum += vec2<f32>(dot(p, p), dot(u, u));
    }
    sums[lane] = sum;
    for (var half = 32u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    return sums[lane];
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let segment = group_index(group, groups);
    if segment >= dims.segments { return; }
    let squares = squares_of(segment, lane);
    if lane == 0u && !left_out() {
        var ratio = 1.0;
        if squares.x > 0.0 && squares.y > 0.0 { ratio = ratio_of(segment, sqrt(squares.x), sqrt(squares.y)); }
        control[trust_at(segment)] = ratio;
    }
}
