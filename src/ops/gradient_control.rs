//! Controllers that watch the gradient's norm, on the device, so that nobody waits: each takes in
//! the norm that the log holds and sets a factor, AdaGrad-Norm before the update (its sum includes
//! the update's own gradient), the norm's ratio after it, for the next one. Word 0 of `control` is
//! the product of all factors; the words after it are the controllers' memories, [`STATE`] words
//! each. The product is noted in the log where it still concerns the update under way.
//!
//! Where one workgroup adds up the gradient, [`GradStatsControl`](super::GradStatsControl) does the
//! same without a dispatch of their own.

use bytemuck::{Pod, Zeroable};

use super::{HYPER_WORDS, LOG_WORDS, hyper, sample_hyper};
use crate::{
    control::{Rule, gradient},
    kernel::{Kernel, Launch},
    rng::Rng,
    sources,
};

/// Words of one controller's memory: mean or sum, reference, how many norms were seen, factor.
pub const STATE: u32 = 4;

/// One controller of several.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Dims {
    /// 0 for the norm's share of its first values, 1 for AdaGrad-Norm.
    pub rule: u32,
    /// Its place among the controllers.
    pub index: u32,
    /// How many controllers there are.
    pub count: u32,
    /// Slots of the log.
    pub slots: u32,
    /// Ratio: updates whose mean norm is the reference.
    pub reference: u32,
    /// Ratio: the lowest factor.
    pub floor: f32,
    /// Ratio: the weight of the past in the running mean.
    pub smoothing: f32,
    /// AdaGrad-Norm: b₀.
    pub b0: f32,
}

impl Dims {
    /// The device's form of a rule, if it is one that watches the gradient's norm by itself.
    pub fn of(rule: &Rule, index: u32, count: u32, slots: u32) -> Option<Dims> {
        let none = Dims {
            index,
            count,
            slots,
            ..Dims::zeroed()
        };
        match rule {
            Rule::GradientRatio(r) => Some(Dims {
                rule: 0,
                reference: r.reference,
                floor: r.floor as f32,
                smoothing: r.smoothing as f32,
                ..none
            }),
            Rule::AdaGradNorm(gradient::AdaGradNorm { b0 }) => Some(Dims {
                rule: 1,
                b0: *b0 as f32,
                ..none
            }),
            _ => None,
        }
    }

    /// The factor before the first update.
    pub fn first_factor(&self) -> f32 {
        if self.rule == 0 { 1.0 } else { 1.0 / self.b0 }
    }

    /// Whether it acts on the update whose gradient it sees.
    pub fn before_update(&self) -> bool {
        self.rule == 1
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'static str {
        if self.rule == 0 {
            "gradient ratio"
        } else {
            "AdaGrad-Norm"
        }
    }

    /// Takes one more norm, given as its square, into its memory and sets its factor, in the
    /// shader's order of operations. A norm of a gradient with `bad` elements is passed over.
    pub(super) fn take_in(&self, squares: f32, bad: f32, control: &mut [f32]) {
        let s = (1 + self.index * STATE) as usize;
        if squares.is_finite() && bad == 0.0 {
            if self.rule == 0 {
                let norm = squares.sqrt();
                if control[s + 2] < self.reference as f32 {
                    control[s + 2] += 1.0;
                    control[s + 1] += (norm - control[s + 1]) / control[s + 2];
                    control[s] = control[s + 1];
                } else {
                    control[s] = self.smoothing * control[s] + (1.0 - self.smoothing) * norm;
                }
            } else {
                control[s] += squares;
            }
        }
        control[s + 3] = match self.rule {
            0 if control[s + 2] < self.reference as f32 || control[s + 1] == 0.0 => 1.0,
            0 => (control[s] / control[s + 1]).clamp(self.floor, 1.0),
            _ => 1.0 / (self.b0 * self.b0 + control[s]).sqrt(),
        };
    }
}

/// The product of the factors of `count` controllers.
pub(super) fn product(count: u32, control: &[f32]) -> f32 {
    let factors = (1..=count as usize).map(|i| control[i * STATE as usize]);
    factors.fold(1.0, |product, factor| product * factor)
}

/// See the module.
pub struct GradientControl;

impl Kernel for GradientControl {
    type Dims = Dims;
    sources!("gradient_control" + "hyper" + "controller", ["hyper"] -> ["log", "control"]);
    const CASES: &'static [Dims] = &[case(0, 0, 7), case(0, 1, 1), case(1, 0, 1), case(1, 2, 1)];

    fn launch(_: &Dims) -> Launch {
        Launch::Groups(1)
    }

    fn lens(d: &Dims) -> Vec<u64> {
        let log = d.slots as u64 * LOG_WORDS as u64;
        vec![HYPER_WORDS.into(), log, 1 + (d.count * STATE) as u64]
    }

    fn describe(d: &Dims) -> String {
        format!("controller {}: {}", d.index, d.name())
    }

    fn flops(_: &Dims) -> u64 {
        8
    }

    /// The memory is in the middle of its life: 3 norms seen.
    fn sample(_: &Dims, name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        match name {
            "hyper" => sample_hyper(0),
            "control" => {
                let memory = |i: usize| if i % 4 == 3 { 3.0 } else { 0.7 + i as f32 };
                (0..len).map(memory).collect()
            }
            _ => rng
                .floats(len)
                .iter()
                .map(|x| x.abs())
                .map(|x| if x > 0.5 { x } else { 0.0 })
                .collect(),
        }
    }

    /// In f32, in the shader's order of operations: a state is not a sum to be made exact.
    fn cpu(d: &Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]) {
        let at = (hyper(reads[0]).slot % d.slots * LOG_WORDS) as usize;
        let [log, control] = writes else {
            unreachable!("gradient_control writes two arguments")
        };
        d.take_in(log[at + 2], log[at + 3], control);
        control[0] = product(d.count, control);
        if d.before_update() {
            log[at + 4] = control[0];
        }
    }
}

/// A controller for tests, the last of `index + 1`.
pub(super) const fn case(rule: u32, index: u32, reference: u32) -> Dims {
    Dims {
        rule,
        index,
        count: index + 1,
        slots: 6,
        reference,
        floor: 0.1,
        smoothing: 0.83,
        b0: 0.7,
    }
}
