// The running statistics of a batch normalisation take in a batch's: running = (means, variances, count of
// batches). torch's running variance is the unbiased one. A channel whose numbers are not all finite is
// left as it is, and so is everything after the update that ends a run. One workgroup, as all channels
// read the count.

struct Dims { channels: u32, elements: u32, momentum: f32, cumulative: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> hyper: Hyper;
@group(0) @binding(2) var<storage, read> stat: array<f32>;
@group(0) @binding(3) var<storage, read> control: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let ended = hyper.leave_out == 2u && control[arrayLength(&control) - 1u] == -1.0;
    let count = running[2u * dims.channels] + 1.0;
    storageBarrier();
    let weight = select(dims.momentum, 1.0 / count, dims.cumulative != 0u);
    let unbiased = f32(dims.elements) / max(f32(dims.elements) - 1.0, 1.0);
    for (var c = lane; c < dims.channels; c += LANES) {
        let mean = stat[c];
        let variance = stat[dims.channels + c] * unbiased;
        if !ended && !is_non_finite(mean) && !is_non_finite(variance) {
            running[c] += weight * (mean - running[c]);
            running[dims.channels + c] += weight * (variance - running[dims.channels + c]);
        }
    }
    if lane == 0u && !ended { running[2u * dims.channels] = count; }
}
