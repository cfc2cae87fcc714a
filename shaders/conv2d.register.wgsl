// y[n,o] = epilogue(Σ x[n,c] ⋆ weight[o,c]), as conv2d.wgsl, by shared/conv_register.wgsl.
//% set out = 'y'
//% set source = 'x'
//% set source_h = 'dims.h'
//% set source_w = 'dims.w'
//% set out_h = 'dims.oh'
//% set out_w = 'dims.ow'
//% set step = (kh * kw) ~ 'u'
//% set tap_sign = '+'

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<${'f32' if unit == 1 else 'u64' if wide else 'vec2<f32>'}>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> e: array<${'vec' ~ unit ~ '<f32>' if unit > 1 and mask else 'f32'}>;
@group(0) @binding(4) var<storage, read_write> y: array<${'vec' ~ unit ~ '<f32>' if unit > 1 else 'f32'}>;

fn height() -> u32 { return dims.o / dims.groups; }
fn channels() -> u32 { return dims.c / dims.groups; }
fn source_channels() -> u32 { return dims.c; }
fn weight_at(g: u32, row: u32, tap: u32) -> u32 {
    return (g * height() + row) * channels() * ${kh * kw}u + tap;
}

