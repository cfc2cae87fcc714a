
// Softmax and cross-entropy of row `r`, whose label is `hit`: (loss, 1 if the largest logit is the
// label's), and the gradient of the batch's mean loss into `dlogits`. Stable: the maximum is
// subtracted first. For kernels with `dims.rows`, `dims.cols` and `dims.smoothing`.
fn cross_entropy(r: u32, hit: u32) -> vec2<f32> {
    let start = r * dims.cols;
    let x_hit = logits[start + hit];

    var top = logits[start];
    var right = !is_nan(x_hit);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        top = max(top, x);
        let beaten = (c == hit) || (c < hit && x < x_hit) || (c > hit && x <= x_hit);
        right = right && beaten;
    }
    var total = 0.0;
    var below = 0.0; // Σ (top − x): small where Σ x would cancel
    for (var c = 0u; c < dims.cols; c += 1u) {
        let x = logits[start + c];
        total += exp(x - top);
        below += top - x;
    }
    // Not every driver's `exp` and `log` hand on a NaN, which this sum has if there is one.
    let lost = select(0.0, below, is_nan(below));
    total += lost;
    let spread = log(total) + lost;
    var loss = (1.0 - dims.smoothing) * (spread + (top - x_hit));
    if dims.smoothing > 0.0 { loss += dims.smoothing * (spread + below / f32(dims.cols)); }

    let even = dims.smoothing / f32(dims.cols);
    for (var c = 0u; c < dims.cols; c += 1u) {
        let p = exp(logits[start + c] - top) / total;
        let target_p = select(even, 1.0 - dims.smoothing + even, c == hit);
        dlogits[start + c] = (p - target_p) / f32(dims.rows);
    }
    return vec2<f32>(loss, select(0.0, 1.0, right));
}
