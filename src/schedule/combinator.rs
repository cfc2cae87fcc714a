//! Schedules made of schedules.
//!
//! Each wraps others and changes when they are asked or what they answer; none has memory, so that any of them
//! can be asked for any update. Counting of cycles is done in whole numbers.
#![doc = ""]
#![doc = include_str!("../../docs/schedules/combinators.svg")]

use super::Schedule;
use super::time::Time;

/// A part of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The update at which it takes over; its own time starts there.
    pub start: u64,
    /// What it does.
    pub schedule: Schedule,
}

/// `a then b then c`: each part in its own time. Starts are sorted, the first is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Then(pub(super) Vec<Piece>);

impl Then {
    /// The parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The part in charge and its local time.
    pub(super) fn locate(&self, t: Time) -> Option<(&Schedule, Time)> {
        let after = self.0.partition_point(|piece| piece.start <= t.whole);
        let piece = self.0.get(after.checked_sub(1)?)?;
        Some((&piece.schedule, t.since(piece.start)))
    }
}

/// `restart(inner, every, grow, decay, cycles)`: the inner schedule again and again.
///
/// Cycle k lasts `every · grow^k` updates, in which the inner schedule runs `grow^k` times as slowly, and is
/// multiplied by `decay^k`. With `grow` a whole number the cycles start at whole updates, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// What is repeated.
    pub inner: Box<Schedule>,
    /// Updates in the first cycle, at least 1.
    pub every: u64,
    /// How much longer each cycle is than the one before, at least 1.
    pub grow: f64,
    /// What the rate is multiplied by from one cycle to the next, from 0.
    pub decay: f64,
    /// How many cycles there are; afterwards the end of the last one is held. `None` for ever.
    pub cycles: Option<u64>,
}

impl Restart {
    /// The number of the cycle and the inner schedule's time.
    pub(super) fn locate(&self, t: Time) -> (u64, Time) {
        let (cycle, local) = self.unlimited(t);
        match self.cycles {
            Some(cycles) if cycle >= cycles => (cycles.saturating_sub(1), Time::from(self.every)),
            _ => (cycle, local),
        }
    }

    fn unlimited(&self, t: Time) -> (u64, Time) {
        let (every, grow) = (self.every.max(1), self.grow.max(1.0)); // what Rust code may have left out
        if grow == 1.0 {
            let whole = t.whole % every;
            (t.whole / every, Time { whole, ..t })
        } else if grow.fract() == 0.0 && grow < 1e18 {
            whole_growth(t, every, grow as u128)
        } else {
            fractional_growth(t.f64(), every as f64, grow)
        }
    }

    /// The share of its cycle that an update is at, and the cycle's number.
    pub(super) fn share(&self, step: u64) -> (u64, f64) {
        let (cycle, local) = self.locate(Time::from(step));
        (cycle, local.share(self.every))
    }

    /// Where the last cycle ends.
    pub(super) fn length(&self) -> Option<u64> {
        let cycles = self.cycles?;
        if self.grow == 1.0 {
            return self.every.checked_mul(cycles);
        }
        let total =
            self.every as f64 * ((cycles as f64 * self.grow.ln()).exp_m1() / (self.grow - 1.0));
        (total < 9e18).then(|| total.round() as u64)
    }

    /// Starts of the cycles after the first, up to `limit` of them.
    pub(super) fn starts(&self, limit: usize) -> Vec<u64> {
        let count = self.cycles.map_or(limit, |cycles| {
            usize::try_from(cycles).unwrap_or(limit).min(limit)
        });
        let mut starts = Vec::new();
        let (mut start, mut length) = (0.0, self.every as f64);
        for _ in 0..count {
            start += length;
            length *= self.grow;
            if start >= 9e18 {
                break;
            }
            starts.push(start.ceil() as u64);
        }
        starts
    }
}

/// The cycle and the inner time where each cycle is a whole number of times as long: at most 64 rounds, as lengths
/// at least double.
fn whole_growth(t: Time, every: u64, grow: u128) -> (u64, Time) {
    let (mut cycle, mut start, mut slower) = (0, 0_u128, 1_u128);
    loop {
        let length = u128::from(every) * slower;
        if u128::from(t.whole) < start + length {
            let whole = (u128::from(t.whole) - start) as u64;
            return (cycle, Time { whole, ..t }.slower(slower as f64));
        }
        (cycle, start, slower) = (cycle + 1, start + length, slower * grow);
    }
}

/// The cycle and the inner time from a logarithm, corrected against its rounding.
fn fractional_growth(t: f64, every: f64, grow: f64) -> (u64, Time) {
    // Where a cycle begins with an update, rounding must not give that update to the cycle before.
    let start = |k: f64| {
        let start = every * (k * grow.ln()).exp_m1() / (grow - 1.0);
        let whole = start.round();
        if (start - whole).abs() < 1e-12 * start {
            whole
        } else {
            start
        }
    };
    let mut k = ((t * (grow - 1.0) / every).ln_1p() / grow.ln())
        .floor()
        .max(0.0);
    if start(k + 1.0) <= t {
        k += 1.0;
    }
    if k > 0.0 && start(k) > t {
        k -= 1.0;
    }
    let local = (t - start(k)) / grow.powf(k);
    (k as u64, Time::from_f64(local.min(every)))
}

/// `mirror(inner, over)`: forwards, backwards, forwards, … each `over` updates.
pub(super) fn mirrored(t: Time, over: u64) -> Time {
    if over == 0 {
        return Time::from(0);
    }
    let period = over.saturating_mul(2);
    let within = Time {
        whole: t.whole % period,
        ..t
    };
    if within.whole < over {
        return within;
    }
    let back = period - within.whole; // updates left in the period, before the fraction is taken off
    if within.part > 0.0 {
        Time {
            whole: back - 1,
            part: 1.0 - within.part,
        }
    } else {
        Time::from(back)
    }
}

/// `warp(inner, power, over)`: share z of `over` becomes z^power.
pub(super) fn warped(t: Time, over: u64, power: f64) -> Time {
    if t.whole >= over {
        Time::from(over)
    } else {
        Time::from_f64(t.share(over).powf(power) * over as f64)
    }
}

/// A sum or product that overflowed to infinity, or had infinity times 0, is brought back to a number.
pub(super) fn bounded(value: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(f64::MIN, f64::MAX)
    }
}
