//! The shaders of convolutions beside the portable ones, which geometries they can compute, and
//! with which settings.

use super::{Epilogue, conv2d::Dims, matmul::DEPTH};
use crate::{
    template,
    variant::{Extras, Settings, Tile, Variant, dims},
};

/// A convolution too small to be worth a pipeline of its own.
fn is_small(d: &Dims) -> bool {
    d.flops() < 1 << 19
}

/// Rows of a tile in registers, for `rows` in all: as even as they can be with at most `most`.
fn even(rows: u32, most: u32) -> u32 {
    rows.div_ceil(rows.div_ceil(most.max(1)))
}

/// How long a kernel's unrolled loop may be, in products of vectors: compilers of software drivers
/// take seconds beyond it.
const LONGEST_BODY: u32 = 576;

/// Pixels of the largest plane whose weight gradient is summed in registers: a sum is split by
/// images, and the loop over one must end on every driver, also with 4 lanes.
const LARGEST_PLANE: u32 = 1 << 17;

/// Pixels of an output's row that are computed from whole words of two of the source's.
fn run(source_w: u32, out_w: u32, d: &Dims) -> u32 {
    let in_words = d.dilation_w == 1 && d.stride_w == 1 && source_w.is_multiple_of(2);
    let fits = |n: &u32| in_words && out_w.is_multiple_of(*n);
    [4, 2].into_iter().find(fits).unwrap_or(1)
}

/// What a convolution in registers has in common whichever pass it is: `rows` of its output,
/// `units` of four pixels a lane, channels to sum over, source and output planes, the padding in front of a source.
struct InRegisters {
    rows: u32,
    channels: u32,
    units: u32,
    source_w: u32,
    out_w: u32,
    padding: [u32; 2],
    strided: bool,
}

impl InRegisters {
    fn settings(self, d: &Dims, extras: Extras) -> Option<Settings> {
        let (lanes, broadcast) = extras.lanes();
        let unit = run(self.source_w, self.out_w, d);
        // The same pixels and the same work a lane, whatever the run.
        let units = 4 / unit * self.units;
        let body = 4 / unit * LONGEST_BODY;
        let rows = even(self.rows, (body / d.kw / units).clamp(1, 32));
        // A loop costs a blend of every sum each time round; text that is run once only, its fetch.
        let unrolled = d.kh * d.kw * rows * units <= body && self.channels > d.kh;
        (d.kw * rows * units <= 2 * body).then(|| {
            let settings = Settings::from([
                ("rows", rows),
                ("units", units),
                ("lanes", lanes),
                ("broadcast", broadcast.into()),
                ("unit", unit),
                ("unrolled", unrolled.into()),
                ("wide", (unit > 1 && extras.int64).into()),
                ("kh", d.kh),
                ("kw", d.kw),
                ("pad_h", self.padding[0]),
                ("pad_w", self.padding[1]),
                ("dil_h", d.dilation_h),
                ("dil_w", d.dilation_w),
                ("strided", self.strided.into()),
            ]);
            settings.with(Epilogue(d.epilogue))
        })
    }
}

/// Pixels are the columns of a tile, rows follow from the channels: two units of pixels share what it
/// takes to load the weights.
fn two_units(words: &[u32]) -> Option<Tile> {
    (!is_small(&dims(words))).then_some([32, 2])
}

/// Source channels, each with its loop over the rows of the kernel.
fn register_iterations(channels: u32, d: &Dims) -> u64 {
    u64::from(channels) * u64::from(d.kh + 1)
}

pub(super) const FORWARD_REGISTER: Variant = Variant {
    name: "register",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/conv",
        "shared/result",
        "shared/wide",
        "conv2d.register",
        "shared/conv_register"
    ),
    tiles: &[[32, 2], [32, 1]],
    tile: two_units,
    settings: |words, [_, units], extras| {
        let d: Dims = dims(words);
        let shape = InRegisters {
            rows: d.group_o(),
            channels: d.group_c(),
            units,
            source_w: d.w,
            out_w: d.ow,
            padding: [d.padding_h, d.padding_w],
            strided: d.stride_h > 1 || d.stride_w > 1,
        };
        shape.settings(&d, extras)
    },
    launch: None,
    iterations: |words, _| {
        let d: Dims = dims(words);
        register_iterations(d.group_c(), &d)
    },
};

