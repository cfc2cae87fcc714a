// dx = epilogue(dy ⋆ᵀ weight) for a stride of 1, as conv2d_dx.wgsl: a convolution of dy with the
// mirrored kernel, by shared/conv_register.wgsl.
//% set out = 'dx'
//% set source = 'dy'
//% set source_h = 'dims.oh'
//% set source_w = 'dims.ow'
//% set out_h = 'dims.h'
//% set out_w = 'dims.w'
//% set step = 'height() * ' ~ (kh * kw) ~ 'u'

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<${('vec2<u64>' if wide else 'vec4<f32>') if quad else 'f32'}>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<${'vec4<f32>' if quad and mask else 'f32'}>;
@group(0) @binding(4) var<storage, read_write> dx: array<${'vec4<f32>' if quad else 'f32'}>;

fn height() -> u32 { return dims.c / dims.groups; }
fn channels() -> u32 { return dims.o / dims.groups; }
fn source_channels() -> u32 { return dims.o; }
fn weight_at(g: u32, row: u32, tap: u32) -> u32 {
    return (g * channels() * height() + row) * ${kh * kw}u + ${kh * kw - 1}u - tap;
}

