
// torch.optim.SGD for four elements, clipped before: the parameters, and their momentum buffer.
struct Updated { param: vec4<f32>, momentum_buffer: vec4<f32> }

fn update(p: vec4<f32>, gradient: vec4<f32>, before: vec4<f32>) -> Updated {
    var g = gradient;
    if hyper.clip_norm > 0.0 { g *= control[arrayLength(&control) - 1u]; }
    if hyper.clip_value > 0.0 { g = clamp(g, vec4<f32>(-hyper.clip_value), vec4<f32>(hyper.clip_value)); }
    if hyper.maximize != 0u { g = -g; }
    if hyper.weight_decay != 0.0 { g += hyper.weight_decay * p; }
    var v = before;
    if hyper.momentum != 0.0 {
        v = g;
        if hyper.first == 0u { v = hyper.momentum * before + hyper.gradient_scale * g; }
        g = select(v, g + hyper.momentum * v, hyper.nesterov != 0u);
    }
    return Updated(p - hyper.lr * control[0] * g, v);
}
