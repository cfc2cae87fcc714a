//! `sum[c] = Σ_{n,p} dy[n,c,p]`: the gradient of a bias, of a linear layer (plane 1) or a
//! convolution.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
};

/// `dy` is `[rows, channels, plane]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Batch.
    pub rows: u32,
    /// Channels, or features.
    pub channels: u32,
    /// Pixels of a channel.
    pub plane: u32,
}

/// Invocations that share one sum: `LANES` in the WGSL.
const LANES: u64 = 64;

/// See the module.
pub struct ChannelSum;

impl Kernel for ChannelSum {
    type Dims = Dims;
    sources!("channel_sum", ["dy"] -> ["sum"]);
    const CASES: &'static [Dims] = &[
        case(1, 1, 1),
        case(71, 3, 1),
        case(3, 5, 77),
        case(100, 10, 1),
        case(2, 13, 576),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Groups(d.channels.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let channels = d.channels as u64;
        vec![d.rows as u64 * channels * d.plane as u64, channels]
    }

    fn iterations(d: &Dims) -> u64 {
        (d.rows as u64 * d.plane as u64).div_ceil(LANES) + 6
    }

    fn describe(d: &Dims) -> String {
        format!(
            "[{}, {}, {}] -> [{}]",
            d.rows, d.channels, d.plane, d.channels
        )
    }

    fn flops(d: &Dims) -> u64 {
        Self::lens(d)[0]
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let [channels, plane] = [d.channels, d.plane].map(|x| x as usize);
        let mut sums = vec![0f64; channels];
        let elements = d.rows as usize * channels * plane;
        for (i, &dy) in reads[0][..elements].iter().enumerate() {
            sums[i / plane % channels] += dy as f64;
        }
        for (w, sum) in writes[0].iter_mut().zip(sums) {
            *w = sum as f32;
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::channel_sum);
}

const fn case(rows: u32, channels: u32, plane: u32) -> Dims {
    Dims {
        rows,
        channels,
        plane,
    }
}
