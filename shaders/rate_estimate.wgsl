// An optimiser's own rate, from the shares that were measured, in a fixed tree: into its memory in
// `control`, and into the factor on the rate, which the log notes.

struct Dims {
    method: u32, parts: u32, behind: u32, slots: u32,
    controllers: u32, memory: u32, first: f32, eps: f32,
    coefficient: f32, decay: f32, bound: f32, spare: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> state: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> log: array<f32>;
@group(0) @binding(4) var<storage, read_write> control: array<f32>;

const DOG: u32 = 0u;
const DOWG: u32 = 1u;
const SPS: u32 = 2u;
const HYPERGRADIENT: u32 = 3u;
const PRODIGY: u32 = 4u;
const DADAPT: u32 = 5u;
const SCHEDULE_FREE: u32 = 6u;

fn at(word: u32) -> f32 { return control[dims.memory + word]; }
fn keep(word: u32, x: f32) { control[dims.memory + word] = x; }

// The farthest from the start so far, by the root of all squared norms.
fn dog(sum: vec4<f32>) -> f32 {
    let far = max(at(0u), sqrt(sum.y));
    let squares = at(1u) + sum.x;
    keep(0u, far);
    keep(1u, squares);
    return far / sqrt(squares + dims.eps);
}

// The same with squared distances, each norm weighed by the one of its time.
fn dowg(sum: vec4<f32>) -> f32 {
    let far = max(at(0u), sum.y);
    let squares = at(1u) + far * sum.x;
    keep(0u, far);
    keep(1u, squares);
    return far / (sqrt(squares) + dims.eps);
}

// The step that would end at the least loss, if the loss were linear.
fn sps(sum: vec4<f32>, loss: f32) -> f32 {
    let gap = max(loss - dims.first, 0.0);
    let divisor = dims.coefficient * sum.x + dims.eps;
    return select(min(gap / divisor, dims.bound), 0.0, divisor <= 2.220446e-16);
}

// Steeper where the gradient agrees with the direction before.
fn hypergradient(sum: vec4<f32>) -> f32 {
    let rate = at(0u) + dims.coefficient * sum.y;
    keep(0u, rate);
    return rate;
}

// The distance to the solution, as far as the gradients show it: d, its largest estimate, the sum that it
// comes of, and the d of this update's moments. Where nothing was measured, the weights are to stay: -1.
fn distance(sum: vec4<f32>, weighed: bool) -> f32 {
    let d = at(0u);
    if sum.y == 0.0 {
        keep(3u, -1.0);
        return d;
    }
    keep(3u, d);
    let entering = select(d, d / dims.first * d, weighed) * sum.x;
    let total = dims.decay * at(2u) + select(1.0 - dims.decay, 1.0, weighed) * entering;
    keep(2u, total);
    var estimate = dims.coefficient * total / sum.y;
    if !weighed { estimate = total / ((1.0 - dims.decay) * sum.y); }
    var after = d;
    if weighed {
        if d == dims.first { after = max(d, estimate); }
        let largest = max(at(1u), estimate);
        keep(1u, largest);
        after = min(largest, after * dims.bound);
    } else {
        after = max(d, min(estimate, d * dims.bound));
    }
    keep(0u, after);
    return d;
}

// What the newest weights count in their mean: the largest rate so far to a power, by the sum of these.
fn schedule_free(rate: f32) {
    let largest = max(at(0u), rate);
    var weight = largest * largest;
    if dims.coefficient != 2.0 { weight = pow(largest, dims.coefficient); }
    if dims.coefficient == 0.0 { weight = 1.0; }
    weight *= hyper.groups[0].trust;
    let sum = at(1u) + weight;
    keep(0u, largest);
    keep(1u, sum);
    keep(2u, select(weight / sum, 0.0, sum == 0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
    var share = vec4<f32>();
    for (var p = lane; p < dims.parts; p += 64u) { share += state[dims.behind + p]; }
    let sum = tree(lane, share);
    if lane != 0u || left_out() { return; }
    let product = all_factors(dims.controllers);
    let slot = hyper.slot % dims.slots * LOG_WORDS;
    var factor = product;
    var shown = product;
    switch dims.method {
        case DOG: { factor *= dog(sum); shown = factor; }
        case DOWG: { factor *= dowg(sum); shown = factor; }
        case SPS: { factor *= sps(sum, log[slot]); shown = factor; }
        case HYPERGRADIENT: { factor *= hypergradient(sum); shown = factor; }
        case PRODIGY: { shown *= distance(sum, true); }
        case DADAPT: { shown *= distance(sum, false); }
        default: { schedule_free(hyper.groups[0].lr * product); }
    }
    control[0] = factor;
    log[slot + 4u] = shown;
}
