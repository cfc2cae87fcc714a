// What the updates of all optimisers share. Mirrors `ops::update::Dims`: parameters that lie side by
// side and have the same numbers are a segment, which ends before element `end`.
struct Segment { end: u32, group: u32, scale: f32, spare: u32 }
struct Dims { n: u32, segments: u32, flags: u32, memory: u32, table: array<Segment, 256> }

// The segment of an element: the first that ends behind it.
fn segment_of(element: u32) -> u32 {
    var low = 0u;
    var high = dims.segments - 1u;
    while low < high {
        let middle = (low + high) / 2u;
        if element < dims.table[middle].end { high = middle; } else { low = middle + 1u; }
    }
    return low;
}

// The numbers of an element's group, with the rates as this update applies them. Where there is one
// segment, the table is not asked: loads from places that are known cost software drivers less.
fn group_of(element: u32) -> Group {
    if dims.segments == 1u { return at_rate(hyper.groups[0], control[0]); }
    let segment = dims.table[segment_of(element)];
    return at_rate(hyper.groups[segment.group], segment.scale * control[0]);
}

fn at_rate(group: Group, factor: f32) -> Group {
    var h = group;
    h.lr *= factor;
    h.step_size *= factor;
    return h;
}

// The gradient that an optimiser takes: clipped, and turned round to ascend.
fn taken(gradient: vec4<f32>, h: Group) -> vec4<f32> {
    var g = gradient;
    if hyper.clip_norm > 0.0 { g *= control[arrayLength(&control) - 1u]; }
    if hyper.clip_value > 0.0 { g = clamp(g, vec4<f32>(-hyper.clip_value), vec4<f32>(hyper.clip_value)); }
    if h.maximize != 0u { g = -g; }
    return g;
}
