//! Expressions with parts replaced.

use super::{Arg, Expr, Node, Span};

/// The expression with every part replaced for which `change` has another; what is replaced is not looked into.
pub(crate) fn rewrite<E>(
    expr: &Expr,
    change: &mut dyn FnMut(&Expr) -> Result<Option<Expr>, E>,
) -> Result<Expr, E> {
    if let Some(changed) = change(expr)? {
        return Ok(changed);
    }
    let mut part = |expr: &Expr| rewrite(expr, change);
    let node = match &expr.node {
        Node::Call {
            callee,
            callee_span,
            args,
        } => Node::Call {
            callee: callee.clone(),
            callee_span: *callee_span,
            args: args
                .iter()
                .map(|arg| {
                    Ok(Arg {
                        value: part(&arg.value)?,
                        ..arg.clone()
                    })
                })
                .collect::<Result<_, E>>()?,
        },
        Node::List(items) => Node::List(items.iter().map(part).collect::<Result<_, E>>()?),
        Node::Tuple(items) => Node::Tuple(items.iter().map(part).collect::<Result<_, E>>()?),
        Node::Dict(entries) => Node::Dict(
            entries
                .iter()
                .map(|(key, value)| Ok((part(key)?, part(value)?)))
                .collect::<Result<_, E>>()?,
        ),
        Node::Lambda {
            params,
            defaults,
            body,
        } => Node::Lambda {
            params: params.clone(),
            defaults: defaults.iter().map(&mut part).collect::<Result<_, E>>()?,
            body: Box::new(part(body)?),
        },
        Node::Unary(op, a) => Node::Unary(*op, Box::new(part(a)?)),
        Node::Binary(op, a, b) => Node::Binary(*op, Box::new(part(a)?), Box::new(part(b)?)),
        Node::IfElse { then, cond, other } => Node::IfElse {
            then: Box::new(part(then)?),
            cond: Box::new(part(cond)?),
            other: Box::new(part(other)?),
        },
        Node::Index(a, b) => Node::Index(Box::new(part(a)?), Box::new(part(b)?)),
        Node::Arrow(a, b) => Node::Arrow(Box::new(part(a)?), Box::new(part(b)?)),
        Node::Then(a, b) => Node::Then(Box::new(part(a)?), Box::new(part(b)?)),
        leaf => leaf.clone(),
    };
    Ok(Expr {
        node,
        span: expr.span,
    })
}

/// The expression with names replaced.
pub(crate) fn renamed(expr: &Expr, by: &dyn Fn(&str) -> Option<Expr>) -> Expr {
    let mut change = |part: &Expr| {
        Ok::<_, std::convert::Infallible>(match &part.node {
            Node::Name(name) => by(name),
            _ => None,
        })
    };
    let Ok(renamed) = rewrite(expr, &mut change);
    renamed
}

/// A name as an expression.
pub(crate) fn name(name: &str) -> Expr {
    Expr {
        node: Node::Name(name.to_owned()),
        span: Span::default(),
    }
}