pub(super) const DX_REGISTER: Variant = Variant {
    name: "register",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/conv",
        "shared/result",
        "shared/wide",
        "conv2d_dx.register",
        "shared/conv_register"
    ),
    tiles: &[[32, 2], [32, 1]],
    tile: two_units,
    settings: |words, [_, units], extras| {
        let d: Dims = dims(words);
        let padding = [
            (d.dilation_h * (d.kh - 1)).checked_sub(d.padding_h)?,
            (d.dilation_w * (d.kw - 1)).checked_sub(d.padding_w)?,
        ];
        let shape = InRegisters {
            rows: d.group_c(),
            channels: d.group_o(),
            units,
            source_w: d.ow,
            out_w: d.w,
            padding,
            strided: false,
        };
        let unit_stride = d.stride_h == 1 && d.stride_w == 1;
        unit_stride.then(|| shape.settings(&d, extras)).flatten()
    },
    launch: None,
    iterations: |words, _| {
        let d: Dims = dims(words);
        register_iterations(d.group_o(), &d)
    },
};

pub(super) const DW_REGISTER: Variant = Variant {
    name: "register",
    wgsl: template!(
        "shared/launch",
        "shared/conv",
        "shared/wide",
        "conv2d_dw.register"
    ),
    tiles: &[[32, 1], [16, 1], [8, 1]],
    tile: |words| (!is_small(&dims(words))).then_some([16, 1]),
    settings: |words, [rows, _], extras| {
        let d: Dims = dims(words);
        let (lanes, _) = extras.lanes();
        let taps = d.kh * d.kw;
        let in_runs = |n: u32| d.dilation_w == 1 && [d.w, d.ow].iter().all(|w| w.is_multiple_of(n));
        let unit = [4, 2].into_iter().find(|&n| in_runs(n)).unwrap_or(1);
        // A pixel is a quarter of a quad's work.
        let most = (rows * 4 / unit).min(LONGEST_BODY * 2 / unit / taps);
        let memory = (16 << 10) / 4 / lanes / (taps + 1);
        let rows = even(d.group_o(), most.min(memory));
        let fits = d.stride_h == 1 && d.stride_w == 1 && memory > 0 && d.oh * d.ow < LARGEST_PLANE;
        (fits && taps <= LONGEST_BODY).then(|| {
            Settings::from([
                ("rows", rows),
                ("lanes", lanes),
                ("unit", unit),
                ("wide", (unit > 1 && extras.int64).into()),
                ("kh", d.kh),
                ("kw", d.kw),
                ("pad_h", d.padding_h),
                ("pad_w", d.padding_w),
                ("dil_h", d.dilation_h),
                ("dil_w", d.dilation_w),
            ])
        })
    },
    launch: None,
    iterations: |words, settings| {
        let d: Dims = dims(words);
        let units = u64::from(d.oh * d.ow / settings.0["unit"]);
        u64::from(d.n) * (units.div_ceil(settings.0["lanes"].into()) + 1) + 4096
    },
};

/// Input channels that fill subgroups of eight lanes, the common width, to three quarters.
fn fills_lanes(channels: u32) -> bool {
    3 * channels.next_multiple_of(8) <= 4 * channels
}

