// A loss that is the mean of one number an element, one invocation a row: row = (the row's mean, 1 if the
// largest of a class's row is the label's), and the gradient of the mean over all elements.

struct Dims { rows: u32, cols: u32, function: u32, one_hot: u32, delta: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> goal: array<u32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> row: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

const SQUARE: u32 = 0u;
const ABSOLUTE: u32 = 1u;
const HUBER: u32 = 2u;

// The loss of an element, and its slope.
fn loss(x: f32, y: f32) -> vec2<f32> {
    let error = x - y;
    switch dims.function {
        case SQUARE: { return vec2<f32>(error * error, 2.0 * error); }
        case ABSOLUTE: { return vec2<f32>(abs(error), sign(error)); }
        case HUBER: {
            let far = vec2<f32>(dims.delta * (abs(error) - 0.5 * dims.delta), dims.delta * sign(error));
            let near = vec2<f32>(0.5 * error * error, error);
            return select(far, near, abs(error) <= dims.delta);
        }
        // Binary cross-entropy of a logit: no exponential of a positive number.
        default: {
            let e = exp(-abs(x));
            let p = select(e, 1.0, x >= 0.0) / (1.0 + e);
            return vec2<f32>(max(x, 0.0) - x * y + log(1.0 + e), p - y);
        }
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let r = group_index(group, groups) * 64u + lane;
    if r >= dims.rows { return; }
    let start = r * dims.cols;
    var hit = 0u;
    if dims.one_hot != 0u { hit = goal[hyper.cursor + r]; }
    let x_hit = x[start + hit];
    var right = dims.one_hot != 0u && !is_nan(x_hit);
    var sum = 0.0;
    for (var c = 0u; c < dims.cols; c += 1u) {
        let v = x[start + c];
        var y = select(0.0, 1.0, c == hit);
        if dims.one_hot == 0u { y = bitcast<f32>(goal[hyper.cursor * dims.cols + start + c]); }
        let both = loss(v, y);
        // Not every driver's `max` and `sign` hand on a NaN.
        let lost = select(0.0, v, is_nan(v));
        sum += both.x + lost;
        dx[start + c] = (both.y + lost) / f32(dims.rows * dims.cols);
        right = right && ((c == hit) || (c < hit && v < x_hit) || (c > hit && v <= x_hit));
    }
    row[2u * r] = sum / f32(dims.cols);
    row[2u * r + 1u] = select(0.0, 1.0, right);
}
