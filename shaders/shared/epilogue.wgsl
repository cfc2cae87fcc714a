// What a matmul or convolution does to a result before storing it. Mirrors `ops::Epilogue`.
const BIAS: u32 = 1u;      // add e[column]
const RELU: u32 = 2u;      // then clamp below at 0 (keeps NaN and -0, as PyTorch does)
const MASK: u32 = 4u;      // zero where e[element] <= 0: the gradient of a ReLU whose output is e

// Compares bits: drivers may turn `x < 0.0 ? 0.0 : x` into a maximum, which loses a NaN.
fn relu(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    return select(x, 0.0, bits > 0x80000000u && bits <= 0xff800000u);
}
// On bits, too: drivers may flush a tiny y to zero. 0 - 1 is the largest number.
fn masked(y: f32, dy: f32) -> f32 {
    let bits = bitcast<u32>(y);
    return select(dy, 0.0, bits - 1u >= 0x7fffffffu && bits <= 0xff800000u);
}

