//! Questions about expressions, and small rewritings of them.

use super::formula::VARIABLES;
use super::language::names;
use crate::expr::{Arg, BinaryOp, Expr, Node, Unit};

/// Whether an expression contains a schedule; `min` and `max` alone do not make one.
pub(super) fn mentions_schedule(expr: &Expr) -> bool {
    let schedule =
        |name: &str| !matches!(name, "min" | "max") && names().any(|known| known == name);
    any(expr, &|node| match node {
        Node::Name(name) => schedule(name) && !VARIABLES.contains(&name.as_str()), // `step` is a variable, `step(20)` a curve
        Node::Call { callee, .. } => schedule(callee),
        Node::Then(..) | Node::Arrow(..) => true,
        _ => false,
    })
}

/// Whether an expression has a multiple of the base rate in it.
pub(super) fn relative(expr: &Expr) -> bool {
    any(expr, &|node| {
        matches!(
            node,
            Node::Number {
                unit: Some(Unit::Times),
                ..
            }
        )
    })
}

pub(super) fn mentions(expr: &Expr, variable: &str) -> bool {
    any(
        expr,
        &|node| matches!(node, Node::Name(name) if name == variable),
    )
}

/// Whether any node of an expression fulfils a condition.
fn any(expr: &Expr, condition: &dyn Fn(&Node) -> bool) -> bool {
    let all = |parts: &[&Expr]| parts.iter().any(|part| any(part, condition));
    condition(&expr.node)
        || match &expr.node {
            Node::Call { args, .. } => args.iter().any(|arg| any(&arg.value, condition)),
            Node::List(items) | Node::Tuple(items) => items.iter().any(|item| any(item, condition)),
            Node::Dict(entries) => entries.iter().any(|(key, value)| all(&[key, value])),
            Node::Lambda { defaults, body, .. } => {
                defaults.iter().any(|value| any(value, condition)) || any(body, condition)
            }
            Node::Unary(_, a) => any(a, condition),
            Node::Binary(_, a, b) | Node::Index(a, b) | Node::Arrow(a, b) | Node::Then(a, b) => {
                all(&[a, b])
            }
            Node::IfElse { then, cond, other } => all(&[then, cond, other]),
            _ => false,
        }
}

/// A formula in which `0.5x` has become a plain number.
pub(super) fn without_units(expr: &Expr, base: f64) -> Expr {
    let boxed = |expr: &Expr| Box::new(without_units(expr, base));
    let node = match &expr.node {
        Node::Number {
            value,
            unit: Some(Unit::Times),
            ..
        } => Node::Number {
            value: value * base,
            integer: false,
            unit: None,
        },
        Node::Unary(op, a) => Node::Unary(*op, boxed(a)),
        Node::Binary(op, a, b) => Node::Binary(*op, boxed(a), boxed(b)),
        Node::Index(a, b) => Node::Index(boxed(a), boxed(b)),
        Node::IfElse { then, cond, other } => Node::IfElse {
            then: boxed(then),
            cond: boxed(cond),
            other: boxed(other),
        },
        Node::List(items) => {
            Node::List(items.iter().map(|item| without_units(item, base)).collect())
        }
        Node::Call {
            callee,
            callee_span,
            args,
        } => Node::Call {
            callee: callee.clone(),
            callee_span: *callee_span,
            args: args
                .iter()
                .map(|arg| Arg {
                    value: without_units(&arg.value, base),
                    ..arg.clone()
                })
                .collect(),
        },
        other => other.clone(),
    };
    Expr {
        node,
        span: expr.span,
    }
}

/// `1 / expr`.
pub(super) fn inverse(expr: &Expr) -> Expr {
    let one = Expr {
        node: Node::Number {
            value: 1.0,
            integer: true,
            unit: None,
        },
        span: expr.span,
    };
    Expr {
        node: Node::Binary(BinaryOp::Div, Box::new(one), Box::new(expr.clone())),
        span: expr.span,
    }
}
