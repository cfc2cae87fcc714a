// A result of a convolution, with its epilogue, at word `at` of `y`, which lies in `channel`.
fn store_word(channel: u32, at: u32, sum: f32) {
    var v = sum;
    if (dims.epilogue & BIAS) != 0u { v += e[channel]; }
    if (dims.epilogue & RELU) != 0u { v = relu(v); }
    if (dims.epilogue & MASK) != 0u { v = masked(e[at], v); }
    y[at] = v;
}

// The same for a pixel, counted through all images.
fn store_pixel(channel: u32, pixel: u32, sum: f32) {
    let plane = dims.oh * dims.ow;
    let image = divide(pixel, plane);
    store_word(channel, (image * (dims.o - 1u) + channel) * plane + pixel, sum);
}