pub(super) const DW_CHANNEL: Variant = Variant {
    name: "channel",
    wgsl: template!(
        "shared/launch",
        "shared/conv",
        "shared/wide",
        "conv2d_dw.channel"
    ),
    tiles: &[[32, 1], [16, 1]],
    tile: |words| {
        let d: Dims = dims(words);
        (!is_small(&d) && fills_lanes(d.group_c())).then_some([32, 1])
    },
    settings: |words, [rows, _], extras| {
        let d: Dims = dims(words);
        let (lanes, broadcast) = extras.lanes();
        let unit = run(d.w, d.ow, &d);
        let rows = even(d.group_o(), rows.min(LONGEST_BODY / 2 / (d.kh * d.kw)));
        let fits = d.stride_h == 1 && d.stride_w == 1 && d.kh * d.kw <= LONGEST_BODY / 2;
        fits.then(|| {
            Settings::from([
                ("rows", rows),
                ("lanes", lanes),
                ("broadcast", broadcast.into()),
                ("unit", unit),
                ("lines", 4 / unit),
                ("wide", (unit > 1 && extras.int64).into()),
                ("kh", d.kh),
                ("kw", d.kw),
                ("pad_h", d.padding_h),
                ("pad_w", d.padding_w),
                ("dil_h", d.dilation_h),
                ("dil_w", d.dilation_w),
            ])
        })
    },
    launch: None,
    iterations: |words, settings| {
        let d: Dims = dims(words);
        let runs = d.ow / settings.0["unit"];
        u64::from(d.n) * u64::from(d.oh.div_ceil(settings.0["lines"]) * (runs + 1) + 1)
    },
};

/// A tile for GPUs: as many rows as there are channels to fill them.
fn gpu_tile(rows: u32, d: &Dims) -> Option<Tile> {
    let rows = match rows {
        0..=16 => 16,
        17..=32 => 32,
        _ => 64,
    };
    (!is_small(d)).then_some([rows, 64])
}

/// Tiles that the GPU's variants take.
const GPU_TILES: &[Tile] = &[[64, 64], [32, 64], [16, 64]];

fn gpu_settings(d: &Dims, [tile_rows, tile_cols]: Tile) -> Settings {
    Settings::from([
        ("tile_rows", tile_rows),
        ("tile_cols", tile_cols),
        ("rows", 4),
        ("cols", 4),
        ("depth", DEPTH),
        ("kh", d.kh),
        ("kw", d.kw),
    ])
}

/// Slices of the sum, each with its loop over the slice, and the sums of a bias's gradient.
fn gpu_iterations(terms: u64) -> u64 {
    2 * terms + terms / u64::from(DEPTH) + 64
}

pub(super) const FORWARD_WORKGROUP: Variant = Variant {
    name: "workgroup",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/conv",
        "shared/pixel",
        "conv2d.workgroup",
        "shared/tile"
    ),
    tiles: GPU_TILES,
    tile: |words| gpu_tile(dims::<Dims>(words).group_o(), &dims(words)),
    settings: |words, tile, _| {
        let d: Dims = dims(words);
        let mut settings = gpu_settings(&d, tile);
        let in_quads = (d.group_c() * d.kh * d.kw).is_multiple_of(4);
        settings.0.insert("a_unit", if in_quads { 4 } else { 1 });
        Some(settings)
    },
    launch: None,
    iterations: |words, _| {
        let d: Dims = dims(words);
        gpu_iterations((d.group_c() * d.kh * d.kw).into())
    },
};

pub(super) const DX_WORKGROUP: Variant = Variant {
    name: "workgroup",
    wgsl: template!(
        "shared/launch",
        "shared/epilogue",
        "shared/conv",
        "shared/pixel_dx",
        "conv2d_dx.workgroup",
        "shared/tile"
    ),
    tiles: GPU_TILES,
    tile: |words| gpu_tile(dims::<Dims>(words).group_c(), &dims(words)),
    settings: |words, tile, _| {
        let d: Dims = dims(words);
        let mut settings = gpu_settings(&d, tile);
        settings.0.insert("stride_h", d.stride_h);
        settings.0.insert("stride_w", d.stride_w);
        Some(settings)
    },
    launch: None,
    iterations: |words, _| {
        let d: Dims = dims(words);
        gpu_iterations((d.group_o() * d.kh * d.kw).into())
    },
};

pub(super) const DW_WORKGROUP: Variant = Variant {
    name: "workgroup",
    wgsl: template!(
        "shared/launch",
        "shared/conv",
        "conv2d_dw.workgroup",
        "shared/tile"
    ),
    tiles: GPU_TILES,
    tile: |words| gpu_tile(dims::<Dims>(words).group_o(), &dims(words)),
    settings: |words, tile, _| Some(gpu_settings(&dims(words), tile)),
    launch: None,
    iterations: |words, _| {
        let d: Dims = dims(words);
        gpu_iterations(d.n as u64 * d.oh as u64 * d.ow as u64)
    },
};
