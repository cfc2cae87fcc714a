//! Schedules in Rust: absolute rates, durations in updates.

use super::Schedule;
use super::combinator::{Piece, Restart, Then};
use super::curve::Curve;
use super::curves::{decay, open, steps};
use super::signature::Value;

const ENDLESS: Value = Value::Updates(u64::MAX);

/// # Curves
impl Schedule {
    /// One rate for ever.
    pub fn constant(rate: f64) -> Schedule {
        Curve::new(&open::CONSTANT, [Value::Number(rate), ENDLESS]).into()
    }

    /// From `rate / over` at update 0 to `rate` at update `over - 1`, and from then on.
    pub fn warmup(rate: f64, over: u64) -> Schedule {
        Curve::new(
            &decay::WARMUP,
            [
                Value::Updates(over),
                Value::Number(rate),
                Value::Number(0.0),
            ],
        )
        .into()
    }

    /// A straight line; `to` is reached at update `over`.
    pub fn linear(from: f64, to: f64, over: u64) -> Schedule {
        Curve::new(
            &decay::LINEAR,
            [Value::Number(to), Value::Updates(over), Value::Number(from)],
        )
        .into()
    }

    /// Half a cosine wave; `to` is reached at update `over`.
    pub fn cosine(from: f64, to: f64, over: u64) -> Schedule {
        Curve::new(
            &decay::COSINE,
            [Value::Number(to), Value::Updates(over), Value::Number(from)],
        )
        .into()
    }

    /// `to + (from - to) (1 - t / over)^power`.
    pub fn polynomial(from: f64, to: f64, over: u64, power: f64) -> Schedule {
        let values = [
            Value::Number(to),
            Value::Updates(over),
            Value::Number(from),
            Value::Number(power),
        ];
        Curve::new(&decay::POLYNOMIAL, values).into()
    }

    /// The cooldown `1 - √(t / over)`.
    pub fn one_minus_sqrt(from: f64, to: f64, over: u64) -> Schedule {
        Curve::new(
            &decay::ONE_MINUS_SQRT,
            [Value::Number(to), Value::Updates(over), Value::Number(from)],
        )
        .into()
    }

    /// `from · gamma^t`.
    pub fn exponential(from: f64, gamma: f64) -> Schedule {
        let values = [
            Value::Number(gamma),
            Value::Updates(1),
            Value::Number(0.0),
            Value::Number(from),
        ];
        Curve::new(&open::EXPONENTIAL, values).into()
    }

    /// `from · gamma^⌊t / every⌋`; an `every` of 0 counts as 1.
    pub fn step(from: f64, gamma: f64, every: u64) -> Schedule {
        Curve::new(
            &steps::STEP,
            [
                Value::Updates(every.max(1)),
                Value::Number(gamma),
                Value::Number(from),
            ],
        )
        .into()
    }

    /// One rate after another, each for `every` updates; an `every` of 0 counts as 1.
    pub fn table(rates: Vec<f64>, every: u64) -> Schedule {
        Curve::new(
            &steps::TABLE,
            [Value::Rates(rates), Value::Updates(every.max(1))],
        )
        .into()
    }
}

/// # Combinators
impl Schedule {
    /// `rest`, in its own time, from update `at` on. Associative: `(a then b) then c` is `a then (b then c)`.
    pub fn then(self, at: u64, rest: Schedule) -> Schedule {
        let mut pieces = match self {
            Schedule::Then(Then(pieces)) => pieces,
            schedule => vec![Piece { start: 0, schedule }],
        };
        pieces.retain(|piece| piece.start < at);
        if let Some(last) = pieces.pop() {
            pieces.push(Piece {
                schedule: last.schedule.unless_held_from(at - last.start),
                ..last
            });
        }
        match rest {
            Schedule::Then(Then(more)) => {
                let moved = |piece: Piece| Piece {
                    start: piece.start.saturating_add(at),
                    ..piece
                };
                pieces.extend(more.into_iter().map(moved));
            }
            schedule => pieces.push(Piece {
                start: at,
                schedule,
            }),
        }
        match pieces.pop() {
            Some(only) if pieces.is_empty() => only.schedule,
            last => {
                pieces.extend(last);
                Schedule::Then(Then(pieces))
            }
        }
    }

    /// Without an `until` that ends exactly where something else takes over: it says nothing then.
    fn unless_held_from(self, end: u64) -> Schedule {
        match self {
            Schedule::Until { inner, over } if over == end => *inner,
            schedule => schedule,
        }
    }

