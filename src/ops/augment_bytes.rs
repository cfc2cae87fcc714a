//! [`GatherBytes`](super::GatherBytes) with changed pictures, for training: each is shifted (a crop
//! of the image padded with black), mirrored, and has a rectangle erased, as torchvision's
//! `RandomCrop`, `RandomHorizontalFlip` and `RandomErasing` do, in that order. Black is byte 0, before
//! any standardisation.
//!
//! How a picture is changed is a hash of the epoch's key and the sample's index, in integers: the
//! same on every device, whatever the batch, and at any place where a run is entered.

use bytemuck::{Pod, Zeroable};

use super::{
    Hyper, as_integers, as_words,
    gather::{CURSOR, sample_order},
    hyper, sample_hyper,
};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// `batch` is `[rows, channels, h, w]`; samples follow each other in `data` without gaps, four bytes
/// to a word, first byte lowest; `table` is `[channels, 256]` and behind it `[sizes]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Channels, each with a table of its own.
    pub channels: u32,
    /// Height of an image.
    pub h: u32,
    /// Width of an image.
    pub w: u32,
    /// Black pixels above and below, in which the crop moves; at most 32,767.
    pub padding_h: u32,
    /// The same on the left and on the right.
    pub padding_w: u32,
    /// The probability of a mirrored picture, of 2³¹.
    pub flip: u32,
    /// The probability of an erased rectangle, of 2³¹.
    pub erase: u32,
    /// Sizes of rectangles to choose from, each `height << 16 | width` and no larger than the image; 1
    /// to 65,536 where rectangles are erased.
    pub sizes: u32,
}

// Draws of a sample, by what they are for.
const DOWN: u32 = 0;
const ACROSS: u32 = 1;
const FLIP: u32 = 2;
const ERASE: u32 = 3;
const SIZE: u32 = 4;
const TOP: u32 = 5;
const LEFT: u32 = 6;

/// How a sample's picture is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// First line and column of the crop in the padded image.
    pub crop: [u32; 2],
    /// Whether it is mirrored afterwards.
    pub flip: bool,
    /// Line, column, height and width of what is erased at last.
    pub erase: Option<[u32; 4]>,
}

impl Picture {
    /// How `sample` is changed under a key, with `sizes` of rectangles to choose from.
    pub fn of(d: &Dims, key: [u32; 2], sample: u32, sizes: &[u32]) -> Picture {
        let base = pcg(pcg(sample.wrapping_add(key[0])) ^ key[1]);
        let draw = |purpose: u32| pcg(base.wrapping_add(purpose.wrapping_mul(0x9e37_79b9)));
        let below = |purpose, n: u32| ((draw(purpose) >> 16) * n) >> 16;
        let happens = |purpose, probability| (draw(purpose) >> 1) < probability;
        let erase = happens(ERASE, d.erase).then(|| {
            let size = sizes[below(SIZE, d.sizes) as usize];
            let [h, w] = [size >> 16, size & 0xffff];
            [below(TOP, d.h - h + 1), below(LEFT, d.w - w + 1), h, w]
        });
        Picture {
            crop: [
                below(DOWN, 2 * d.padding_h + 1),
                below(ACROSS, 2 * d.padding_w + 1),
            ],
            flip: happens(FLIP, d.flip),
            erase,
        }
    }

    /// The line and column of the image that a pixel shows; none where it is black.
    fn source(&self, d: &Dims, y: u32, x: u32) -> Option<[u32; 2]> {
        if let Some([top, left, h, w]) = self.erase
            && (top..top + h).contains(&y)
            && (left..left + w).contains(&x)
        {
            return None;
        }
        let x = if self.flip { d.w - 1 - x } else { x };
        let y = (y + self.crop[0]).checked_sub(d.padding_h)?;
        let x = (x + self.crop[1]).checked_sub(d.padding_w)?;
        (y < d.h && x < d.w).then_some([y, x])
    }
}

/// M. E. O'Neill's PCG with 32 bits of state, as a hash (M. Jarzynski and M. Olano, "Hash functions
/// for GPU rendering", 2020).
pub(super) fn pcg(x: u32) -> u32 {
    let state = x.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

/// See the module.
pub struct AugmentBytes;

impl Kernel for AugmentBytes {
    type Dims = Dims;
    sources!("augment_bytes" + "hyper" + "hash", ["hyper", "order", "data", "table"] -> ["batch"]);
    const CASES: &'static [Dims] = &[
        case([1, 1, 1, 1], [0, 0], [0, 0]),
        case([7, 3, 5, 11], [2, 1], [50, 50]),
        case([50, 1, 8, 8], [1, 1], [30, 0]),
        case([9, 2, 7, 7], [0, 3], [100, 100]),
        case([13, 1, 28, 28], [0, 0], [0, 60]),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(Self::lens(d)[4])
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let [rows, channels, h, w] = [d.rows, d.channels, d.h, d.w].map(u64::from);
        let table = channels * 256 + u64::from(d.sizes);
        let batch = rows * channels * h * w;
        vec![super::HYPER_WORDS.into(), rows, 1, table, batch]
    }

    /// Every value is read once and written once.
    fn bytes(d: &Dims) -> u64 {
        5 * Self::lens(d)[4]
    }

    fn describe(d: &Dims) -> String {
        let Dims {
            rows,
            channels,
            h,
            w,
            ..
        } = d;
        format!("{rows} samples of {channels}×{h}×{w}, augmented")
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
                let bytes = samples * (d.channels * d.h * d.w) as usize;
                (0..bytes.div_ceil(4))
                    .map(|_| f32::from_bits(rng.below(u32::MAX)))
                    .collect()
            }
            "table" => {
                let mut table = rng.floats(len - d.sizes as usize);
                let mut size = || ((1 + rng.below(d.h)) << 16) | (1 + rng.below(d.w));
                let sizes: Vec<u32> = (0..d.sizes).map(|_| size()).collect();
                table.extend_from_slice(as_words(&sizes));
                table
            }
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let Hyper {
            cursor,
            picture_key,
            ..
        } = *hyper(reads[0]);
        let (order, table) = (as_integers(reads[1]), reads[3]);
        let bytes = bytemuck::cast_slice::<f32, u8>(reads[2]);
        let sizes = &as_integers(table)[d.channels as usize * 256..];
        let mut batch = writes[0].iter_mut();
        for row in 0..d.rows {
            let sample = order[(cursor + row) as usize];
            let picture = Picture::of(d, picture_key, sample, sizes);
            for channel in 0..d.channels {
                for (y, x) in (0..d.h).flat_map(|y| (0..d.w).map(move |x| (y, x))) {
                    let plane = (sample * d.channels + channel) as usize * (d.h * d.w) as usize;
                    let byte = match picture.source(d, y, x) {
                        Some([y, x]) => bytes[plane + (y * d.w + x) as usize],
                        None => 0,
                    };
                    let pixel = batch.next().expect("a pixel of the batch");
                    *pixel = table[channel as usize * 256 + usize::from(byte)];
                }
            }
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::augment_bytes);
}

/// Probabilities in hundredths.
const fn case(
    [rows, channels, h, w]: [u32; 4],
    [padding_h, padding_w]: [u32; 2],
    [flip, erase]: [u32; 2],
) -> Dims {
    const ALWAYS: u64 = 1 << 31;
    Dims {
        rows,
        channels,
        h,
        w,
        padding_h,
        padding_w,
        flip: (flip as u64 * ALWAYS / 100) as u32,
        erase: (erase as u64 * ALWAYS / 100) as u32,
        sizes: if erase > 0 { 37 } else { 0 },
    }
}
