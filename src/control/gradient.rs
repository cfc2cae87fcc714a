//! Factors from the norm of the gradient.
//!
//! Both are shown the Euclidean norm of the whole gradient after every update. A norm that is not finite belongs to
//! an update that is skipped, and is passed over.

use serde::{Deserialize, Serialize};

/// The norm's share of its first values: `clip(mean‖g‖ / reference, floor, 1)`.
///
/// The sane reading of "average gradient decay", `lr₀ · G_t / G₀`: the running mean is exponential, the reference is
/// the mean of the first norms, and the factor stays within bounds. The rate falls as the gradient does, which is
/// gentle near a minimum and wrong where gradients vanish early; `floor` limits the damage.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The lowest factor, in [0, 1].
    pub floor: f64,
    /// The weight of the past in the running mean, in [0, 1).
    pub smoothing: f64,
    /// Updates whose mean norm is the reference, at least 1; until then the factor is 1.
    pub reference: u32,
}

/// The memory of [`Ratio`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RatioState {
    #[serde(with = "super::number")]
    mean: f64,
    #[serde(with = "super::number")]
    reference: f64,
    seen: u32,
}

impl Ratio {
    pub(super) fn observe(&self, state: &mut RatioState, norm: f64) {
        if !norm.is_finite() {
            return;
        }
        if state.seen < self.reference {
            state.seen += 1;
            state.reference += (norm - state.reference) / f64::from(state.seen);
            state.mean = state.reference;
        } else {
            state.mean = self.smoothing * state.mean + (1.0 - self.smoothing) * norm;
        }
    }

    pub(super) fn factor(&self, state: &RatioState) -> f64 {
        if state.seen < self.reference || state.reference == 0.0 {
            return 1.0;
        }
        (state.mean / state.reference).clamp(self.floor, 1.0)
    }
}

/// AdaGrad-Norm: `1 / √(b₀² + Σ‖g‖²)` (arXiv 1806.01811). The sum includes the gradient of the update whose rate is
/// asked for: it is shown the norm first.
///
/// The sane reading of "network online learning", `lr_t = 1/√Σ(∇L)²`. The schedule it multiplies is the η of the
/// method.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaGradNorm {
    /// Greater than 0; the factor is 1/b₀ before the first gradient.
    pub b0: f64,
}

impl AdaGradNorm {
    pub(super) fn observe(squares: &mut f64, norm: f64) {
        if norm.is_finite() {
            *squares += norm * norm;
        }
    }

    pub(super) fn factor(&self, squares: f64) -> f64 {
        1.0 / (self.b0 * self.b0 + squares).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the bounds: never above 1, never below the floor, 1 while the reference is being measured, and no NaN.
    #[test]
    fn ratio_stays_within_bounds() {
        let rule = Ratio {
            floor: 0.1,
            smoothing: 0.0,
            reference: 2,
        };
        let mut state = RatioState::default();
        let mut factors = Vec::new();
        for norm in [1.0, 3.0, 1.0, 8.0, 0.0, f64::NAN, f64::INFINITY] {
            rule.observe(&mut state, norm);
            factors.push(rule.factor(&state));
        }
        assert_eq!(factors, [1.0, 1.0, 0.5, 1.0, 0.1, 0.1, 0.1]);
    }

    /// Protects AdaGrad-Norm's formula.
    #[test]
    fn adagrad_norm_sums_squares() {
        let (rule, mut squares) = (AdaGradNorm { b0: 2.0 }, 0.0);
        for norm in [4.0, f64::NAN, 4.0] {
            AdaGradNorm::observe(&mut squares, norm);
        }
        assert_eq!(rule.factor(squares), 1.0 / 6.0);
    }
}
