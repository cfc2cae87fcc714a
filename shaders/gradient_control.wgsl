// Takes the gradient's norm from the log into one controller's memory and sets its factor. AdaGrad-
// Norm (rule 1) runs before the update and notes the factor in the log; the norm's ratio (rule 0)
// runs after it, for the next one. control = (product of factors, then per controller: mean or sum,
// reference, norms seen, factor).

@group(0) @binding(0) var<uniform> dims: Controller;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read_write> log: array<f32>;
@group(0) @binding(3) var<storage, read_write> control: array<f32>;

@compute @workgroup_size(1)
fn main() {
    let at = hyper.slot % dims.slots * LOG_WORDS;
    take_in(dims, log[at + 2u], log[at + 3u]);
    let product = all_factors(dims.count);
    control[0] = product;
    if dims.rule == 1u { log[at + 4u] = product; }
}
