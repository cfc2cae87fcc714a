// Takes the gradient's norm from the log into one controller's memory and sets its factor. AdaGrad-
// Norm (rule 1) runs before the update and notes the factor in the log; the norm's ratio (rule 0)
// runs after it, for the next one. control = (product of factors, then per controller: mean or sum,
// reference, norms seen, factor).

struct Dims {
    rule: u32, index: u32, count: u32, slots: u32, reference: u32,
    floor: f32, smoothing: f32, b0: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read_write> log: array<f32>;
@group(0) @binding(3) var<storage, read_write> control: array<f32>;

const STATE: u32 = 4u;

@compute @workgroup_size(1)
fn main() {
    let at = hyper.slot % dims.slots * LOG_WORDS;
    let squares = log[at + 2u];
    let s = 1u + dims.index * STATE;
    var mean = control[s];
    var reference = control[s + 1u];
    var seen = control[s + 2u];
    var factor = 1.0;
    let usable = !is_non_finite(squares) && log[at + 3u] == 0.0;
    if dims.rule == 0u {
        let norm = sqrt(squares);
        if usable && seen < f32(dims.reference) {
            seen += 1.0;
            reference += (norm - reference) / seen;
            mean = reference;
        } else if usable {
            mean = dims.smoothing * mean + (1.0 - dims.smoothing) * norm;
        }
        if seen >= f32(dims.reference) && reference != 0.0 {
            factor = clamp(mean / reference, dims.floor, 1.0);
        }
    } else {
        if usable { mean += squares; }
        factor = 1.0 / sqrt(dims.b0 * dims.b0 + mean);
    }
    control[s] = mean;
    control[s + 1u] = reference;
    control[s + 2u] = seen;
    control[s + 3u] = factor;
    var product = 1.0;
    for (var i = 1u; i <= dims.count; i += 1u) { product *= control[i * STATE]; }
    control[0] = product;
    if dims.rule == 1u { log[at + 4u] = product; }
}
