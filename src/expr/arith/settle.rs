//! From which value of a variable on an expression repeats: what makes recursions over it seekable.

use super::{Arith, BinaryOp, Op, UnaryOp};

/// From `prefix` on, the expression repeats with period `period` (1: it is constant) along a variable that
/// takes the values 0, 1, 2, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The first value from which on it repeats; an upper bound.
    pub prefix: u64,
    /// The period, at least 1.
    pub period: u64,
}

/// Periods and prefixes beyond this are not reported: nothing could be tabulated over them.
const LARGEST: u64 = 1 << 40;

impl Settled {
    /// Constant from the start.
    pub const CONSTANT: Settled = Settled {
        prefix: 0,
        period: 1,
    };

    /// The common prefix and period of two; `None` where they grow too large.
    pub fn and(self, other: Settled) -> Option<Settled> {
        let shared = gcd(self.period, other.period);
        let period = (self.period / shared).checked_mul(other.period)?;
        let prefix = self.prefix.max(other.prefix);
        (period <= LARGEST && prefix <= LARGEST).then_some(Settled { prefix, period })
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

/// The expression lies within `slack` of `slope * t + offset`.
#[derive(Clone, Copy)]
struct Ramp {
    slope: f64,
    offset: f64,
    slack: f64,
}

impl Arith {
    /// How the expression repeats along a variable; `None` where that is not known (it depends on it for ever).
    pub fn settled(&self, variable: usize) -> Option<Settled> {
        self.root.settled(variable)
    }
}

impl Op {
    fn settled(&self, t: usize) -> Option<Settled> {
        if !self.uses(t) {
            return Some(Settled::CONSTANT);
        }
        match self {
            Op::Variable(_) => None,
            Op::Binary(BinaryOp::Mod, ab) => {
                let [a, b] = ab.as_ref();
                match (a.ramp(t), b.constant()) {
                    // t * slope + offset with whole numbers, taken modulo a whole number
                    (Some(r), Some(k))
                        if r.slack == 0.0
                            && r.slope == r.slope.trunc()
                            && k == k.trunc()
                            && (1.0..LARGEST as f64).contains(&k) =>
                    {
                        Some(Settled {
                            prefix: 0,
                            period: k as u64,
                        })
                    }
                    _ => self.by_children(t),
                }
            }
            Op::Binary(op, ab) if op.is_comparison() => {
                let [a, b] = ab.as_ref();
                let crossing = match (a.ramp(t), b.constant(), a.constant(), b.ramp(t)) {
                    (Some(ramp), Some(level), _, _) | (_, _, Some(level), Some(ramp)) => {
                        ramp.passes(level)
                    }
                    _ => None,
                };
                crossing.or_else(|| self.by_children(t))
            }
            Op::Call(function, args) if matches!(function.name(), "min" | "minimum") => {
                self.extreme(args, t, 1.0)
            }
            Op::Call(function, args) if matches!(function.name(), "max" | "maximum") => {
                self.extreme(args, t, -1.0)
            }
            Op::If(parts) => {
                let [condition, then, other] = parts.as_ref();
                let when = condition.settled(t)?;
                if when.period > 1 {
                    return self.by_children(t);
                }
                let mut at = vec![0.0; t];
                at.push(when.prefix as f64);
                let chosen = if condition.eval(&at).ok()? != 0.0 {
                    then
                } else {
                    other
                };
                when.and(chosen.settled(t)?)
            }
            _ => self.by_children(t),
        }
    }

    fn by_children(&self, t: usize) -> Option<Settled> {
        self.children()
            .into_iter()
            .try_fold(Settled::CONSTANT, |all, child| all.and(child.settled(t)?))
    }

    /// `min` (sign 1) of growing ramps and constants is the least constant in the end; `max` (sign −1) likewise.
    fn extreme(&self, args: &[Op], t: usize, sign: f64) -> Option<Settled> {
        let bound = args
            .iter()
            .filter_map(Op::constant)
            .reduce(|a, b| if (b - a) * sign < 0.0 { b } else { a });
        let by_ramps = bound.and_then(|bound| {
            args.iter().filter(|arg| arg.constant().is_none()).try_fold(
                Settled::CONSTANT,
                |all, arg| {
                    let ramp = arg.ramp(t).filter(|ramp| ramp.slope * sign > 0.0)?;
                    all.and(ramp.passes(bound)?)
                },
            )
        });
        by_ramps.or_else(|| self.by_children(t))
    }

    fn constant(&self) -> Option<f64> {
        match self {
            Op::Const(value) => Some(*value),
            Op::Variable(_) => None,
            _ if self.children().is_empty()
                || self.children().iter().any(|c| c.constant().is_none()) =>
            {
                None
            }
            _ => self.eval(&[]).ok(),
        }
    }

    fn ramp(&self, t: usize) -> Option<Ramp> {
        match self {
            Op::Variable(at) if *at == t => Some(Ramp {
                slope: 1.0,
                offset: 0.0,
                slack: 0.0,
            }),
            Op::Unary(UnaryOp::Neg, a) => a.ramp(t).map(|r| r.scaled(-1.0)),
            Op::Unary(UnaryOp::Plus, a) => a.ramp(t),
            Op::Call(function, args) if args.len() == 1 => {
                let ramp = args.first()?.ramp(t)?;
                let whole = ramp.slope == ramp.slope.trunc()
                    && ramp.offset == ramp.offset.trunc()
                    && ramp.slack == 0.0;
                match function.name() {
                    "float" => Some(ramp),
                    "int" | "floor" | "ceil" | "round" | "trunc" if whole => Some(ramp),
                    "int" | "floor" | "ceil" | "round" | "trunc" => Some(Ramp {
                        slack: ramp.slack + 1.0,
                        ..ramp
                    }),
                    _ => None,
                }
            }
            Op::Binary(op, ab) => {
                let [a, b] = ab.as_ref();
                match (op, a.ramp(t), b.constant(), a.constant(), b.ramp(t)) {
                    (BinaryOp::Add, Some(r), Some(c), _, _)
                    | (BinaryOp::Add, _, _, Some(c), Some(r)) => Some(r.raised(c)),
                    (BinaryOp::Sub, Some(r), Some(c), _, _) => Some(r.raised(-c)),
                    (BinaryOp::Sub, _, _, Some(c), Some(r)) => Some(r.scaled(-1.0).raised(c)),
                    (BinaryOp::Mul, Some(r), Some(c), _, _)
                    | (BinaryOp::Mul, _, _, Some(c), Some(r)) => Some(r.scaled(c)),
                    (BinaryOp::Div, Some(r), Some(c), _, _) if c != 0.0 => Some(r.scaled(1.0 / c)),
                    (BinaryOp::FloorDiv, Some(r), Some(c), _, _) if c != 0.0 => {
                        let r = r.scaled(1.0 / c);
                        Some(Ramp {
                            slack: r.slack + 1.0,
                            ..r
                        })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Ramp {
    fn scaled(self, by: f64) -> Ramp {
        Ramp {
            slope: self.slope * by,
            offset: self.offset * by,
            slack: self.slack * by.abs(),
        }
    }

    fn raised(self, by: f64) -> Ramp {
        Ramp {
            offset: self.offset + by,
            ..self
        }
    }

    /// From where on the ramp has left the level behind for good.
    fn passes(self, level: f64) -> Option<Settled> {
        let at = ((level - self.offset).abs() + self.slack) / self.slope.abs() + 2.0;
        (at < LARGEST as f64).then(|| Settled {
            prefix: at.ceil() as u64,
            period: 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::{Arith, parse};

    /// Protects the law that makes prefix tables exact: beyond `prefix` the values do repeat.
    #[test]
    fn values_repeat_as_claimed() {
        let cases = [
            ("lambda e: 0.95", true),
            ("lambda e: [0.9, 0.5, 1.1][min(int(e), 2)]", true),
            ("lambda e: 0.5 if e % 30 == 0 else 1.0", true),
            ("lambda e: 0.95 if e > 30 else 1", true),
            ("lambda e: 0.5 ** min(e // 7, 4)", true),
            ("lambda e: max(0.1, 1 - e / 25)", true),
            ("lambda e: (e + 3) % 4 + (e % 6)", true),
            ("lambda e: 1 if 40 - e > 3 else 2", true),
            ("lambda e: 1 / (1 + e)", false),
            ("lambda e: 0.5 ** (e // 30)", false),
            ("lambda e: e * 0 if e < 3 else e", false),
            ("lambda e: e % 2.5", false),
        ];
        for (text, settles) in cases {
            let arith = Arith::from_lambda(text, &parse(text).unwrap(), 1).unwrap();
            let settled = arith.settled(0);
            assert_eq!(settled.is_some(), settles, "{text}");
            if let Some(s) = settled {
                for t in s.prefix..s.prefix + 200 {
                    assert_eq!(
                        arith.eval(&[t as f64]),
                        arith.eval(&[(t + s.period) as f64]),
                        "{text} at {t}"
                    );
                }
            }
        }
    }
}
