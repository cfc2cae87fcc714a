//! A rate as arithmetic over `step`, `epoch` and `progress`: `0.1 * 0.97 ** epoch`.

use super::curve::clean;
use super::time::Time;
use crate::expr::{Arith, Expr};

/// The variables of a formula, in the order in which it is evaluated with them.
pub const VARIABLES: [&str; 3] = ["step", "epoch", "progress"];

/// Arithmetic over the local time of a schedule.
///
/// `step` counts updates, `epoch` whole epochs (so that `epoch // 30` and `0.97 ** epoch` mean what they do in a
/// training script), `progress` goes from 0 to 1 over `over` updates and stays there.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The formula. Multiples of the base rate have been multiplied out, except in a factor, where `1x` is 1.
    pub(super) expr: Expr,
    pub(super) arith: Arith,
    /// Updates per epoch, where it uses `epoch`.
    pub(super) epoch: Option<f64>,
    /// Updates in which `progress` reaches 1, where it uses `progress`.
    pub(super) over: Option<u64>,
}

impl Formula {
    /// The rate; 0 where it is negative or has no value, which lint reports.
    pub(super) fn value(&self, t: Time) -> f64 {
        clean(self.raw(t).unwrap_or(0.0))
    }

    /// What the formula gives, as it is; `None` where Python would raise.
    pub(super) fn raw(&self, t: Time) -> Option<f64> {
        let epoch = self
            .epoch
            .map_or(0.0, |updates| (t.f64() / updates).floor());
        let progress = self.over.map_or(0.0, |over| t.share(over));
        self.arith.eval(&[t.f64(), epoch, progress]).ok()
    }

    /// The formula as text.
    pub fn text(&self) -> String {
        self.expr.to_string()
    }
}
