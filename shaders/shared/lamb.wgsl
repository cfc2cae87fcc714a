
// What Adam makes of an element, its weights' decay beside it.
fn direction(h: Group, m: vec4<f32>, v: vec4<f32>, p: vec4<f32>) -> vec4<f32> {
    return m / h.trust / (sqrt(v) / h.correction + h.eps) + h.weight_decay * p;
}

// The moments of an element with one more gradient.
struct Moments { m: vec4<f32>, v: vec4<f32> }

fn moments(h: Group, g: vec4<f32>, m: vec4<f32>, v: vec4<f32>) -> Moments {
    return Moments(
        h.momentum * m + h.gradient_scale * g,
        h.square_decay * v + h.square_scale * g * g,
    );
}
