//! Random numbers as pure functions of a seed and a stream: nothing to save, nothing to replay.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// What the numbers are for. Two purposes never share numbers, whatever the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights; the stream is the parameter's index.
    Weights,
    /// The order of the samples; the stream is the epoch.
    Order,
    /// The keys of augmented pictures; the stream is the epoch.
    Augment,
    /// The keys of dropout; the stream is the batch, counted from the first epoch on.
    Dropout,
    /// The choice of test rows.
    Split,
    /// The choice of validation rows.
    Validation,
    /// The points and the noise of `line`.
    Line,
    /// The samples of a benchmark's workload.
    Workload,
    /// Inputs of tests.
    Test,
}

/// A generator: ChaCha with 8 rounds, the same numbers on every platform.
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The generator of (`seed`, `purpose`, `stream`) at its beginning. The key is the seed
    /// followed by the purpose, the nonce is the stream, so that any stream is reached without
    /// drawing those before it.
    pub fn new(seed: u64, purpose: Purpose, stream: u64) -> Rng {
        let tag = match purpose {
            Purpose::Weights => b"kiln init ",
            Purpose::Order => b"kiln order",
            Purpose::Augment => b"kiln augm ",
            Purpose::Dropout => b"kiln drop ",
            Purpose::Split => b"kiln split",
            Purpose::Validation => b"kiln valid",
            Purpose::Line => b"kiln line\0",
            Purpose::Workload => b"kiln bench",
            Purpose::Test => b"kiln test ",
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..18].copy_from_slice(tag);
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Rng(rng)
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform in `0..n`.
    pub fn below(&mut self, n: u32) -> u32 {
        self.0.random_range(0..n)
    }

    /// `len` numbers uniform in `[-1, 1)`.
    pub fn floats(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.uniform(-1.0, 1.0) as f32).collect()
    }

    /// A standard normal number (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (1.0 - self.0.random::<f64>(), self.0.random());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Shuffles in place, uniformly.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run resumed anywhere must see the numbers of the run that was not interrupted.
    #[test]
    fn streams_are_pure_and_distinct() {
        let draw = |s, p, t| Rng::new(s, p, t).floats(4);
        assert_eq!(draw(7, Purpose::Order, 3), draw(7, Purpose::Order, 3));
        assert_ne!(draw(7, Purpose::Order, 3), draw(7, Purpose::Order, 4));
        assert_ne!(draw(7, Purpose::Order, 3), draw(7, Purpose::Weights, 3));
        assert_ne!(draw(7, Purpose::Order, 3), draw(8, Purpose::Order, 3));
    }
}
