//! Resolved schedules in kiln's language, absolute and in updates; the text resolves to the same schedule.

use super::Schedule;
use super::combinator::{Restart, Then};
use super::curve::Curve;
use super::signature::{Kind, Value};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Text {
            schedule: self,
            unit: "",
        }
        .fmt(f)
    }
}

/// A schedule to be written as a rate (unit "") or, beside the rate of a product, as a factor (unit "x").
#[derive(Clone, Copy)]
struct Text<'a> {
    schedule: &'a Schedule,
    unit: &'static str,
}

impl<'a> Text<'a> {
    fn of(self, schedule: &'a Schedule) -> Text<'a> {
        Text { schedule, ..self }
    }

    fn rate(self, rate: f64) -> Rate {
        Rate(rate, self.unit)
    }

    /// With brackets where it is an operand of `*`.
    fn operand(self, f: &mut Formatter<'_>) -> fmt::Result {
        use Schedule::{Difference, Product, Scale, Sum, Then};
        match self.schedule {
            Then(_) | Sum(_) | Difference(_) | Product { .. } | Scale { .. } => {
                write!(f, "({self})")
            }
            _ => write!(f, "{self}"),
        }
    }

    /// With brackets where it is an operand of `+` or `-`.
    fn term(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.schedule {
            Schedule::Then(_) | Schedule::Sum(_) | Schedule::Difference(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }

    fn list(self, f: &mut Formatter<'_>, name: &str, parts: &'a [Schedule]) -> fmt::Result {
        write!(f, "{name}(")?;
        for (i, part) in parts.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { ", " } else { "" }, self.of(part))?;
        }
        f.write_char(')')
    }

    fn curve(self, f: &mut Formatter<'_>, curve: &Curve) -> fmt::Result {
        let mut separator = "(";
        let arrow = curve
            .row
            .position("from")
            .zip(curve.row.params.first().filter(|p| p.name == "to"));
        let from = arrow.map(|(from, _)| curve.values.number(from));
        if let Some(from) = from {
            write!(
                f,
                "{}({} -> {}",
                curve.name(),
                self.rate(from),
                self.rate(curve.values.number(0))
            )?;
            separator = ", ";
        } else {
            f.write_str(curve.name())?;
        }
        let mut in_order = true; // positional as long as nothing has been left out
        for (position, (param, value)) in curve.row.params.iter().zip(&curve.values.0).enumerate() {
            if from.is_some() && (param.name == "to" || param.name == "from") {
                continue;
            }
            let shown = curve.shown().any(|(shown, _)| shown.name == param.name);
            in_order &= shown && position < 2;
            if shown {
                f.write_str(separator)?;
                if !in_order {
                    write!(f, "{}=", param.name)?;
                }
                self.value(f, param.kind, value)?;
                separator = ", ";
            }
        }
        f.write_str(if separator == "(" { "" } else { ")" })
    }

    fn value(self, f: &mut Formatter<'_>, kind: Kind, value: &Value) -> fmt::Result {
        match (kind, value) {
            (Kind::Rate, Value::Number(rate)) => write!(f, "{}", self.rate(*rate)),
            (Kind::Flag, Value::Number(flag)) => {
                f.write_str(if *flag == 0.0 { "False" } else { "True" })
            }
            (Kind::Choice(names), Value::Number(index)) => {
                f.write_str(names.get(*index as usize).copied().unwrap_or_default())
            }
            (_, Value::Number(number)) => write!(f, "{}", Number(*number)),
            (_, Value::Updates(updates)) => write!(f, "{updates}"),
            (_, Value::Rates(rates)) => bracketed(f, rates.iter().map(|&rate| self.rate(rate))),
            (_, Value::Steps(steps)) => bracketed(f, steps),
        }
    }

    fn then(self, f: &mut Formatter<'_>, then: &'a Then) -> fmt::Result {
        let pieces = then.pieces();
        for (piece, next) in pieces.iter().zip(pieces.iter().skip(1)) {
            let over = next.start - piece.start;
            if piece.schedule.length() == Some(over) {
                write!(f, "{} then ", self.of(&piece.schedule))?;
            } else {
                write!(f, "until({}, {over}) then ", self.of(&piece.schedule))?;
            }
        }
        pieces
            .last()
            .map_or(Ok(()), |last| write!(f, "{}", self.of(&last.schedule)))
    }

    fn restart(self, f: &mut Formatter<'_>, restart: &'a Restart) -> fmt::Result {
        write!(
            f,
            "restart({}, every={}",
            self.of(&restart.inner),
            restart.every
        )?;
        if restart.grow != 1.0 {
            write!(f, ", grow={}", Number(restart.grow))?;
        }
        if restart.decay != 1.0 {
            write!(f, ", decay={}", Number(restart.decay))?;
        }
        restart
            .cycles
            .map_or(Ok(()), |cycles| write!(f, ", cycles={cycles}"))?;
        f.write_char(')')
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.schedule {
            Schedule::Curve(curve) => self.curve(f, curve),
            Schedule::Formula(formula) => {
                write!(f, "formula({}", formula.expr)?;
                formula
                    .epoch
                    .map_or(Ok(()), |updates| write!(f, ", epoch={}", Number(updates)))?;
                formula
                    .over
                    .map_or(Ok(()), |over| write!(f, ", over={over}"))?;
                f.write_char(')')
            }
            Schedule::Framework(spelling) => spelling.fmt(f),
            Schedule::Then(then) => self.then(f, then),
            Schedule::Sum(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    f.write_str(if i > 0 { " + " } else { "" })?;
                    self.of(part).term(f)?;
                }
                Ok(())
            }
            Schedule::Difference(parts) => {
                let [left, right] = parts.as_ref();
                self.of(left).term(f)?;
                f.write_str(" - ")?;
                self.of(right).term(f)
            }
            Schedule::Product { rate, factors } => {
                match rate.as_ref() {
                    // arithmetic beside a schedule would be read as a factor; with a base of its own it is a rate
                    formula @ Schedule::Formula(_) => write!(f, "base(1, {formula})")?,
                    rate => self.of(rate).operand(f)?,
                }
                for factor in factors {
                    f.write_str(" * ")?;
                    Text {
                        schedule: factor,
                        unit: "x",
                    }
                    .operand(f)?;
                }
                Ok(())
            }
            Schedule::Scale { by, inner } => match inner.as_ref() {
                Schedule::Product { .. } => write!(f, "{} * {}", Number(*by), self.of(inner)),
                inner => {
                    write!(f, "{} * ", Number(*by))?;
                    self.of(inner).operand(f)
                }
            },
            Schedule::Min(parts) => self.list(f, "min", parts),
            Schedule::Max(parts) => self.list(f, "max", parts),
            Schedule::Clamp { inner, min, max } => {
                write!(f, "clamp({}, min={}", self.of(inner), self.rate(*min))?;
                max.map_or(Ok(()), |max| write!(f, ", max={}", self.rate(max)))?;
                f.write_char(')')
            }
            Schedule::Delay { inner, by } => write!(f, "delay({}, {by})", self.of(inner)),
            Schedule::Stretch { inner, by } => {
                write!(f, "stretch({}, {})", self.of(inner), Number(*by))
            }
            Schedule::Warp { inner, power, over } => {
                write!(
                    f,
                    "warp({}, power={}, over={over})",
                    self.of(inner),
                    Number(*power)
                )
            }
            Schedule::Mirror { inner, over } => {
                write!(f, "mirror({}, over={over})", self.of(inner))
            }
            Schedule::Restart(restart) => self.restart(f, restart),
            Schedule::Until { inner, over } => write!(f, "until({}, {over})", self.of(inner)),
            Schedule::Override {
                inner,
                rate,
                from,
                until,
            } => {
                write!(
                    f,
                    "override({}, {}, from={from}",
                    self.of(inner),
                    self.rate(*rate)
                )?;
                if *until != u64::MAX {
                    write!(f, ", until={until}")?;
                }
                f.write_char(')')
            }
        }
    }
}

/// The shortest text of a number that reads back the same.
pub(super) struct Number(pub f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (plain, exponent) = (format!("{}", self.0), format!("{:e}", self.0));
        f.write_str(if exponent.len() + 1 < plain.len() {
            &exponent
        } else {
            &plain
        })
    }
}

/// A rate and its unit; 0 needs none.
struct Rate(f64, &'static str);

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            Number(self.0),
            if self.0 == 0.0 { "" } else { self.1 }
        )
    }
}

fn bracketed<T: Display>(f: &mut Formatter<'_>, items: impl IntoIterator<Item = T>) -> fmt::Result {
    f.write_char('[')?;
    for (i, item) in items.into_iter().enumerate() {
        write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
    }
    f.write_char(']')
}
