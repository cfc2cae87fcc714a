
// Squares of the elements that are finite, and how many are not: by component until `total`.
struct Norm { squares: vec4<f32>, bad: vec4<f32> }

fn plus(norm: Norm, x: vec4<f32>) -> Norm {
    let finite = (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) < vec4<u32>(0x7f800000u);
    return Norm(
        norm.squares + select(vec4<f32>(), x * x, finite),
        norm.bad + select(vec4<f32>(1.0), vec4<f32>(), finite),
    );
}

fn total(norm: Norm) -> vec2<f32> {
    let s = norm.squares;
    let b = norm.bad;
    return vec2<f32>((s.x + s.y) + (s.z + s.w), (b.x + b.y) + (b.z + b.w));
}
