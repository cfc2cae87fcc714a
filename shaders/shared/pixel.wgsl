// A result of a convolution, with its epilogue: pixel `pixel` of `channel` in `y`.
fn store_pixel(channel: u32, pixel: u32, sum: f32) {
    let plane = dims.oh * dims.ow;
    let at = (pixel / plane * dims.o + channel) * plane + pixel % plane;
    var v = sum;
    if (dims.epilogue & BIAS) != 0u { v += e[channel]; }
    if (dims.epilogue & RELU) != 0u { v = relu(v); }
    if (dims.epilogue & MASK) != 0u { v = masked(e[at], v); }
    y[at] = v;
}

