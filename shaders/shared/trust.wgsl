// Where the trust ratio of a segment, which is one parameter, lies: behind the controllers, before the
// scale that clips. Mirrors `ops::trust`.
fn trust_at(segment: u32) -> u32 { return arrayLength(&control) - 1u - dims.segments + segment; }
