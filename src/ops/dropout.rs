//! `torch.nn.Dropout`: every element is 0 with probability p, else divided by 1 − p; its gradient is the same
//! of the gradient, as the mask is not kept but found once more.
//!
//! Which elements are dropped is a hash of the batch's key, the layer and the element's index, in integers: the
//! same on every device, and at any place where a run is entered.

use bytemuck::{Pod, Zeroable};

use super::{augment_bytes::pcg, hyper, masked, sample_hyper};
use crate::{
    kernel::{HostFn, Kernel, Launch},
    rng::Rng,
    sources,
};

/// Of a flat run of elements.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Dims {
    /// Elements.
    pub n: u32,
    /// Which of the network's dropouts.
    pub layer: u32,
    /// The probability of an element that is dropped, of 2³¹.
    pub threshold: u32,
    /// `1 / (1 − p)`.
    pub scale: f32,
    /// 1 where the result is the gradient of a ReLU's output `e`.
    pub mask: u32,
}

impl Dims {
    /// The dropout number `layer` of a network, with probability `p` from 0 to less than 1.
    pub fn new(n: u32, layer: u32, p: f64) -> Dims {
        Dims {
            n,
            layer,
            threshold: (p * f64::from(1u32 << 31)) as u32,
            scale: (1.0 / (1.0 - p)) as f32,
            mask: 0,
        }
    }

    /// Whether element `i` is kept under a key.
    pub fn keeps(&self, [a, b]: [u32; 2], i: u32) -> bool {
        let layer = self.layer.wrapping_mul(0x9e37_79b9);
        let draw = pcg(pcg(pcg(i.wrapping_add(a)) ^ b).wrapping_add(layer));
        draw >> 1 >= self.threshold
    }

    #[inline(always)]
    pub(super) fn value(&self, key: [u32; 2], x: f32, i: u32) -> f32 {
        if self.keeps(key, i) {
            x * self.scale
        } else {
            0.0
        }
    }
}

/// See the module.
pub struct Dropout;

impl Kernel for Dropout {
    type Dims = Dims;
    sources!("dropout" + "hyper" + "hash" + "epilogue", ["hyper", "x", "e"] -> ["y"]);
    const CASES: &'static [Dims] = &[
        case(1, 0, 0.5, 0),
        case(1009, 1, 0.1, 0),
        case(1028, 2, 0.83, 1),
        case(640, 0, 0.0, 1),
    ];

    fn launch(d: &Dims) -> Launch {
        Launch::Threads(d.n.into())
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let n = d.n.into();
        vec![
            super::HYPER_WORDS.into(),
            n,
            if d.mask != 0 { n } else { 1 },
            n,
        ]
    }

    fn describe(d: &Dims) -> String {
        let p = f64::from(d.threshold) / f64::from(1u32 << 31);
        format!("{} elements, p = {p:.3}", d.n)
    }

    fn flops(d: &Dims) -> u64 {
        d.n.into()
    }

    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(0),
            _ => rng.floats(len),
        }
    }

    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let key = hyper(reads[0]).dropout_key;
        for i in 0..d.n as usize {
            let y = d.value(key, reads[1][i], i as u32);
            writes[0][i] = if d.mask != 0 {
                masked(reads[2][i], y)
            } else {
                y
            };
        }
    }

    const FAST: Option<HostFn<Dims>> = Some(super::fast::dropout);
}

const fn case(n: u32, layer: u32, p: f64, mask: u32) -> Dims {
    Dims {
        n,
        layer,
        threshold: (p * (1u32 << 31) as f64) as u32,
        scale: (1.0 / (1.0 - p)) as f32,
        mask,
    }
}
