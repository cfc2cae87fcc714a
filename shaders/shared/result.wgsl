
// The epilogue of epilogue.wgsl on two and on four results.
fn relu2(x: vec2<f32>) -> vec2<f32> {
    let bits = bitcast<vec2<u32>>(x);
    return select(x, vec2<f32>(), (bits > vec2<u32>(0x80000000u)) & (bits <= vec2<u32>(0xff800000u)));
}
fn masked2(y: vec2<f32>, dy: vec2<f32>) -> vec2<f32> {
    let bits = bitcast<vec2<u32>>(y);
    return select(dy, vec2<f32>(), (bits - 1u >= vec2<u32>(0x7fffffffu)) & (bits <= vec2<u32>(0xff800000u)));
}
fn relu4(x: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    return select(x, vec4<f32>(), (bits > vec4<u32>(0x80000000u)) & (bits <= vec4<u32>(0xff800000u)));
}
fn masked4(y: vec4<f32>, dy: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(y);
    return select(dy, vec4<f32>(), (bits - 1u >= vec4<u32>(0x7fffffffu)) & (bits <= vec4<u32>(0xff800000u)));
}

// A result with the epilogue that the settings name: software drivers would execute all of it.
//% macro result(sum, e, y, width)
//%   set biased = (sum ~ ' + ' ~ e) if bias else sum
//%   set clamped = ('relu' ~ width ~ '(' ~ biased ~ ')') if relu else biased
${'masked' ~ width ~ '(' ~ y ~ ', ' ~ clamped ~ ')' if mask else clamped}
//% endmacro
