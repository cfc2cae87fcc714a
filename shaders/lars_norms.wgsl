// The trust ratio of every parameter for lars: trust_coefficient · |p| / (|g + weight_decay · p| + eps).

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> state: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> param: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> control: array<f32>;

fn step_of(h: Group, i: u32, p: vec4<f32>) -> vec4<f32> { return taken(grad[i], h) + h.weight_decay * p; }

fn ratio_of(segment: u32, param_norm: f32, step_norm: f32) -> f32 {
    let h = hyper.groups[dims.table[segment].group];
    return h.trust * param_norm / (step_norm + h.eps);
}
