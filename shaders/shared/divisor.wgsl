// How many elements an average-pooling window is divided by, as PyTorch counts.
fn divisor(oy: u32, ox: u32) -> f32 {
    if dims.count_include_pad != 0u {
        let rows = min(oy * dims.stride_h + dims.kh, dims.h + 2u * dims.padding_h) - oy * dims.stride_h;
        let cols = min(ox * dims.stride_w + dims.kw, dims.w + 2u * dims.padding_w) - ox * dims.stride_w;
        return f32(rows * cols);
    }
    let rows = window(oy, dims.stride_h, dims.kh, dims.padding_h, dims.h);
    let cols = window(ox, dims.stride_w, dims.kw, dims.padding_w, dims.w);
    return f32((rows.y - rows.x) * (cols.y - cols.x));
}

