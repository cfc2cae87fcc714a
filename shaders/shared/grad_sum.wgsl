var<workgroup> sums: array<vec2<f32>, LANES>;

// Σ grad² and the count of elements that are not finite, added by one workgroup in a fixed tree:
// lane 0 gets them.
fn grad_sum(lane: u32) -> vec2<f32> {
    var norm = Norm();
    for (var i = lane; i < dims.n / 4u; i += LANES) {
        norm = plus(norm, grad[i]);
    }
    sums[lane] = total(norm);
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { sums[lane] += sums[lane + half]; }
    }
    return sums[lane];
}
