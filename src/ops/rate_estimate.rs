//! An optimiser's own rate, from what was measured of the arena before an update: by one workgroup, so
//! that nobody waits. The method's memory is [`MEMORY`] words of `control`, between those of the controllers and the
//! last one. What comes of it multiplies the rate (word 0 of `control`, beside the controllers' factors), or is left in
//! the memory for the method's own update; the log notes either as the factor on the update's rate.

use bytemuck::{Pod, Zeroable};

use super::{
    CONTROL_WORDS, HYPER_WORDS, LOG_WORDS, gradient_control, hyper, left_out, sample_hyper,
};
use crate::{
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// Words of a method's memory. DoG and DoWG: the farthest from the start, the sum of squared norms.
/// Hypergradient: the rate. Prodigy and D-Adaptation: the distance, its largest estimate, the sum that it comes of, the
/// distance of this update's moments or -1 where the weights are to stay. Schedule-free: the largest rate, the sum of
/// what the updates counted, what the newest counts.
pub const MEMORY: u32 = 4;

/// Whose rate is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Estimate {
    /// Distance over gradients (arXiv 2302.12022).
    Dog = 0,
    /// Distance over weighted gradients (arXiv 2305.16284).
    Dowg = 1,
    /// Polyak's step, stochastic and bounded (arXiv 2002.10542).
    Sps = 2,
    /// The rate descends, too (arXiv 1703.04782).
    Hypergradient = 3,
    /// Prodigy (arXiv 2306.06101).
    Prodigy = 4,
    /// D-Adaptation (arXiv 2301.07733).
    Dadapt = 5,
    /// What the newest weights count in their mean (arXiv 2405.15682).
    ScheduleFree = 6,
}

/// `state` holds `[parts, 4]` words behind its first `4 · behind`; `log` is `[slots, LOG_WORDS]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Dims {
    /// Which [`Estimate`].
    pub method: u32,
    /// Shares to add.
    pub parts: u32,
    /// Vectors of four words in front of them.
    pub behind: u32,
    /// Slots of the log.
    pub slots: u32,
    /// Controllers, whose factors come first.
    pub controllers: u32,
    /// Where in `control` the memory begins.
    pub memory: u32,
    /// The first distance, d₀; the least loss, f*.
    pub first: f32,
    /// Added to a denominator.
    pub eps: f32,
    /// `d_coef`; the rate's own rate, β; c; the power of the rate.
    pub coefficient: f32,
    /// What is kept of the sums: β₃.
    pub decay: f32,
    /// The growth in one update; the largest step.
    pub bound: f32,
    /// For the layout of uniforms.
    pub spare: f32,
}

/// See the module.
pub struct RateEstimate;

impl Kernel for RateEstimate {
    type Dims = Dims;
    sources!(
        "rate_estimate" + "hyper" + "left_out" + "controller" + "tree",
        ["hyper", "state"] -> ["log", "control"]
    );
    const CASES: &'static [Dims] = &[
        case(Estimate::Dog, 1, 1),
        case(Estimate::Dog, 67, 0),
        case(Estimate::Dowg, 3, 2),
        case(Estimate::Sps, 256, 0),
        case(Estimate::Hypergradient, 64, 1),
        case(Estimate::Prodigy, 5, 0),
        case(Estimate::Prodigy, 131, 2),
        case(Estimate::Dadapt, 5, 1),
        case(Estimate::Dadapt, 200, 0),
        case(Estimate::ScheduleFree, 1, 0),
        case(Estimate::ScheduleFree, 2, 1),
    ];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn iterations(d: &Dims) -> u64 {
        u64::from(d.parts).div_ceil(64) + 6 + u64::from(d.controllers)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let log = u64::from(d.slots) * u64::from(LOG_WORDS);
        let state = 4 * (u64::from(d.behind) + u64::from(d.parts));
        vec![
            HYPER_WORDS.into(),
            state,
            log,
            u64::from(d.memory + MEMORY) + 1,
        ]
    }

    fn describe(d: &Dims) -> String {
        format!("{} parts", d.parts)
    }

    fn flops(d: &Dims) -> u64 {
        4 * u64::from(d.parts) + 16
    }

    /// Shares are those of squares where they are; the memory is at the beginning, or in the middle of its life: a distance
    /// that is not reached again, and one that has grown.
    fn sample(d: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(0),
            "control" => {
                let mut control: Vec<f32> = (0..len).map(|i| 0.7 + 0.1 * i as f32).collect();
                let first = d.memory as usize;
                let times = match d.parts {
                    1 => 9.0,
                    131 | 200 => 2.0,
                    _ => 1.0,
                };
                let memory = [times * d.first, 0.9 * d.first, 0.31, 0.0];
                control[first..first + memory.len()].copy_from_slice(&memory);
                control
            }
            _ => rng.floats(len).iter().map(|x| x.abs()).collect(),
        }
    }

    /// In f32, in the shader's order of operations, but for the sums of the shares.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let h = hyper(reads[0]);
        let [log, control] = writes else {
            unreachable!("rate_estimate writes two arguments")
        };
        if left_out(h, control) {
            return;
        }
        let shares = reads[1].chunks_exact(4).skip(d.behind as usize);
        let mut sum = [0f64; 2];
        for share in shares.take(d.parts as usize) {
            sum[0] += f64::from(share[0]);
            sum[1] += f64::from(share[1]);
        }
        let product = gradient_control::product(d.controllers, control);
        let at = (h.slot % d.slots * LOG_WORDS) as usize;
        let first = d.memory as usize;
        let memory = &mut control[first..first + MEMORY as usize];
        let sum = sum.map(|x| x as f32);
        let lr = h.groups[0].lr * product;
        let (factor, shown) = match d.method {
            0 => one(d.dog(sum, memory)),
            1 => one(d.dowg(sum, memory)),
            2 => one(d.sps(sum, log[at])),
            3 => one(d.hypergradient(sum, memory)),
            4 => (1.0, d.prodigy(sum, memory)),
            5 => (1.0, d.dadapt(sum, memory)),
            _ => {
                d.schedule_free(lr, h.groups[0].trust, memory);
                one(1.0)
            }
        };
        control[0] = product * factor;
        log[at + 4] = product * shown;
    }
}

