
//% if wide
// Four floats out of two 64-bit words: software drivers load lane by lane and word by word, at the
// same price whatever a word's size.
fn four(x: vec2<u64>) -> vec4<f32> {
    let low = vec2<u32>(x);
    let high = vec2<u32>(x >> vec2<u32>(32u));
    return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}

// Two floats out of one.
fn two(x: u64) -> vec2<f32> { return bitcast<vec2<f32>>(vec2<u32>(u32(x), u32(x >> 32u))); }

// The way back.
fn pair(x: vec4<f32>) -> vec2<u64> {
    let bits = bitcast<vec4<u32>>(x);
    return vec2<u64>(bits.xz) | (vec2<u64>(bits.yw) << vec2<u32>(32u));
}
//% endif
