// The linear index of a workgroup: long launches are split over x and y (65,535 groups each).
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 { return group.x + group.y * groups.x; }

// True for a NaN. Compares bits: shaders may assume that `x != x` never holds.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// True for a NaN or an infinity.
fn is_non_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u; }

// a / b for 0 < b < 2^31 and a < 2^31, exactly. Software drivers divide integers lane by lane, which
// would cost more than what most kernels do with the quotient.
fn divide(a: u32, b: u32) -> u32 {
    let per_b = 1.0 / f32(b);
    let near = u32(f32(a) * per_b);
    let rest = f32(i32(a - near * b));
    let q = near + u32(i32(floor((rest + 0.5) * per_b)));
    let over = i32(a - q * b);
    return q + select(0u, 1u, over >= i32(b)) - select(0u, 1u, over < 0);
}

