// dx = epilogue(dy ⋆ᵀ weight) for a stride of 1, as conv2d_dx.wgsl: a convolution of dy with the
// mirrored kernel, by shared/conv_register.wgsl.
//% set out = 'dx'
//% set source = 'dy'
//% set source_h = 'dims.oh'
//% set source_w = 'dims.ow'
//% set out_h = 'dims.h'
//% set out_w = 'dims.w'
//% set step = 'height() * ' ~ (kh * kw) ~ 'u'
//% set tap_sign = '-'

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<${'f32' if unit == 1 else 'u64' if wide else 'vec2<f32>'}>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<${'vec' ~ unit ~ '<f32>' if unit > 1 and mask else 'f32'}>;
@group(0) @binding(4) var<storage, read_write> dx: array<${'vec' ~ unit ~ '<f32>' if unit > 1 else 'f32'}>;

fn height() -> u32 { return dims.c / dims.groups; }
fn channels() -> u32 { return dims.o / dims.groups; }
fn source_channels() -> u32 { return dims.o; }
fn weight_at(g: u32, row: u32, tap: u32) -> u32 {
    return (g * channels() * height() + row) * ${kh * kw}u + ${kh * kw - 1}u - tap;
}

