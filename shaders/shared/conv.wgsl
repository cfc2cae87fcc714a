// Geometry of a convolution. Mirrors `ops::conv2d::Dims`; reflection checks the layout.
struct Dims {
    n: u32, c: u32, h: u32, w: u32,
    o: u32, oh: u32, ow: u32, kh: u32, kw: u32,
    stride_h: u32, stride_w: u32, padding_h: u32, padding_w: u32,
    dilation_h: u32, dilation_w: u32, groups: u32, epilogue: u32, sums: u32,
}

// Words of a weight's gradient, or of one part of it: with the sums behind it, if asked for.
fn weight_words() -> u32 {
    return select(dims.o * (dims.c / dims.groups) * dims.kh * dims.kw, dims.sums + dims.o, dims.sums != 0u);
}

