// The linear index of a workgroup: long launches are split over x and y (65,535 groups each).
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 { return group.x + group.y * groups.x; }

// True for a NaN. Compares bits: shaders may assume that `x != x` never holds.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// True for a NaN or an infinity.
fn is_non_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u; }

