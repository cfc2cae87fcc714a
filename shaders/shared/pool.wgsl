// Geometry of a pooling. Mirrors `ops::max_pool2d::Dims`; reflection checks the layout.
struct Dims {
    planes: u32, h: u32, w: u32, oh: u32, ow: u32, kh: u32, kw: u32,
    stride_h: u32, stride_w: u32, padding_h: u32, padding_w: u32,
    count_include_pad: u32, mask: u32,
}

// The part of a window that lies inside the input: [start, end).
fn window(o: u32, stride: u32, k: u32, padding: u32, size: u32) -> vec2<u32> {
    let start = o * stride;
    return vec2<u32>(max(start, padding) - padding, min(max(start + k, padding) - padding, size));
}

// The outputs whose windows hold input i: [start, end).
fn covering(i: u32, stride: u32, k: u32, padding: u32, outputs: u32) -> vec2<u32> {
    let at = i + padding;
    let first = select(0u, divide(at - min(at, k - 1u) + stride - 1u, stride), at >= k);
    return vec2<u32>(first, min(divide(at, stride) + 1u, outputs));
}

