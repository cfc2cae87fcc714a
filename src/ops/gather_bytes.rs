//! `batch[r, c, p] = table[c, data[order[cursor + r], c, p]]`: picks this step's images, stored
//! as bytes, and decodes them through a table of 256 floats per channel, so that scaling and
//! standardisation are the same bits on every device.

use bytemuck::{Pod, Zeroable};

use super::{
    as_integers,
    gather::{CURSOR, sample_order},
    hyper, sample_hyper,
};
use crate::{
    kernel::{HostFn, Kernel, Launch, rounded},
    rng::Rng,
    sources, template,
    variant::{ONE_TILE, Settings, Variant, dims},
};

/// `batch` is `[rows, channels, plane]`; samples follow each other in `data` without gaps, four
/// bytes to a word, first byte lowest.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Channels, each with a table of its own.
    pub channels: u32,
    /// Pixels of a channel.
    pub plane: u32,
}

/// See the module.
pub struct GatherBytes;

impl Kernel for GatherBytes {
    type Dims = Dims;
    sources!("gather_bytes" + "hyper", ["hyper", "order", "data", "table"] -> ["batch"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 1),
        case(7, 3, 11),
        case(50, 1, 64),
        case(3, 2, 49),
    ];

    const VARIANTS: &'static [Variant] = &[WORD];

    fn class(d: &Dims) -> String {
        let batch = d.rows.saturating_mul(d.channels).saturating_mul(d.plane);
        format!("x{}", rounded(batch))
    }

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(Self::lens(d)[4])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, channels, plane] = [d.rows, d.channels, d.plane].map(u64::from);
        let batch = rows * channels * plane;
        vec![super::HYPER_WORDS.into(), rows, 1, channels * 256, batch]
    }

    /// Every value is read once and written once.
    fn bytes(d: &Dims) -> u64 {
        5 * Self::lens(d)[4]
    }

    fn describe(d: &Dims) -> String {
        format!("{} samples of {}×{}", d.rows, d.channels, d.plane)
    }

    fn flops(_: &Dims) -> u64 {
        0
    }

    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        let samples = (d.rows + CURSOR) as usize;
        match name {
            "hyper" => sample_hyper(CURSOR),
            "order" => sample_order(samples),
            "data" => {
                let bytes = samples * (d.channels * d.plane) as usize;
                (0..bytes.div_ceil(4))
                    .map(|_| f32::from_bits(rng.below(u32::MAX)))
                    .collect()
            }
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let (plane, cursor) = (d.plane as usize, hyper(reads[0]).cursor as usize);
        let (order, bytes) = (
            as_integers(reads[1]),
            bytemuck::cast_slice::<f32, u8>(reads[2]),
        );
        let sample = d.channels as usize * plane;
        for r in 0..d.rows as usize {
            let from = &bytes[order[cursor + r] as usize * sample..][..sample];
            let to = &mut writes[0][r * sample..][..sample];
            for (i, (y, &byte)) in to.iter_mut().zip(from).enumerate() {
                *y = reads[3][i / plane * 256 + byte as usize];
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::gather_bytes);
}

/// Four bytes an invocation.
const WORD: Variant = Variant {
    name: "word",
    wgsl: template!("shared/launch", "shared/hyper", "gather_bytes.word"),
    tiles: &[ONE_TILE],
    tile: |_| Some(ONE_TILE),
    settings: |words, _, _| {
        let d: Dims = dims(words);
        d.plane.is_multiple_of(4).then(Settings::default)
    },
    launch: Some(|words| Launch::Threads(GatherBytes::lens(&dims(words))[4] / 4)),
    iterations: |_, _| 1,
};

const fn case(rows: u32, channels: u32, plane: u32) -> Dims {
    Dims {
        rows,
        channels,
        plane,
    }
}
