//! timm's seeded noise: a normal number from torch's generator, drawn anew for every step.
//!
//! timm seeds a fresh `torch.Generator` with `noise_seed + t` and takes the first `torch.randn(1)` whose size is
//! below `noise_pct`. The generator is MT19937; a number needs two 64-bit draws turned into a normal pair by
//! Box and Muller, computed in f32 and cast as torch does. Only the words that are drawn are generated.

/// Multiplies the rate by `1 + noise` within `start ≤ t < end`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Noise {
    pub start: f64,
    pub end: f64,
    /// Larger noise is drawn again.
    pub limit: f64,
    pub deviation: f64,
    pub seed: u64,
}

impl Noise {
    pub fn at(&self, step: u64) -> Option<f64> {
        /// Draws tried before giving up; the chance that all fail is below 1e-9 at a limit of 2% of the deviation.
        const TRIES: usize = 128;
        if !(self.start..self.end).contains(&(step as f64)) {
            return None;
        }
        let mut generator = Generator::new(self.seed.wrapping_add(step) as u32);
        let mut draws = (0..TRIES).map(|_| generator.normal() * self.deviation);
        draws.find(|noise| noise.abs() < self.limit)
    }
}

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// MT19937, seeding and twisting only the words that are drawn.
struct Generator {
    state: [u32; WORDS],
    /// Words of `state` that have been seeded.
    seeded: usize,
    next: usize,
    /// The second of a pair of normal numbers.
    spare: Option<f64>,
}

#[allow(
    clippy::indexing_slicing,
    reason = "every index is taken modulo the number of words"
)]
impl Generator {
    fn new(seed: u32) -> Generator {
        Generator {
            state: [seed; WORDS],
            seeded: 1,
            next: 0,
            spare: None,
        }
    }

    fn seed_up_to(&mut self, words: usize) {
        let mut word = self.state[self.seeded - 1];
        for i in self.seeded..words {
            word = (word ^ (word >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
            self.state[i] = word;
        }
        self.seeded = self.seeded.max(words);
    }

    fn word(&mut self) -> u32 {
        let i = self.next;
        self.seed_up_to((i + SHIFT + 1).min(WORDS));
        let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
        let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
        let mut y = self.state[(i + SHIFT) % WORDS] ^ (joined >> 1) ^ twist;
        self.state[i] = y;
        self.next = (i + 1) % WORDS;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Uniform in [0, 1) with 53 bits.
    fn uniform(&mut self) -> f64 {
        let (high, low) = (u64::from(self.word()), u64::from(self.word()));
        ((high << 32 | low) & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
    }

    /// `torch.randn(1).item()`.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare as f32 as f64;
        }
        let (angle, size) = (self.uniform(), self.uniform());
        let radius = (-2.0 * (-size).ln_1p()).sqrt();
        let angle = 2.0 * std::f64::consts::PI * angle;
        self.spare = Some(radius * angle.sin());
        (radius * angle.cos()) as f32 as f64
    }
}