    /// The lower of the two, update by update.
    pub fn min(self, other: Schedule) -> Schedule {
        Schedule::Min(vec![self, other])
    }

    /// The higher of the two, update by update.
    pub fn max(self, other: Schedule) -> Schedule {
        Schedule::Max(vec![self, other])
    }

    /// Kept between two rates; the lower one wins where they cross.
    pub fn clamp(self, min: f64, max: f64) -> Schedule {
        Schedule::Clamp {
            inner: Box::new(self),
            min,
            max: Some(max),
        }
    }

    /// Multiplied by a number from 0.
    pub fn scale(self, by: f64) -> Schedule {
        let (by, inner) = match self {
            Schedule::Scale { by: already, inner } => (by * already, inner),
            inner => (by, Box::new(inner)),
        };
        if by == 1.0 {
            *inner
        } else {
            Schedule::Scale { by, inner }
        }
    }

    /// Its first rate for `by` updates, then it starts.
    pub fn delay(self, by: u64) -> Schedule {
        Schedule::Delay {
            inner: Box::new(self),
            by,
        }
    }

    /// Run `by` times as slowly; a factor that is not above 0 counts as 1.
    pub fn stretch(self, by: f64) -> Schedule {
        Schedule::Stretch {
            inner: Box::new(self),
            by: if by > 0.0 { by } else { 1.0 },
        }
    }

    /// Time bent: share z of `over` updates becomes z^power.
    pub fn warp(self, power: f64, over: u64) -> Schedule {
        Schedule::Warp {
            inner: Box::new(self),
            power,
            over,
        }
    }

    /// Forwards for `over` updates, then backwards, and so on.
    pub fn mirror(self, over: u64) -> Schedule {
        Schedule::Mirror {
            inner: Box::new(self),
            over,
        }
    }

    /// Again and again, every `every` updates; an `every` of 0 counts as 1.
    pub fn repeat(self, every: u64) -> Schedule {
        self.restart(every, 1.0, 1.0)
    }

    /// Again and again, each time `grow` times as long (at least 1) and `decay` times as high.
    pub fn restart(self, every: u64, grow: f64, decay: f64) -> Schedule {
        let restart = Restart {
            inner: Box::new(self),
            every: every.max(1),
            grow: grow.max(1.0),
            decay,
            cycles: None,
        };
        Schedule::Restart(restart)
    }

    /// Held from update `over` on.
    pub fn until(self, over: u64) -> Schedule {
        Schedule::Until {
            inner: Box::new(self),
            over,
        }
    }

    /// A rate set by hand for updates `from..until`; the schedule goes on underneath.
    pub fn override_with(self, rate: f64, from: u64, until: u64) -> Schedule {
        Schedule::Override {
            inner: Box::new(self),
            rate,
            from,
            until,
        }
    }
}

impl From<Curve> for Schedule {
    fn from(curve: Curve) -> Schedule {
        Schedule::Curve(curve)
    }
}

impl std::ops::Add for Schedule {
    type Output = Schedule;

    /// The sum; sums of sums are one sum.
    fn add(self, other: Schedule) -> Schedule {
        let mut parts = if let Schedule::Sum(parts) = self {
            parts
        } else {
            vec![self]
        };
        if let Schedule::Sum(more) = other {
            parts.extend(more)
        } else {
            parts.push(other)
        }
        Schedule::Sum(parts)
    }
}

impl std::ops::Mul for Schedule {
    type Output = Schedule;

    /// A rate times a factor: a schedule around 1. Products of products are one product, numbers stand in front.
    fn mul(self, factor: Schedule) -> Schedule {
        let (rate, mut factors) = match self {
            Schedule::Scale { by, inner } => return (*inner * factor).scale(by),
            Schedule::Product { rate, factors } => (rate, factors),
            rate => (Box::new(rate), Vec::new()),
        };
        match factor {
            Schedule::Scale { by, inner } => {
                return (Schedule::Product { rate, factors } * *inner).scale(by);
            }
            Schedule::Product {
                rate: first,
                factors: more,
            } => {
                factors.push(*first);
                factors.extend(more);
            }
            factor => factors.push(factor),
        }
        if factors.is_empty() {
            *rate
        } else {
            Schedule::Product { rate, factors }
        }
    }
}

impl std::ops::Mul<Schedule> for f64 {
    type Output = Schedule;

    fn mul(self, schedule: Schedule) -> Schedule {
        schedule.scale(self)
    }
}
