//! `y = x · weight` of the element's channel: the first step back through a group or layer normalisation,
//! whose groups hold several channels.

use bytemuck::{Pod, Zeroable};

use crate::{
    kernel::{HostFn, Kernel, Launch},
    sources,
};

/// Element `i` belongs to channel `i / plane % channels`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Dims {
    /// Elements.
    pub n: u32,
    /// Elements of a channel that follow each other.
    pub plane: u32,
    /// Channels.
    pub channels: u32,
}

/// See the module.
pub struct ScaleChannels;

impl Kernel for ScaleChannels {
    type Dims = Dims;
    sources!("scale_channels", ["x", "weight"] -> ["y"]);
    const CASES: &'static [Dims] = &[case(1, 1, 1), case(71 * 3, 1, 3), case(2 * 6 * 35, 35, 6)];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        vec![d.n.into(), d.channels.into(), d.n.into()]
    }

    fn describe(d: &Dims) -> String {
        format!("{} in {} channels", d.n, d.channels)
    }

    fn flops(d: &Dims) -> u64 {
        d.n.into()
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        for i in 0..d.n as usize {
            let channel = i / d.plane as usize % d.channels as usize;
            writes[0][i] = reads[0][i] * reads[1][channel];
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::scale_channels);
}

const fn case(n: u32, plane: u32, channels: u32) -> Dims {
    Dims { n, plane, channels }
}
