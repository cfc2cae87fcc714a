//! Expressions as text that parses back to the same expression, with no more brackets than needed.

use super::{Arg, BinaryOp, Expr, Node, UnaryOp};
use std::fmt::{self, Display, Formatter, Write};

/// How tightly an expression binds; what binds more loosely than its place demands gets brackets.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Binding {
    Then,
    Arrow,
    Ternary,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Power,
    Postfix,
}

impl BinaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "**",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }

    pub(super) fn binding(self) -> Binding {
        match self {
            BinaryOp::Or => Binding::Or,
            BinaryOp::And => Binding::And,
            BinaryOp::Add | BinaryOp::Sub => Binding::Sum,
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod => Binding::Product,
            BinaryOp::Pow => Binding::Power,
            _ => Binding::Comparison,
        }
    }
}

impl UnaryOp {
    pub(super) fn binding(self) -> Binding {
        match self {
            UnaryOp::Not => Binding::Not,
            UnaryOp::Neg | UnaryOp::Plus => Binding::Sign,
        }
    }
}

impl Node {
    fn binding(&self) -> Binding {
        match self {
            Node::Then(..) => Binding::Then,
            Node::Arrow(..) => Binding::Arrow,
            Node::IfElse { .. } | Node::Lambda { .. } => Binding::Ternary,
            Node::Binary(op, ..) => op.binding(),
            Node::Unary(op, _) => op.binding(),
            _ => Binding::Postfix,
        }
    }
}

/// The next tighter place: what the right side of a left-associative operator must bind at.
pub(super) fn tighter(binding: Binding) -> Binding {
    match binding {
        Binding::Then => Binding::Arrow,
        Binding::Arrow => Binding::Ternary,
        Binding::Ternary => Binding::Or,
        Binding::Or => Binding::And,
        Binding::And => Binding::Not,
        Binding::Not => Binding::Comparison,
        Binding::Comparison => Binding::Sum,
        Binding::Sum => Binding::Product,
        Binding::Product => Binding::Sign,
        Binding::Sign => Binding::Power,
        Binding::Power | Binding::Postfix => Binding::Postfix,
    }
}

impl Expr {
    fn at_least(&self, least: Binding) -> Placed<'_> {
        Placed { expr: self, least }
    }
}

/// An expression in a place that demands a binding.
struct Placed<'a> {
    expr: &'a Expr,
    least: Binding,
}

impl Display for Placed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.expr.node.binding() < self.least {
            write!(f, "({})", self.expr)
        } else {
            write!(f, "{}", self.expr)
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Number {
                value,
                integer,
                unit,
            } => {
                number(f, *value, *integer)?;
                unit.map_or(Ok(()), |unit| f.write_str(unit.suffix()))
            }
            Node::Str(text) => string(f, text),
            Node::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Node::None => f.write_str("None"),
            Node::Name(name) => f.write_str(name),
            Node::Call { callee, args, .. } => {
                f.write_str(callee)?;
                f.write_char('(')?;
                list(f, args)?;
                f.write_char(')')
            }
            Node::List(items) => {
                f.write_char('[')?;
                list(f, items)?;
                f.write_char(']')
            }
            Node::Tuple(items) => {
                f.write_char('(')?;
                list(f, items)?;
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
            Node::Dict(entries) => dict(f, entries),
            Node::Lambda {
                params,
                defaults,
                body,
            } => {
                f.write_str("lambda")?;
                let required = params.len().saturating_sub(defaults.len());
                for (at, param) in params.iter().enumerate() {
                    write!(f, "{}{param}", if at == 0 { " " } else { ", " })?;
                    if let Some(value) = at.checked_sub(required).and_then(|at| defaults.get(at)) {
                        write!(f, "={}", value.at_least(Binding::Ternary))?;
                    }
                }
                write!(f, ": {}", body.at_least(Binding::Ternary))
            }
            Node::IfElse { then, cond, other } => write!(
                f,
                "{} if {} else {}",
                then.at_least(Binding::Or),
                cond.at_least(Binding::Or),
                other.at_least(Binding::Ternary)
            ),
            Node::Index(value, index) => write!(f, "{}[{index}]", value.at_least(Binding::Postfix)),
            Node::Arrow(from, to) => {
                write!(
                    f,
                    "{} -> {}",
                    from.at_least(Binding::Ternary),
                    to.at_least(Binding::Ternary)
                )
            }
            Node::Then(first, rest) => {
                write!(
                    f,
                    "{} then {}",
                    first.at_least(Binding::Then),
                    rest.at_least(Binding::Arrow)
                )
            }
            Node::Unary(op, operand) => {
                let symbol = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Plus => "+",
                    UnaryOp::Not => "not ",
                };
                write!(f, "{symbol}{}", operand.at_least(op.binding()))
            }
            Node::Binary(op, left, right) => binary(f, *op, left, right),
        }
    }
}

fn binary(f: &mut Formatter<'_>, op: BinaryOp, left: &Expr, right: &Expr) -> fmt::Result {
    let (left_least, right_least) = match op.binding() {
        Binding::Power => (Binding::Postfix, Binding::Sign), // `2 ** -1` and `2 ** 3 ** 4` need no brackets
        Binding::Comparison => (Binding::Sum, Binding::Sum), // brackets, as a chain means something else
        level => (level, tighter(level)),
    };
    write!(
        f,
        "{} {} {}",
        left.at_least(left_least),
        op.symbol(),
        right.at_least(right_least)
    )
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}={}", self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn dict(f: &mut Formatter<'_>, entries: &[(Expr, Expr)]) -> fmt::Result {
    f.write_char('{')?;
    for (i, (key, value)) in entries.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        write!(f, "{comma}{}: {value}", key.at_least(Binding::Ternary))?;
    }
    f.write_char('}')
}

/// The shortest text that reads back as the same number.
fn number(f: &mut Formatter<'_>, value: f64, integer: bool) -> fmt::Result {
    match value {
        v if v.is_nan() => f.write_str("float('nan')"),
        v if v.is_infinite() => f.write_str("float('inf')"),
        // All digits: the shortest ones that come back to the same f64 would be another whole number beyond 2^53.
        v if integer && v < u128::MAX as f64 => write!(f, "{}", v as u128),
        v => {
            let (plain, exponent) = (format!("{v:?}"), format!("{v:e}"));
            f.write_str(if exponent.len() + 2 < plain.len() {
                &exponent
            } else {
                &plain
            }) // 1e6, but 0.001
        }
    }
}

fn string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\'' | '\\' => write!(f, "\\{c}")?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}
