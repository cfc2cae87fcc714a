var<workgroup> sums: array<vec4<f32>, 64>;

// The sum over a workgroup's 64 invocations in a fixed tree, as the first of them gets it.
fn tree(lane: u32, mine: vec4<f32>) -> vec4<f32> {
    sums[lane] = mine;
    for (var half = 32u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    return sums[lane];
}

