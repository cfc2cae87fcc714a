// A result of a convolution, with its epilogue, at word `at` of `dx`, which lies in `channel`.
fn store_word(channel: u32, at: u32, sum: f32) {
    var v = sum;
    if (dims.epilogue & BIAS) != 0u { v += e[channel]; }
    if (dims.epilogue & RELU) != 0u { v = relu(v); }
    if (dims.epilogue & MASK) != 0u { v = masked(e[at], v); }
    dx[at] = v;
}

// The same for a pixel, counted through all images.
fn store_pixel(channel: u32, pixel: u32, sum: f32) {
    let plane = dims.h * dims.w;
    let image = divide(pixel, plane);
    store_word(channel, (image * (dims.c - 1u) + channel) * plane + pixel, sum);
}

