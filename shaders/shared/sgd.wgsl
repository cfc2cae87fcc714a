
// torch.optim.SGD for four elements: the parameters, and their momentum buffer.
struct Updated { param: vec4<f32>, momentum_buffer: vec4<f32> }

// The buffer is kept where there is momentum, and where a flag asks for it.
fn keeps(h: Group) -> bool { return h.momentum != 0.0 || dims.flags != 0u; }

fn update(h: Group, p: vec4<f32>, gradient: vec4<f32>, before: vec4<f32>) -> Updated {
    var g = taken(gradient, h);
    if h.weight_decay != 0.0 { g += h.weight_decay * p; }
    var v = before;
    if keeps(h) {
        v = g;
        if h.first == 0u { v = h.momentum * before + h.gradient_scale * g; }
        g = select(v, g + h.momentum * v, h.nesterov != 0u);
    }
    return Updated(p - h.lr * g, v);
}