/// What is applied is what is shown.
fn one(factor: f32) -> (f32, f32) {
    (factor, factor)
}

impl Dims {
    /// The farthest from the start so far, by the root of all squared norms.
    fn dog(&self, [squares, way]: [f32; 2], memory: &mut [f32]) -> f32 {
        memory[0] = memory[0].max(way.sqrt());
        memory[1] += squares;
        memory[0] / (memory[1] + self.eps).sqrt()
    }

    /// The same with squared distances, each norm weighed by the one of its time.
    fn dowg(&self, [squares, way]: [f32; 2], memory: &mut [f32]) -> f32 {
        memory[0] = memory[0].max(way);
        memory[1] += memory[0] * squares;
        memory[0] / (memory[1].sqrt() + self.eps)
    }

    /// The step that would end at the least loss, if the loss were linear.
    fn sps(&self, [squares, _]: [f32; 2], loss: f32) -> f32 {
        let divisor = self.coefficient * squares + self.eps;
        match divisor <= f64::EPSILON as f32 {
            true => 0.0,
            false => ((loss - self.first).max(0.0) / divisor).min(self.bound),
        }
    }

    /// Steeper where the gradient agrees with the direction before.
    fn hypergradient(&self, [_, agreement]: [f32; 2], memory: &mut [f32]) -> f32 {
        memory[0] += self.coefficient * agreement;
        memory[0]
    }

    fn prodigy(&self, [entering, size]: [f32; 2], memory: &mut [f32]) -> f32 {
        let d = memory[0];
        if size == 0.0 {
            memory[3] = -1.0;
            return d;
        }
        memory[3] = d;
        memory[2] = self.decay * memory[2] + d / self.first * d * entering;
        let estimate = self.coefficient * memory[2] / size;
        let grown = if d == self.first { d.max(estimate) } else { d };
        memory[1] = memory[1].max(estimate);
        memory[0] = memory[1].min(grown * self.bound);
        d
    }

    fn dadapt(&self, [entering, size]: [f32; 2], memory: &mut [f32]) -> f32 {
        let d = memory[0];
        if size == 0.0 {
            memory[3] = -1.0;
            return d;
        }
        memory[3] = d;
        memory[2] = self.decay * memory[2] + (1.0 - self.decay) * (d * entering);
        let estimate = memory[2] / ((1.0 - self.decay) * size);
        memory[0] = d.max(estimate.min(d * self.bound));
        d
    }

    /// `share` is (k + 1) to the power r.
    fn schedule_free(&self, rate: f32, share: f32, memory: &mut [f32]) {
        memory[0] = memory[0].max(rate);
        let weight = share * memory[0].powf(self.coefficient);
        memory[1] += weight;
        memory[2] = if memory[1] == 0.0 {
            0.0
        } else {
            weight / memory[1]
        };
    }
}

/// A case for tests, whose shares lie behind as many vectors.
const fn case(method: Estimate, parts: u32, controllers: u32) -> Dims {
    let controls = controllers * gradient_control::STATE;
    Dims {
        method: method as u32,
        parts,
        behind: 3,
        slots: 6,
        controllers,
        memory: CONTROL_WORDS - 1 + controls,
        first: 0.13,
        eps: 0.017,
        coefficient: if parts == 2 { 1.7 } else { 2.0 },
        decay: 0.9,
        bound: 1.5,
        spare: 0.0,
    }
}
