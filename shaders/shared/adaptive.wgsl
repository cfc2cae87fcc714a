// Geometry of an adaptive pooling. Mirrors `ops::adaptive_avg_pool2d::Dims`; reflection checks the layout.
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32, mask: u32 }

// The window of output o among `outputs` over `size` inputs: [start, end).
fn window(o: u32, size: u32, outputs: u32) -> vec2<u32> {
    return vec2<u32>(divide(o * size, outputs), divide((o + 1u) * size + outputs - 1u, outputs));
}

// The outputs whose windows hold input i: [start, end).
fn covering(i: u32, size: u32, outputs: u32) -> vec2<u32> {
    return vec2<u32>(divide(i * outputs, size), divide((i + 1u) * outputs + size - 1u, size));
}

